// SPDX-License-Identifier: MIT
//
// Chapter 12: the hints of windows (12.2.1 and 12.2.2). All are kept, and two are followed when the
// window is made: alloc_shared_noncontig and mpi_minimum_memory_alignment. The others allow
// shortcuts that nothing here needs. Values that make no sense are ignored, as the standard says.

#include "api/one_sided.h"

#include "base/calls.h"
#include "object/info.h"

#include <string.h>

enum kind { TRUTH, ORDERING, OPERATIONS, NUMBER };

static const struct {
    const char *key;
    enum kind kind;
    const char *value; // the default
    int flavors;       // that have it: bits, by the distance from MPI_WIN_FLAVOR_CREATE
} known[] = {
    {"no_locks", TRUTH, "false", ~0},
    {"accumulate_ordering", ORDERING, "rar,raw,war,waw", ~0},
    {"accumulate_ops", OPERATIONS, "same_op_no_op", ~0},
    {"mpi_accumulate_granularity", NUMBER, "0", ~0},
    {"same_size", TRUTH, "false", ~0},
    {"same_disp_unit", TRUTH, "false", ~0},
    {"alloc_shared_noncontig", TRUTH, "false",
     1 << (MPI_WIN_FLAVOR_SHARED - MPI_WIN_FLAVOR_CREATE)},
    {"mpi_minimum_memory_alignment", NUMBER, "4096",
     1 << (MPI_WIN_FLAVOR_ALLOCATE - MPI_WIN_FLAVOR_CREATE) |
         1 << (MPI_WIN_FLAVOR_SHARED - MPI_WIN_FLAVOR_CREATE)},
};

static bool is_ordering(const char *value)
{
    if (strcmp(value, "none") == 0) {
        return true;
    }
    while (strncmp(value, "rar", 3) == 0 || strncmp(value, "raw", 3) == 0 ||
           strncmp(value, "war", 3) == 0 || strncmp(value, "waw", 3) == 0) {
        if (value[3] == 0) {
            return true;
        }
        value += value[3] == ',' ? 4 : 3;
    }
    return false;
}

static bool is_good(enum kind kind, const char *value)
{
    switch (kind) {
    case TRUTH:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case ORDERING:
        return is_ordering(value);
    case OPERATIONS:
        return strcmp(value, "same_op") == 0 || strcmp(value, "same_op_no_op") == 0;
    default:
        return value[0] != 0 && value[strspn(value, "0123456789")] == 0;
    }
}

int mp_window_hints_take(const struct mp_info *info, struct mp_info **hints)
{
    int err = 0;
    for (size_t i = 0; info && i < mp_array_length(known) && !err; i++) {
        const char *value = mp_info_find(info, known[i].key);
        if (value && is_good(known[i].kind, value)) {
            *hints = *hints ? *hints : mp_info_new();
            err = *hints ? mp_info_put(*hints, known[i].key, value) : MPI_ERR_NO_MEM;
        }
    }
    return err;
}

int PMPI_Win_set_info(MPI_Win win, MPI_Info info)
{
    struct mp_window *w = NULL;
    struct mp_info *given = NULL;
    int err = mp_enter_window(MP_CALL_Win_set_info, win, &w);
    err = err ? err : mp_check_info(info, &given);
    err = err ? err : mp_window_hints_take(given, &w->info);
    return mp_leave_window(MP_CALL_Win_set_info, w, err);
}
MP_WEAK(Win_set_info);

static int list_hints(const struct mp_window *window, struct mp_info **out)
{
    int err = 0;
    *out = mp_info_new();
    for (size_t i = 0; *out && i < mp_array_length(known) && !err; i++) {
        if (known[i].flavors >> (window->flavor - MPI_WIN_FLAVOR_CREATE) & 1) {
            const char *value = window->info ? mp_info_find(window->info, known[i].key) : NULL;
            err = mp_info_put(*out, known[i].key, value ? value : known[i].value);
        }
    }
    if (*out && !err) {
        err = mp_info_put(*out, "mpi_memory_alloc_kinds",
                          mp_session_memory_kinds(window->comm->session));
    }
    if (err) {
        mp_info_free(*out);
    }
    return *out ? err : mp_fail(MPI_ERR_NO_MEM, "no memory for an info");
}

int PMPI_Win_get_info(MPI_Win win, MPI_Info *info_used)
{
    struct mp_window *w = NULL;
    struct mp_info *info = NULL;
    int err = mp_enter_window(MP_CALL_Win_get_info, win, &w);
    err = err ? err : mp_check_pointer(info_used, "info_used");
    err = err ? err : list_hints(w, &info);
    if (!err) {
        *info_used = mp_info_handle(info);
        mp_owned_made(MP_OWNED_INFO, *info_used, MP_CALL_Win_get_info);
    }
    return mp_leave_window(MP_CALL_Win_get_info, w, err);
}
MP_WEAK(Win_get_info);
