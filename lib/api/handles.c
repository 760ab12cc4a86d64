// SPDX-License-Identifier: MIT
//
// Chapter 20: handles as integers, and facts about the ABI. Callable at any time, by any thread.
// These conversions cannot fail: an integer that is no handle becomes one that the next function
// refuses.

#include "api/api.h"
#include "base/calls.h"
#include "message/request.h"
#include "object/info.h"
#include "object/object.h"
#include "op/op.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

// A handle type has two functions, which all look alike.
#define CONVERSIONS(name, type)                  \
    int PMPI_##name##_toint(type handle)         \
    {                                            \
        return mp_object_to_int((void *)handle); \
    }                                            \
    MP_WEAK(name##_toint);                       \
    type PMPI_##name##_fromint(int value)        \
    {                                            \
        return (type)mp_object_from_int(value);  \
    }                                            \
    MP_WEAK(name##_fromint)

CONVERSIONS(Comm, MPI_Comm);
CONVERSIONS(Errhandler, MPI_Errhandler);
CONVERSIONS(File, MPI_File);
CONVERSIONS(Group, MPI_Group);
CONVERSIONS(Info, MPI_Info);
CONVERSIONS(Message, MPI_Message);
CONVERSIONS(Op, MPI_Op);
CONVERSIONS(Session, MPI_Session);
CONVERSIONS(Type, MPI_Datatype);
CONVERSIONS(Win, MPI_Win);

// A request may be one without an object; an integer must lead back to one.
int PMPI_Request_toint(MPI_Request request)
{
    void *object = (void *)request;
    if (mp_is_sent(request)) {
        int err = mp_enter(MP_CALL_Request_toint);
        struct mp_request *kept = err ? NULL : mp_sent_keep(request);
        // Without memory for it: the send is over, as good as if it had been waited for.
        object = kept ? (void *)kept : (void *)MPI_REQUEST_NULL;
        mp_exit();
    }
    return mp_object_to_int(object);
}
MP_WEAK(Request_toint);

MPI_Request PMPI_Request_fromint(int value)
{
    return (MPI_Request)mp_object_from_int(value);
}
MP_WEAK(Request_fromint);

int PMPI_Abi_get_version(int *abi_major, int *abi_minor)
{
    int err = mp_check_pointer(abi_major, "abi_major");
    err = err ? err : mp_check_pointer(abi_minor, "abi_minor");
    if (!err) {
        *abi_major = MPI_ABI_VERSION;
        *abi_minor = MPI_ABI_SUBVERSION;
    }
    return mp_leave_any_time(MP_CALL_Abi_get_version, err);
}
MP_WEAK(Abi_get_version);

// Puts a size in bytes.
static int put_size(struct mp_info *info, const char *key, size_t size)
{
    char text[16];
    snprintf(text, sizeof text, "%zu", size);
    return mp_info_put(info, key, text);
}

int PMPI_Abi_get_info(MPI_Info *info)
{
    int err = mp_check_pointer(info, "info");
    if (!err) {
        struct mp_info *created = mp_info_new();
        if (!created)
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
        err = err ? err : put_size(created, "mpi_aint_size", sizeof(MPI_Aint));
        err = err ? err : put_size(created, "mpi_count_size", sizeof(MPI_Count));
        err = err ? err : put_size(created, "mpi_offset_size", sizeof(MPI_Offset));
        if (!err) {
            *info = mp_info_handle(created);
            mp_owned_made(MP_OWNED_INFO, *info, MP_CALL_Abi_get_info);
        } else {
            mp_info_free(created);
        }
    }
    return mp_leave_any_time(MP_CALL_Abi_get_info, err);
}
MP_WEAK(Abi_get_info);

// ---- What a Fortran binding tells about its compiler, once

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mp_info *fortran_info; // NULL: not told
static bool booleans_set;

// The sizes that the predefined types of Fortran have here; told others, we could not serve.
static const struct {
    const char *key, *value;
} fortran_sizes[] = {{"mpi_logical_size", "4"},
                     {"mpi_integer_size", "4"},
                     {"mpi_real_size", "4"},
                     {"mpi_double_precision_size", "8"}};

int PMPI_Abi_set_fortran_info(MPI_Info info)
{
    struct mp_info *given = info == MPI_INFO_NULL ? NULL : mp_info_get(info);
    int err = 0;
    if (!given)
        err = mp_fail(MPI_ERR_INFO, "info is %s",
                      info == MPI_INFO_NULL ? "MPI_INFO_NULL" : "no info, or one that was freed");
    for (size_t i = 0; !err && i < mp_array_length(fortran_sizes); i++) {
        const char *value = mp_info_find(given, fortran_sizes[i].key);
        if (value && strcmp(value, fortran_sizes[i].value) != 0)
            err = mp_fail(MPI_ERR_ABI, "%s is %s, must be %s", fortran_sizes[i].key, value,
                          fortran_sizes[i].value);
    }
    if (!err) {
        pthread_mutex_lock(&lock);
        if (fortran_info)
            err = mp_fail(MPI_ERR_ABI, "the Fortran info has been set before");
        else if (!(fortran_info = mp_info_copy(given)))
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
        pthread_mutex_unlock(&lock);
    }
    return mp_leave_any_time(MP_CALL_Abi_set_fortran_info, err);
}
MP_WEAK(Abi_set_fortran_info);

int PMPI_Abi_get_fortran_info(MPI_Info *info)
{
    int err = mp_check_pointer(info, "info");
    if (!err) {
        pthread_mutex_lock(&lock);
        struct mp_info *copy = fortran_info ? mp_info_copy(fortran_info) : NULL;
        if (fortran_info && !copy) {
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
        } else {
            *info = copy ? mp_info_handle(copy) : MPI_INFO_NULL;
            mp_owned_made(MP_OWNED_INFO, *info, MP_CALL_Abi_get_fortran_info);
        }
        pthread_mutex_unlock(&lock);
    }
    return mp_leave_any_time(MP_CALL_Abi_get_fortran_info, err);
}
MP_WEAK(Abi_get_fortran_info);

static int check_logical_size(int size)
{
    if (size == 1 || size == 2 || size == 4 || size == 8)
        return 0;
    return mp_fail(MPI_ERR_ARG, "logical_size is %d, must be 1, 2, 4 or 8", size);
}

// An integer of that many bytes, from and to the value of a LOGICAL.
static int64_t read_logical(const void *at, int size)
{
    int8_t one;
    int16_t two;
    int32_t four;
    int64_t eight;
    switch (size) {
    case 1:
        memcpy(&one, at, 1);
        return one;
    case 2:
        memcpy(&two, at, 2);
        return two;
    case 4:
        memcpy(&four, at, 4);
        return four;
    default:
        memcpy(&eight, at, 8);
        return eight;
    }
}

static void write_logical(void *at, int size, int64_t value)
{
    int8_t one = (int8_t)value;
    int16_t two = (int16_t)value;
    int32_t four = (int32_t)value;
    memcpy(at,
           size == 1   ? (void *)&one
           : size == 2 ? (void *)&two
           : size == 4 ? (void *)&four
                       : &value,
           (size_t)size);
}

int PMPI_Abi_set_fortran_booleans(int logical_size, void *logical_true, void *logical_false)
{
    int err = check_logical_size(logical_size);
    err = err ? err : mp_check_pointer(logical_true, "logical_true");
    err = err ? err : mp_check_pointer(logical_false, "logical_false");
    if (!err) {
        pthread_mutex_lock(&lock);
        if (booleans_set) {
            err = mp_fail(MPI_ERR_ABI, "the Fortran booleans have been set before");
        } else {
            mp_logical_true = read_logical(logical_true, logical_size);
            mp_logical_false = read_logical(logical_false, logical_size);
            booleans_set = true;
        }
        pthread_mutex_unlock(&lock);
    }
    return mp_leave_any_time(MP_CALL_Abi_set_fortran_booleans, err);
}
MP_WEAK(Abi_set_fortran_booleans);

int PMPI_Abi_get_fortran_booleans(int logical_size, void *logical_true, void *logical_false,
                                  int *is_set)
{
    int err = check_logical_size(logical_size);
    err = err ? err : mp_check_pointer(logical_true, "logical_true");
    err = err ? err : mp_check_pointer(logical_false, "logical_false");
    err = err ? err : mp_check_pointer(is_set, "is_set");
    if (!err) {
        pthread_mutex_lock(&lock);
        *is_set = booleans_set;
        if (booleans_set) {
            write_logical(logical_true, logical_size, mp_logical_true);
            write_logical(logical_false, logical_size, mp_logical_false);
        }
        pthread_mutex_unlock(&lock);
    }
    return mp_leave_any_time(MP_CALL_Abi_get_fortran_booleans, err);
}
MP_WEAK(Abi_get_fortran_booleans);
