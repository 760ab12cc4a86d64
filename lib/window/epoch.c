// SPDX-License-Identifier: MIT
// Synchronization (MPI 5.0, 12.5). Direct accesses are over when their call returns, so all that an
// epoch's end has to do for them is a memory fence, unless a store tells the others, which comes
// after all before it; messages are flushed. Then the others are told: by a barrier
// (MPI_Win_fence), a word in a line of the two (post, complete), or the gate's lock. Where a gate
// cannot be reached, its owner is sent a message that has it do the same.
//
// Waiting makes progress, since what is waited for may need this rank to serve messages.
#include "base/calls.h"
#include "collectives/short.h"
#include "message/meeting.h"
#include "object/errhandler.h"
#include "process/process.h"
#include "window/remote_access.h"
#include "window/window.h"
#include "window/window_waits.h"

enum { ALL = -1 };

// All accesses so far by messages to a target (-1: all) are done there.
static int flush_messages(struct mp_window *window, int target, bool local)
{
    return unlikely(window->senders > 0 || window->pending_count > 0)
               ? mp_ask_flush(window, target, local)
               : 0;
}

// All accesses so far.
static int finish(struct mp_window *window, int target, bool local)
{
    mp_window_settle(window);
    return flush_messages(window, target, local);
}

static int sync_error(const char *what)
{
    return mp_fail(MPI_ERR_RMA_SYNC, "%s", what);
}

// The access epoch that is open, in words; NULL: none.
static const char *access_epoch(const struct mp_window *window)
{
    return window->locks > 0 ? "a target is locked: call MPI_Win_unlock first"
           : window->epoch == MP_EPOCH_LOCK_ALL
               ? "all targets are locked: call MPI_Win_unlock_all first"
           : window->epoch == MP_EPOCH_START
               ? "MPI_Win_start has opened an epoch: call MPI_Win_complete first"
               : NULL;
}

// ---- Fence

int mp_window_fence(struct mp_window *window, int assertion)
{
    const char *epoch = access_epoch(window);
    if (epoch || window->post_group) {
        return sync_error(epoch ? epoch
                                : "MPI_Win_post has opened an epoch: call MPI_Win_wait first");
    }
    // Also where an access has failed: the others wait for this rank. No memory fence: a member's
    // post in the barrier is stored after what it has put, and all see all posts. (The short way
    // takes 170 ns between far cores, the other one 385.)
    int error = flush_messages(window, ALL, false);
    int met = mp_short_barrier(MP_CALL_Win_fence, mp_comm_handle(window->comm));
    met = met == MP_LONG_WAY ? mp_coll_barrier(window->comm) : met;
    // With MPI_MODE_NOSUCCEED no access follows.
    bool succeeds = !met && !(assertion & MPI_MODE_NOSUCCEED);
    window->epoch = succeeds ? MP_EPOCH_FENCE : MP_EPOCH_NONE;
    window->open = succeeds;
    return error ? error : met;
}

// ---- Post, start, complete, wait

// Rank in the window of member i of the group, all of which are checked by the API.
static int member(const struct mp_window *window, const struct mp_group *group, int i)
{
    return mp_group_find(window->comm->group, mp_group_world(group, i));
}

// Tells a member of the group that this rank has posted, or has completed.
static int tell(struct mp_window *window, int rank, bool posted)
{
    struct mp_window_side *side = &window->sides[rank];
    if (!side->tells) {
        return mp_ask_plain(window, rank, posted ? MP_ASK_POST : MP_ASK_COMPLETE, false);
    }
    // Release: pairs with the acquire in `has`. The number is ours, so that the line need not come
    // here to be read first.
    if (posted) {
        atomic_store_explicit(&side->tells->posted, ++side->posts, memory_order_release);
    } else {
        atomic_store_explicit(&side->tells->completed, ++side->completes, memory_order_release);
    }
    if (rank == window->rank) {
        mp_wake_threads();
    } else {
        mp_wake(side->world);
    }
    return 0;
}

static int tell_all(struct mp_window *window, const struct mp_group *group, bool posted)
{
    int error = 0;
    for (int i = 0; i < group->size && !error; i++) {
        error = tell(window, member(window, group, i), posted);
    }
    return error;
}

static bool has(const _Atomic uint32_t *word, uint32_t seen)
{
    // Acquire: pairs with the release in `tell`.
    return atomic_load_explicit(word, memory_order_acquire) != seen;
}

// How often a rank that has its core to itself looks before it goes on to a wait with all that
// belongs to it. In between it pauses: the other one is about to write to that line.
enum { SPINS = 100 };
static bool may_spin(void)
{
    return !mp_process.crowded && !mp_process_is_locked();
}

// Waits for that rank to call what changes the word. An error if a member of another world dies:
// then it may never.
static int await(struct mp_window *window, int rank, int call, const _Atomic uint32_t *word,
                 uint32_t seen)
{
    struct mp_epoch_wait wait = {window, rank, call};
    struct mp_waiter waiter;
    for (int i = 0; i < SPINS && may_spin(); i++) {
        if (has(word, seen)) {
            return 0;
        }
        mp_cpu_relax();
    }
    mp_waiter_begin(&waiter, window->sides[rank].world, MPI_ANY_TAG, window->comm->context, 0);
    mp_waiter_describe(&waiter, mp_describe_epoch, &wait);
    while (!has(word, seen) && !window->comm->lost) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
    return has(word, seen) ? 0 : mp_guest_is_dead(window->comm);
}

