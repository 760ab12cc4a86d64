// SPDX-License-Identifier: MIT
// Sessions: their hints, and process sets. See session.h.
#include "object/session.h"

#include "object/group.h"
#include "object/info.h"
#include "process/process.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// ---- Thread levels by name

static const struct {
    const char *name;
    int level;
} levels[] = {{"MPI_THREAD_SINGLE", MPI_THREAD_SINGLE},
              {"MPI_THREAD_FUNNELED", MPI_THREAD_FUNNELED},
              {"MPI_THREAD_SERIALIZED", MPI_THREAD_SERIALIZED},
              {"MPI_THREAD_MULTIPLE", MPI_THREAD_MULTIPLE}};

// What a session gets that does not say: a library cannot know what else calls MPI.
enum { DEFAULT_LEVEL = 3 };

// A misspelt level must not become another one: threads would meet what was not made for them.
static int level_of(const struct mp_info *hints, size_t *level)
{
    const char *asked = hints ? mp_info_find(hints, "thread_level") : NULL;
    for (size_t i = 0; asked && i < mp_array_length(levels); i++) {
        if (strcmp(asked, levels[i].name) == 0) {
            *level = i;
            return 0;
        }
    }
    *level = DEFAULT_LEVEL;
    return asked ? mp_fail(MPI_ERR_INFO_VALUE,
                           "the info's key \"thread_level\" is \"%s\", must be MPI_THREAD_SINGLE, "
                           "MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED or MPI_THREAD_MULTIPLE",
                           asked)
                 : 0;
}

// ---- Memory allocation kinds: KIND[:RESTRICTOR]...,KIND...

// The next word of a list with separators, trimmed; *at moves on. False: there is none.
static bool next_word(const char **at, const char *separators, const char **word, size_t *length)
{
    const char *from = *at + strspn(*at, " ");
    size_t bytes = strcspn(from, separators);
    if (*from == 0) {
        return false;
    }
    *at = from + bytes + (from[bytes] != 0);
    while (bytes > 0 && from[bytes - 1] == ' ') {
        bytes--;
    }
    *word = from;
    *length = bytes;
    return true;
}

static bool is_word(const char *word, size_t length, const char *known)
{
    return strlen(known) == length && memcmp(word, known, length) == 0;
}

// True if `kind` with its restrictors is memory that we can send from: any that the CPU can read.
static bool is_supported_kind(const char *kind, size_t length)
{
    static const char *const restrictors[] = {"alloc_mem", "win_allocate", "win_allocate_shared"};
    char text[MPI_MAX_INFO_VAL];
    const char *at = text;
    const char *word;
    size_t bytes;

    snprintf(text, sizeof text, "%.*s", (int)length, kind);
    if (!next_word(&at, ":", &word, &bytes)) {
        return false;
    }
    if (is_word(word, bytes, "system")) {
        return *at == 0;
    }
    if (!is_word(word, bytes, "mpi")) {
        return false;
    }
    while (next_word(&at, ":", &word, &bytes)) {
        bool known = false;
        for (size_t i = 0; i < mp_array_length(restrictors); i++) {
            known |= is_word(word, bytes, restrictors[i]);
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

static bool is_in_list(const char *kind, size_t length, const char *list)
{
    const char *word;
    size_t bytes;
    while (next_word(&list, ",", &word, &bytes)) {
        if (bytes == length && memcmp(word, kind, length) == 0) {
            return true;
        }
    }
    return false;
}

bool mp_memory_kinds_within(const char *kinds, const char *supported)
{
    const char *word;
    size_t length;
    while (next_word(&kinds, ",", &word, &length)) {
        // mpi:alloc_mem is a part of mpi.
        size_t kind = strcspn(word, ":,");
        if (!is_in_list(word, length, supported) &&
            !(is_supported_kind(word, length) && is_in_list(word, kind, supported))) {
            return false;
        }
    }
    return true;
}

// What is always there, and of what was asked for the rest that is supported.
static void provide_kinds(const char *asked, char *kinds, size_t room)
{
    const char *word;
    size_t length;
    size_t used = (size_t)snprintf(kinds, room, "%s", MP_MEMORY_KINDS);

    while (asked && next_word(&asked, ",", &word, &length)) {
        if (is_supported_kind(word, length) && !is_in_list(word, length, kinds) &&
            used + 1 + length < room) {
            used += (size_t)snprintf(kinds + used, room - used, ",%.*s", (int)length, word);
        }
    }
}

const char *mp_session_memory_kinds(const struct mp_session *session)
{
    const struct mp_info *hints = session ? session->hints : NULL;
    const char *kinds = hints ? mp_info_find(hints, "mpi_memory_alloc_kinds") : NULL;
    return kinds ? kinds : MP_MEMORY_KINDS;
}

// ---- Life

struct mp_session *mp_session_get(MPI_Session handle)
{
    if (!mp_object_is(handle, MP_KIND_SESSION)) {
        return NULL;
    }
    struct mp_session *session = (struct mp_session *)(void *)handle;
    return session->finalized ? NULL : session;
}

MPI_Session mp_session_handle(struct mp_session *session)
{
    return session ? (MPI_Session)(void *)session : MPI_SESSION_NULL;
}

void mp_session_hold(struct mp_session *session)
{
    if (session) {
        session->object.refs++;
    }
}

void mp_session_release(struct mp_session *session)
{
    if (session && --session->object.refs == 0) {
        mp_errhandler_release(session->errhandler);
        mp_info_free(session->hints);
        mp_object_delete(session);
    }
}

int mp_session_new(const struct mp_info *hints, struct mp_errhandler *errhandler,
                   struct mp_session **made)
{
    char kinds[MPI_MAX_INFO_VAL];
    size_t level;
    int error = level_of(hints, &level);
    if (error) {
        return error;
    }
    provide_kinds(hints ? mp_info_find(hints, "mpi_memory_alloc_kinds") : NULL, kinds,
                  sizeof kinds);
    struct mp_session *session = mp_object_new(MP_KIND_SESSION, sizeof *session);
    struct mp_info *info = session ? mp_info_new() : NULL;
    error = info ? 0 : mp_fail(MPI_ERR_NO_MEM, "no memory for a session");
    error = error ? error : mp_info_put(info, "thread_level", levels[level].name);
    error = error ? error : mp_info_put(info, "mpi_memory_alloc_kinds", kinds);
    if (error) {
        mp_info_free(info);
        if (session) {
            mp_object_delete(session);
        }
        return error;
    }
    session->thread_level = levels[level].level;
    session->errhandler = errhandler;
    mp_errhandler_hold(errhandler);
    session->hints = info;
    *made = session;
    return 0;
}

// ---- Process sets

static const char *const psets[] = {"mpi://WORLD", "mpi://SELF"};

int mp_pset_count(void)
{
    return (int)mp_array_length(psets);
}

const char *mp_pset_name(int number)
{
    return psets[number];
}

int mp_pset_find(const char *name)
{
    for (int i = 0; i < mp_pset_count(); i++) {
        if (strcasecmp(name, psets[i]) == 0) {
            return i;
        }
    }
    return -1;
}

int mp_pset_size(int number)
{
    return number == 0 ? mp_process.size : 1;
}

struct mp_group *mp_pset_group(int number)
{
    return number == 0 ? mp_group_new_range(mp_process.size, 0, 1)
                       : mp_group_new_range(1, mp_process.rank, 1);
}
