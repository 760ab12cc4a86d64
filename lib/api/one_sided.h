// SPDX-License-Identifier: MIT
// What the files of chapter 12 share: the way in and out of a call on a window.
#ifndef MP_API_ONE_SIDED_H
#define MP_API_ONE_SIDED_H

#include "api/api.h"
#include "window/window.h"

int mp_check_window(MPI_Win win, struct mp_window **out);

static inline int mp_enter_window(int call, MPI_Win win, struct mp_window **out)
{
    int err = mp_enter(call);
    return err ? err : mp_check_window(win, out);
}

// Errors are raised on the window; NULL: on MPI_COMM_SELF.
int mp_leave_window_with_error(int call, struct mp_window *window, int err);
static inline int mp_leave_window(int call, struct mp_window *window, int err)
{
    mp_exit();
    return likely(err == 0) ? MPI_SUCCESS : mp_leave_window_with_error(call, window, err);
}

// A rank of the window's group; or MPI_PROC_NULL.
int mp_check_target(const struct mp_window *window, int rank, const char *name);

// The hints for a window that are known, out of `info` (may be NULL), into *hints, which is made
// when there is one (12.2). What they are is said by MPI_Win_get_info.
int mp_window_hints_take(const struct mp_info *info, struct mp_info **hints);

#endif