int mp_window_post(struct mp_window *window, struct mp_group *group)
{
    if (window->post_group) {
        return sync_error("an exposure epoch is open: call MPI_Win_wait first");
    }
    // What this rank has stored to its own memory is visible to whoever sees the post.
    window->post_group = group;
    mp_group_hold(group);
    return tell_all(window, group, true);
}

int mp_window_start(struct mp_window *window, struct mp_group *group)
{
    const char *epoch = access_epoch(window);
    if (epoch) {
        return sync_error(epoch);
    }
    window->epoch = MP_EPOCH_START;
    window->open = false;
    window->start_group = group;
    mp_group_hold(group);
    for (int i = 0; i < group->size; i++) {
        int rank = member(window, group, i);
        struct mp_window_side *side = &window->sides[rank];
        int error = await(window, rank, MP_CALL_Win_post, &side->told_by->posted, side->posts_seen);
        if (error) {
            return error;
        }
        side->posts_seen++;
        side->open = side->started = 1;
    }
    return 0;
}

int mp_window_complete(struct mp_window *window)
{
    struct mp_group *group = window->start_group;
    if (!group) {
        return sync_error("no epoch was opened by MPI_Win_start");
    }
    // No memory fence: that it has completed is stored after what it has put.
    int error = flush_messages(window, ALL, false);
    for (int i = 0; i < group->size; i++) {
        struct mp_window_side *side = &window->sides[member(window, group, i)];
        side->open = side->started = 0;
    }
    window->epoch = MP_EPOCH_NONE;
    window->start_group = NULL;
    int told = tell_all(window, group, false);
    mp_group_release(group);
    return error ? error : told;
}

// Takes note of those of the group that have completed. *all: all have.
static int all_completed(struct mp_window *window, bool waits, bool *all)
{
    struct mp_group *group = window->post_group;
    for (int i = 0; i < group->size; i++) {
        int rank = member(window, group, i);
        struct mp_window_side *side = &window->sides[rank];
        int error = waits ? await(window, rank, MP_CALL_Win_complete, &side->told_by->completed,
                                  side->completes_seen)
                          : 0;
        *all = !error && has(&side->told_by->completed, side->completes_seen);
        if (!*all) {
            return error;
        }
    }
    *all = true;
    for (int i = 0; i < group->size; i++) {
        window->sides[member(window, group, i)].completes_seen++;
    }
    window->post_group = NULL;
    mp_group_release(group);
    return 0;
}

int mp_window_wait(struct mp_window *window)
{
    if (!window->post_group) {
        return sync_error("no epoch was opened by MPI_Win_post");
    }
    bool all;
    return all_completed(window, true, &all);
}

int mp_window_test(struct mp_window *window, int *flag)
{
    if (!window->post_group) {
        return sync_error("no epoch was opened by MPI_Win_post");
    }
    bool all;
    int error = all_completed(window, false, &all);
    if (!all) {
        mp_progress_look();
        error = all_completed(window, false, &all);
    }
    *flag = all;
    return !all && window->comm->lost ? mp_guest_is_dead(window->comm) : error;
}

// ---- Locks

// An error if a member of another world has died, which may have had the lock.
static int wait_for_gate(struct mp_window *window, int rank, bool exclusive, uint32_t ticket)
{
    struct mp_gate *gate = window->sides[rank].gate;
    const struct mp_group *group = window->comm->group;
    struct mp_waiter waiter;
    mp_gate_say(gate, ticket, window->rank);
    for (int i = 0; i < SPINS && may_spin(); i++) {
        if (mp_gate_has(gate, exclusive, ticket, group)) {
            return 0;
        }
        mp_cpu_relax();
    }
    struct mp_lock_wait wait = {window, rank};
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, window->sides[rank].world, window->comm->context, 0);
    mp_waiter_describe(&waiter, mp_describe_lock, &wait);
    bool had;
    while (!(had = mp_gate_has(gate, exclusive, ticket, group)) && !window->comm->lost) {
        waiter.peer = mp_lock_holder(&wait);
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
    return had ? 0 : mp_guest_is_dead(window->comm);
}

// Takes a member's lock, or with `try` only if nobody has to be waited for.
static int take(struct mp_window *window, int rank, bool exclusive, bool try, bool *got)
{
    struct mp_gate *gate = window->sides[rank].gate;
    uint32_t ticket;
    *got = true;
    if (unlikely(!gate)) {
        return mp_ask_lock(window, rank, exclusive, try, got);
    }
    if (try) {
        *got = mp_gate_try(gate, exclusive);
        return 0;
    }
    int error =
        mp_gate_ask(gate, exclusive, &ticket) ? 0 : wait_for_gate(window, rank, exclusive, ticket);
    if (exclusive && !error) {
        atomic_store_explicit(&gate->holder, window->rank + 1, memory_order_relaxed);
    }
    return error;
}

