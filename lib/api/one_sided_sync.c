// SPDX-License-Identifier: MIT
//
// Chapter 12: synchronization of windows (12.5).

#include "api/one_sided.h"

#include "base/calls.h"

enum {
    ASSERTIONS = MPI_MODE_NOCHECK | MPI_MODE_NOPRECEDE | MPI_MODE_NOPUT | MPI_MODE_NOSTORE |
                 MPI_MODE_NOSUCCEED
};

static int check_assertion(int assertion)
{
    return likely((assertion & ~ASSERTIONS) == 0)
               ? 0
               : mp_fail(MPI_ERR_ASSERT, "assert is %d, must be 0 or a sum of MPI_MODE_* constants",
                         assertion);
}

// All members of the group are in the window.
static int check_members(const struct mp_window *window, MPI_Group group, struct mp_group **out)
{
    int err = mp_check_group(group, "group", out);
    for (int i = 0; !err && i < (*out)->size; i++) {
        if (mp_group_find(window->comm->group, mp_group_world(*out, i)) == MPI_UNDEFINED) {
            err = mp_fail(MPI_ERR_GROUP, "member %d of the group is not in the window's group", i);
        }
    }
    return err;
}

// Also where the memory has no owner any more: the others wait for this rank.
int PMPI_Win_fence(int assert, MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_fence, win, &w);
    err = err ? err : check_assertion(assert);
    if (likely(!err)) {
        bool left = mp_window_is_left(w, __builtin_frame_address(0));
        err = mp_window_fence(w, assert);
        err = err || !left ? err : mp_window_fail_left(w);
    }
    return mp_leave_window(MP_CALL_Win_fence, w, err);
}
MP_WEAK(Win_fence);

int PMPI_Win_post(MPI_Group group, int assert, MPI_Win win)
{
    struct mp_window *w = NULL;
    struct mp_group *g = NULL;
    int err = mp_enter_window(MP_CALL_Win_post, win, &w);
    err = err ? err : check_assertion(assert);
    err = err ? err : check_members(w, group, &g);
    if (likely(!err)) {
        bool left = mp_window_is_left(w, __builtin_frame_address(0));
        err = mp_window_post(w, g);
        err = err || !left ? err : mp_window_fail_left(w);
    }
    return mp_leave_window(MP_CALL_Win_post, w, err);
}
MP_WEAK(Win_post);

int PMPI_Win_start(MPI_Group group, int assert, MPI_Win win)
{
    struct mp_window *w = NULL;
    struct mp_group *g = NULL;
    int err = mp_enter_window(MP_CALL_Win_start, win, &w);
    err = err ? err : check_assertion(assert);
    err = err ? err : check_members(w, group, &g);
    err = err ? err : mp_window_start(w, g);
    return mp_leave_window(MP_CALL_Win_start, w, err);
}
MP_WEAK(Win_start);

int PMPI_Win_complete(MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_complete, win, &w);
    err = err ? err : mp_window_complete(w);
    return mp_leave_window(MP_CALL_Win_complete, w, err);
}
MP_WEAK(Win_complete);

int PMPI_Win_wait(MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_wait, win, &w);
    err = err ? err : mp_window_wait(w);
    return mp_leave_window(MP_CALL_Win_wait, w, err);
}
MP_WEAK(Win_wait);

int PMPI_Win_test(MPI_Win win, int *flag)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_test, win, &w);
    err = err ? err : mp_check_pointer(flag, "flag");
    err = err ? err : mp_window_test(w, flag);
    return mp_leave_window(MP_CALL_Win_test, w, err);
}
MP_WEAK(Win_test);

int PMPI_Win_lock(int lock_type, int rank, int assert, MPI_Win win)
{
    int err = mp_enter(MP_CALL_Win_lock);
    struct mp_window *w = err ? NULL : mp_window_get(win);
    if (likely(w && w->exists && (unsigned)rank < (unsigned)w->size && assert == 0 &&
               (lock_type == MPI_LOCK_EXCLUSIVE || lock_type == MPI_LOCK_SHARED) &&
               mp_window_lock_short(w, lock_type == MPI_LOCK_EXCLUSIVE, rank))) {
        mp_exit();
        return MPI_SUCCESS;
    }
    err = err ? err : mp_check_window(win, &w);
    if (!err && unlikely(lock_type != MPI_LOCK_EXCLUSIVE && lock_type != MPI_LOCK_SHARED)) {
        err = mp_fail(MPI_ERR_LOCKTYPE,
                      "lock_type is %d, must be MPI_LOCK_EXCLUSIVE or MPI_LOCK_SHARED", lock_type);
    }
    err = err ? err : check_assertion(assert);
    err = err ? err : mp_check_target(w, rank, "rank");
    if (!err && likely(rank != MPI_PROC_NULL)) {
        err = mp_window_lock(w, lock_type == MPI_LOCK_EXCLUSIVE, rank, !(assert &MPI_MODE_NOCHECK));
    }
    return mp_leave_window(MP_CALL_Win_lock, w, err);
}
MP_WEAK(Win_lock);

