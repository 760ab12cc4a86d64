// SPDX-License-Identifier: MIT
//
// Error classes and codes in words (MPI 5.0, 9.4 and 9.5): the standard's, and those that the
// program adds. A user's classes and codes share one run of numbers above MPI_ERR_LASTCODE.

#include "object/errhandler.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct class_text {
    const char *name;
    const char *text;
};

#define TEXT(class, text) [class] = {#class, text}
static const struct class_text standard[] = {
    TEXT(MPI_SUCCESS, "no error"),
    TEXT(MPI_ERR_BUFFER, "invalid buffer pointer"),
    TEXT(MPI_ERR_COUNT, "invalid count argument"),
    TEXT(MPI_ERR_TYPE, "invalid datatype argument"),
    TEXT(MPI_ERR_TAG, "invalid tag argument"),
    TEXT(MPI_ERR_COMM, "invalid communicator"),
    TEXT(MPI_ERR_RANK, "invalid rank"),
    TEXT(MPI_ERR_REQUEST, "invalid request handle"),
    TEXT(MPI_ERR_ROOT, "invalid root"),
    TEXT(MPI_ERR_GROUP, "invalid group"),
    TEXT(MPI_ERR_OP, "invalid operation"),
    TEXT(MPI_ERR_TOPOLOGY, "invalid topology"),
    TEXT(MPI_ERR_DIMS, "invalid dimension argument"),
    TEXT(MPI_ERR_ARG, "invalid argument"),
    TEXT(MPI_ERR_UNKNOWN, "unknown error"),
    TEXT(MPI_ERR_TRUNCATE, "message truncated on receive"),
    TEXT(MPI_ERR_OTHER, "known error not in this list"),
    TEXT(MPI_ERR_INTERN, "internal error of the MPI library"),
    TEXT(MPI_ERR_PENDING, "pending request"),
    TEXT(MPI_ERR_IN_STATUS, "error code is in status"),
    TEXT(MPI_ERR_ACCESS, "permission denied"),
    TEXT(MPI_ERR_AMODE, "invalid access mode of a file"),
    TEXT(MPI_ERR_ASSERT, "invalid assertion argument"),
    TEXT(MPI_ERR_BAD_FILE, "invalid file name"),
    TEXT(MPI_ERR_BASE, "invalid base address"),
    TEXT(MPI_ERR_CONVERSION, "error in a data conversion"),
    TEXT(MPI_ERR_DISP, "invalid displacement argument"),
    TEXT(MPI_ERR_DUP_DATAREP, "data representation is already defined"),
    TEXT(MPI_ERR_FILE_EXISTS, "file exists"),
    TEXT(MPI_ERR_FILE_IN_USE, "file is in use"),
    TEXT(MPI_ERR_FILE, "invalid file handle"),
    TEXT(MPI_ERR_INFO_KEY, "info key is too long or empty"),
    TEXT(MPI_ERR_INFO_NOKEY, "info key is not defined"),
    TEXT(MPI_ERR_INFO_VALUE, "info value is too long"),
    TEXT(MPI_ERR_INFO, "invalid info argument"),
    TEXT(MPI_ERR_IO, "input or output error"),
    TEXT(MPI_ERR_KEYVAL, "invalid attribute key"),
    TEXT(MPI_ERR_LOCKTYPE, "invalid lock type"),
    TEXT(MPI_ERR_NAME, "service name is not published"),
    TEXT(MPI_ERR_NO_MEM, "out of memory"),
    TEXT(MPI_ERR_NOT_SAME, "collective argument differs between processes"),
    TEXT(MPI_ERR_NO_SPACE, "not enough space on the file system"),
    TEXT(MPI_ERR_NO_SUCH_FILE, "no such file"),
    TEXT(MPI_ERR_PORT, "invalid port name"),
    TEXT(MPI_ERR_QUOTA, "file quota exceeded"),
    TEXT(MPI_ERR_READ_ONLY, "file or file system is read-only"),
    TEXT(MPI_ERR_RMA_ATTACH, "memory cannot be attached to the window"),
    TEXT(MPI_ERR_RMA_CONFLICT, "conflicting accesses to a window"),
    TEXT(MPI_ERR_RMA_RANGE, "target memory is not part of the window"),
    TEXT(MPI_ERR_RMA_SHARED, "memory cannot be shared"),
    TEXT(MPI_ERR_RMA_SYNC, "wrong synchronization of one-sided communication"),
    TEXT(MPI_ERR_SERVICE, "invalid service name"),
    TEXT(MPI_ERR_SIZE, "invalid size argument"),
    TEXT(MPI_ERR_SPAWN, "processes could not be spawned"),
    TEXT(MPI_ERR_UNSUPPORTED_DATAREP, "data representation is not supported"),
    TEXT(MPI_ERR_UNSUPPORTED_OPERATION, "operation is not supported"),
    TEXT(MPI_ERR_WIN, "invalid window"),
    TEXT(MPI_ERR_RMA_FLAVOR, "wrong flavor of window"),
    TEXT(MPI_ERR_PROC_ABORTED, "a peer process has aborted"),
    TEXT(MPI_ERR_VALUE_TOO_LARGE, "value is too large for its argument"),
    TEXT(MPI_ERR_SESSION, "invalid session"),
    TEXT(MPI_ERR_ERRHANDLER, "invalid error handler"),
    TEXT(MPI_ERR_ABI, "error of the application binary interface"),
};
#undef TEXT