static int give(struct mp_window *window, int rank, bool exclusive)
{
    struct mp_gate *gate = window->sides[rank].gate;
    if (unlikely(!gate)) {
        return mp_ask_plain(window, rank, MP_ASK_UNLOCK, exclusive);
    }
    if (exclusive) {
        atomic_store_explicit(&gate->holder, 0, memory_order_relaxed);
    }
    mp_gate_unlock(gate, exclusive, window->comm->group);
    return 0;
}

int mp_window_lock(struct mp_window *window, bool exclusive, int rank, bool check)
{
    struct mp_window_side *side = &window->sides[rank];
    bool got;
    if (unlikely(side->lock || side->waits || window->epoch > MP_EPOCH_FENCE)) {
        return side->lock || side->waits
                   ? mp_fail(MPI_ERR_RMA_SYNC, "rank is %d, which this rank has locked already",
                             rank)
                   : sync_error(access_epoch(window));
    }
    int error = 0;
    if (likely(check)) {
        side->waits = 1;
        error = take(window, rank, exclusive, false, &got);
        side->waits = 0;
    }
    if (likely(!error)) {
        side->lock = !check ? MP_LOCK_UNCHECKED : exclusive ? MP_LOCK_EXCLUSIVE : MP_LOCK_SHARED;
        side->open = 1;
        window->locks++;
        window->epoch = MP_EPOCH_NONE; // fences are over
        window->open = false;
    }
    return error;
}

int mp_window_unlock(struct mp_window *window, int rank)
{
    struct mp_window_side *side = &window->sides[rank];
    uint8_t lock = side->lock;
    if (unlikely(!lock)) {
        return mp_fail(MPI_ERR_RMA_SYNC, "rank is %d, which is not locked by MPI_Win_lock", rank);
    }
    int error = 0;
    if (unlikely(window->senders > 0 || window->pending_count > 0)) {
        error = mp_ask_flush(window, rank, false);
    }
    // The change of the gate's word is a memory fence, too.
    if (unlikely(lock == MP_LOCK_UNCHECKED || !side->gate)) {
        mp_window_settle(window);
    }
    side->lock = MP_UNLOCKED;
    side->open = side->started;
    window->locks--;
    if (likely(lock != MP_LOCK_UNCHECKED)) {
        int given = give(window, rank, lock == MP_LOCK_EXCLUSIVE);
        error = error ? error : given;
    }
    window->dirty = window->dirty && window->locks > 0;
    mp_window_look_now_and_then(window);
    return error;
}

// All or none: where one cannot be had at once, those that are held already are given back before
// this rank waits for that one. So nobody waits for this rank while it waits, and ranks that lock
// several targets one by one are in no circle with it.
static int take_all(struct mp_window *window)
{
    int held = 0, first = 0, error = 0;
    bool waited = false; // the lock of `first` is held already
    while (held < window->size && !error) {
        int rank = (first + held) % window->size;
        bool got = true;
        if (!(waited && held == 0)) {
            error = take(window, rank, false, true, &got);
        }
        if (got) {
            held++;
            continue;
        }
        for (int i = 0; i < held && !error; i++) {
            error = give(window, (first + i) % window->size, false);
        }
        error = error ? error : take(window, rank, false, false, &got);
        first = rank;
        held = 0;
        waited = true;
    }
    return error;
}

int mp_window_lock_all(struct mp_window *window, bool check)
{
    const char *epoch = access_epoch(window);
    if (epoch) {
        return sync_error(epoch);
    }
    window->epoch = MP_EPOCH_LOCK_ALL;
    int error = check ? take_all(window) : 0;
    for (int i = 0; i < window->size && !error; i++) {
        window->sides[i].lock = check ? MP_LOCK_SHARED : MP_LOCK_UNCHECKED;
    }
    window->open = !error;
    window->epoch = error ? MP_EPOCH_NONE : MP_EPOCH_LOCK_ALL;
    return error;
}

int mp_window_unlock_all(struct mp_window *window)
{
    if (window->epoch != MP_EPOCH_LOCK_ALL || !window->open) {
        return sync_error("MPI_Win_lock_all was not called");
    }
    int error = finish(window, ALL, false);
    window->epoch = MP_EPOCH_NONE;
    window->open = false;
    for (int i = 0; i < window->size; i++) {
        uint8_t lock = window->sides[i].lock;
        window->sides[i].lock = MP_UNLOCKED;
        if (lock != MP_LOCK_UNCHECKED) {
            int given = give(window, i, false);
            error = error ? error : given;
        }
    }
    mp_window_look_now_and_then(window);
    return error;
}

int mp_window_flush(struct mp_window *window, int rank, bool local)
{
    mp_progress_look(); // else it was a short one
    return finish(window, rank, local);
}

int mp_window_sync(struct mp_window *window)
{
    atomic_thread_fence(memory_order_seq_cst);
    window->dirty = false;
    mp_window_look_now_and_then(window);
    return 0;
}