int PMPI_Win_unlock(int rank, MPI_Win win)
{
    int err = mp_enter(MP_CALL_Win_unlock);
    struct mp_window *w = err ? NULL : mp_window_get(win);
    if (likely(w && w->exists && (unsigned)rank < (unsigned)w->size &&
               mp_window_unlock_short(w, rank))) {
        mp_exit();
        return MPI_SUCCESS;
    }
    err = err ? err : mp_check_window(win, &w);
    err = err ? err : mp_check_target(w, rank, "rank");
    if (!err && likely(rank != MPI_PROC_NULL)) {
        err = mp_window_unlock(w, rank);
    }
    return mp_leave_window(MP_CALL_Win_unlock, w, err);
}
MP_WEAK(Win_unlock);

int PMPI_Win_lock_all(int assert, MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_lock_all, win, &w);
    err = err ? err : check_assertion(assert);
    err = err ? err : mp_window_lock_all(w, !(assert &MPI_MODE_NOCHECK));
    return mp_leave_window(MP_CALL_Win_lock_all, w, err);
}
MP_WEAK(Win_lock_all);

int PMPI_Win_unlock_all(MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_unlock_all, win, &w);
    err = err ? err : mp_window_unlock_all(w);
    return mp_leave_window(MP_CALL_Win_unlock_all, w, err);
}
MP_WEAK(Win_unlock_all);

// Flushes are for passive epochs only (12.5.4).
static int check_passive(const struct mp_window *window, int rank)
{
    bool locked = window->epoch == MP_EPOCH_LOCK_ALL ||
                  (rank >= 0 ? window->sides[rank].lock != MP_UNLOCKED : window->locks > 0);
    return likely(locked)
               ? 0
               : mp_fail(MPI_ERR_RMA_SYNC, "no passive epoch is open: call MPI_Win_lock or "
                                           "MPI_Win_lock_all first");
}

static int flush(int call, int rank, MPI_Win win, bool local)
{
    int err = mp_enter(call);
    struct mp_window *w = err ? NULL : mp_window_get(win);
    if (likely(w && w->exists && (unsigned)rank < (unsigned)w->size &&
               (w->epoch == MP_EPOCH_LOCK_ALL || w->sides[rank].lock != MP_UNLOCKED) &&
               mp_window_flush_short(w))) {
        mp_exit();
        return MPI_SUCCESS;
    }
    err = err ? err : mp_check_window(win, &w);
    err = err ? err : mp_check_target(w, rank, "rank");
    if (!err && likely(rank != MPI_PROC_NULL)) {
        err = check_passive(w, rank);
        err = err ? err : mp_window_flush(w, rank, local);
    }
    return mp_leave_window(call, w, err);
}

static int flush_all(int call, MPI_Win win, bool local)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(call, win, &w);
    err = err ? err : check_passive(w, -1);
    if (!err && !mp_window_flush_short(w)) {
        err = mp_window_flush(w, -1, local);
    }
    return mp_leave_window(call, w, err);
}

int PMPI_Win_flush(int rank, MPI_Win win)
{
    return flush(MP_CALL_Win_flush, rank, win, false);
}
MP_WEAK(Win_flush);

int PMPI_Win_flush_local(int rank, MPI_Win win)
{
    return flush(MP_CALL_Win_flush_local, rank, win, true);
}
MP_WEAK(Win_flush_local);

int PMPI_Win_flush_all(MPI_Win win)
{
    return flush_all(MP_CALL_Win_flush_all, win, false);
}
MP_WEAK(Win_flush_all);

int PMPI_Win_flush_local_all(MPI_Win win)
{
    return flush_all(MP_CALL_Win_flush_local_all, win, true);
}
MP_WEAK(Win_flush_local_all);

int PMPI_Win_sync(MPI_Win win)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_sync, win, &w);
    err = err ? err : mp_window_sync(w);
    return mp_leave_window(MP_CALL_Win_sync, w, err);
}
MP_WEAK(Win_sync);