#define TOOL_FIRST        MPI_T_ERR_CANNOT_INIT
#define TEXT(class, text) [class - TOOL_FIRST] = {#class, text}
static const struct class_text tool[] = {
    TEXT(MPI_T_ERR_CANNOT_INIT, "tool interface cannot be initialized now"),
    TEXT(MPI_T_ERR_NOT_ACCESSIBLE, "requested functionality is not accessible"),
    TEXT(MPI_T_ERR_NOT_INITIALIZED, "tool interface is not initialized"),
    TEXT(MPI_T_ERR_NOT_SUPPORTED, "requested functionality is not supported"),
    TEXT(MPI_T_ERR_MEMORY, "out of memory in the tool interface"),
    TEXT(MPI_T_ERR_INVALID, "invalid argument of the tool interface"),
    TEXT(MPI_T_ERR_INVALID_INDEX, "index of the tool interface is invalid"),
    TEXT(MPI_T_ERR_INVALID_ITEM, "item index of an enumeration is out of range"),
    TEXT(MPI_T_ERR_INVALID_SESSION, "invalid session of the tool interface"),
    TEXT(MPI_T_ERR_INVALID_HANDLE, "invalid handle of the tool interface"),
    TEXT(MPI_T_ERR_INVALID_NAME, "variable or category name is not defined"),
    TEXT(MPI_T_ERR_OUT_OF_HANDLES, "no more handles of the tool interface"),
    TEXT(MPI_T_ERR_OUT_OF_SESSIONS, "no more sessions of the tool interface"),
    TEXT(MPI_T_ERR_CVAR_SET_NOT_NOW, "control variable cannot be set now"),
    TEXT(MPI_T_ERR_CVAR_SET_NEVER, "control variable cannot be set any more"),
    TEXT(MPI_T_ERR_PVAR_NO_WRITE, "performance variable cannot be written or reset"),
    TEXT(MPI_T_ERR_PVAR_NO_STARTSTOP, "performance variable cannot be started or stopped"),
    TEXT(MPI_T_ERR_PVAR_NO_ATOMIC, "performance variable cannot be read and reset at once"),
};
#undef TEXT

// What the program has added: number MPI_ERR_LASTCODE + 1 + index.
enum entry_kind { ENTRY_REMOVED, ENTRY_CLASS, ENTRY_CODE };
struct entry {
    enum entry_kind kind;
    int class;    // of a code; a class is its own
    char *string; // owned; NULL: none
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;
static int entry_count, entry_capacity;
int mp_error_last_used = MPI_ERR_LASTCODE;

#define FIRST_ENTRY (MPI_ERR_LASTCODE + 1)

static const struct class_text *standard_find(int code)
{
    if (code >= 0 && code < (int)mp_array_length(standard))
        return &standard[code];
    if (code >= TOOL_FIRST && code - TOOL_FIRST < (int)mp_array_length(tool))
        return &tool[code - TOOL_FIRST];
    return NULL;
}

// With the lock held.
static struct entry *entry_find(int code)
{
    if (code < FIRST_ENTRY || code - FIRST_ENTRY >= entry_count)
        return NULL;
    struct entry *entry = &entries[code - FIRST_ENTRY];
    return entry->kind == ENTRY_REMOVED ? NULL : entry;
}

const char *mp_error_name(int error_class)
{
    const struct class_text *found = standard_find(error_class);
    return found ? found->name : NULL;
}

const char *mp_error_string(int code)
{
    const struct class_text *found = standard_find(code);
    if (found)
        return found->text;
    pthread_mutex_lock(&lock);
    const struct entry *entry = entry_find(code);
    const char *string = !entry ? NULL : entry->string ? entry->string : "";
    pthread_mutex_unlock(&lock);
    return string;
}

int mp_error_class(int code)
{
    if (standard_find(code))
        return code;
    pthread_mutex_lock(&lock);
    const struct entry *entry = entry_find(code);
    int class = entry ? entry->class : MPI_ERR_UNKNOWN;
    pthread_mutex_unlock(&lock);
    return class;
}

// A new entry; `class` 0 makes a class. With the lock held.
static int entry_add(int class, int *code)
{
    if (entry_count == entry_capacity) {
        int capacity = entry_capacity ? 2 * entry_capacity : 16;
        struct entry *grown = realloc(entries, (size_t)capacity * sizeof *grown);
        if (!grown)
            return mp_fail(MPI_ERR_NO_MEM, "no memory for another error code");
        entries = grown;
        entry_capacity = capacity;
    }
    *code = FIRST_ENTRY + entry_count;
    entries[entry_count++] =
        (struct entry){class ? ENTRY_CODE : ENTRY_CLASS, class ? class : *code, NULL};
    mp_error_last_used = *code;
    return 0;
}

int mp_error_add_class(int *error_class)
{
    pthread_mutex_lock(&lock);
    int err = entry_add(0, error_class);
    pthread_mutex_unlock(&lock);
    return err;
}

int mp_error_add_code(int error_class, int *code)
{
    pthread_mutex_lock(&lock);
    const struct entry *entry = entry_find(error_class);
    int err;
    if (error_class == MPI_SUCCESS ||
        (!standard_find(error_class) && !(entry && entry->kind == ENTRY_CLASS)))
        err = mp_fail(MPI_ERR_ARG, "errorclass is %d, which is no error class", error_class);
    else
        err = entry_add(error_class, code);
    pthread_mutex_unlock(&lock);
    return err;
}

// The entry of a class or code that the program has made, for a change of it; NULL: failed. With
// the lock held.
static struct entry *entry_check(int code, const char *argument)
{
    struct entry *entry = entry_find(code);
    if (!entry)
        mp_fail(MPI_ERR_ARG,
                standard_find(code) ? "%s is %d, a class of the standard, which cannot be changed"
                                    : "%s is %d, which the program has not added",
                argument, code);
    return entry;
}

int mp_error_add_string(int code, const char *string)
{
    char *copy = strndup(string, MPI_MAX_ERROR_STRING - 1);
    if (!copy)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for an error string");
    pthread_mutex_lock(&lock);
    struct entry *entry = entry_check(code, "errorcode");
    if (entry) {
        free(entry->string);
        entry->string = copy;
    } else {
        free(copy);
    }
    pthread_mutex_unlock(&lock);
    return entry ? 0 : MPI_ERR_ARG;
}

int mp_error_remove_string(int code)
{
    int err = MPI_ERR_ARG;
    pthread_mutex_lock(&lock);
    struct entry *entry = entry_check(code, "errorcode");
    if (entry && !entry->string) {
        err = mp_fail(MPI_ERR_ARG, "errorcode is %d, which has no string", code);
    } else if (entry) {
        free(entry->string);
        entry->string = NULL;
        err = 0;
    }
    pthread_mutex_unlock(&lock);
    return err;
}

// Removes a class or code. The string must go first, and before a class all of its codes. Numbers
// at the end can be used again, since MPI_LASTUSEDCODE goes down with them.
static int entry_remove(int code, enum entry_kind kind, const char *argument)
{
    pthread_mutex_lock(&lock);
    int err = MPI_ERR_ARG;
    struct entry *entry = entry_check(code, argument);
    int used = 0;
    for (int i = 0; i < entry_count; i++)
        used += entries[i].kind == ENTRY_CODE && entries[i].class == code;
    if (!entry) {
        // said by entry_check
    } else if (entry->kind != kind) {
        err = mp_fail(MPI_ERR_ARG, "%s is %d, which is an error %s", argument, code,
                      kind == ENTRY_CLASS ? "code, not a class" : "class, not a code");
    } else if (entry->string) {
        err = mp_fail(MPI_ERR_ARG, "%s is %d, whose string must be removed first", argument, code);
    } else if (used) {
        err = mp_fail(MPI_ERR_ARG, "%s is %d, whose %d error codes must be removed first", argument,
                      code, used);
    } else {
        entry->kind = ENTRY_REMOVED;
        while (entry_count && entries[entry_count - 1].kind == ENTRY_REMOVED)
            entry_count--;
        mp_error_last_used = FIRST_ENTRY + entry_count - 1;
        err = 0;
    }
    pthread_mutex_unlock(&lock);
    return err;
}

int mp_error_remove_class(int error_class)
{
    return entry_remove(error_class, ENTRY_CLASS, "errorclass");
}

int mp_error_remove_code(int code)
{
    return entry_remove(code, ENTRY_CODE, "errorcode");
}
