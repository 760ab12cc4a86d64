// SPDX-License-Identifier: MIT
// The channel of a rank that has far peers: polls the rings and the streams, or the streams alone
// where no peer is near, and sleeps on both. What a packet goes by is its peer's business
// (process/peers.h); so each pair has one order, and there is one matching engine for all.
//
// Polling. A look at the rings costs some 20 ns, one at the streams a system call, 300. So the
// rings come first. While messages come by them the streams are looked at seldom, since a near
// message may arrive during each look; after a moment without any, every time.
//
// Sleeping. The announcement is the one of near peers (process/peers.c), and the sleep is one on
// the streams' epoll set, where a byte from a near peer that wakes us arrives too. That byte is
// thrown away in poll, before the rings have been looked at again: it counts as something done, so
// that whoever waits looks again, and announces its sleep anew, before it sleeps.
//
// Several threads. The kernel wakes all that sleep on a set, but each of them looks at the set
// again before it comes back, and another thread may have taken by then what was there. So only one
// of them sleeps on the streams, the others on the word of their announcement. Whoever comes back
// from the streams wakes the others, whatever for, and the first to sleep again takes its place.
// And as among near peers, who does something for another thread says so (mp_wake_threads), here by
// the bell; after each poll that took something from a stream, too, for a message may be kept, and
// another thread probe for it. While a thread sleeps on the streams (`on_streams`) nobody takes
// bytes from the bell but that one, so it does wake it.
//
// No wake is lost. Of what a thread has announced, and who wakes it clears the word, then rings:
// - It finds nobody on the streams, sets `on_streams`, and then looks at the word. If that is not
//   its own any more, it does not sleep. Else whoever clears it does so later, and what rings after
//   that is left alone by others, who find `on_streams` set. (A fence on either side, each between
//   one word and the other.)
// - It finds another thread there, and sleeps on the word. That one takes `on_streams` back later,
//   then clears the word, and then wakes who sleeps on it. (It sees that there may be others: this
//   one has seen the guard up, or has raised it, before it exchanged `on_streams`.) The word that
//   it clears may be that of a third one, which has taken its place meanwhile: then it rings, too.
#include "message/opening.h"
#include "object/errhandler.h"
#include "process/near_guests.h"
#include "process/peers.h"
#include "socket/socket.h"
#include "wait/progress.h"

#include <errno.h>
#include <string.h>

// Looks at the rings for one at the streams, while near messages come; and how long they are said
// to come after the last one, in looks. Where ranks take turns on the cores, looks are rare.
enum { LOOKS_PER_FAR = 64, LOOKS_NEAR = 32, LOOKS_NEAR_CROWDED = 4 };

static const struct mp_channel *rings;
static _Atomic uint32_t on_streams; // 1: a thread sleeps there, or is about to

static int poll_far(void)
{
    int done = mp_far->poll();
    if (done) {
        mp_wake_threads();
    }
    return done;
}

static unsigned near_until, looks; // of looks that are left, and since the last one at streams

static int poll_both(void)
{
    int done = rings->poll();

    if (done) {
        near_until = mp_process.crowded ? LOOKS_NEAR_CROWDED : LOOKS_NEAR;
    } else if (near_until > 0) {
        near_until--;
    }
    if (near_until > 0 && ++looks < LOOKS_PER_FAR) {
        return done;
    }
    looks = 0;
    return done + poll_far();
}

// The look that follows is one at both: mprun takes it for that (launcher/deadlock_watch.c).
static uint32_t arm_both(void)
{
    near_until = 0;
    return mp_shm_arm();
}

static void sleep_on_both(uint32_t armed)
{
    if (unlikely(atomic_exchange_explicit(&on_streams, 1, memory_order_acq_rel))) {
        mp_shm_sleep(armed);
        return;
    }
    atomic_thread_fence(memory_order_seq_cst); // pairs with the one in socket/socket.c
    if (likely(mp_shm_is_armed(armed))) {
        mp_far->sleep(armed);
    }
    atomic_exchange_explicit(&on_streams, 0, memory_order_acq_rel);
    if (unlikely(mp_process_is_locked())) {
        mp_shm_wake_own();
        atomic_thread_fence(memory_order_seq_cst);
        if (atomic_load_explicit(&on_streams, memory_order_relaxed)) {
            mp_shm_ring_own();
        }
    }
}

static const struct mp_channel near_and_far = {
    .name = "shm and socket",
    .poll = poll_both,
    .arm = arm_both,
    .sleep = sleep_on_both,
    .disarm = mp_shm_disarm,
};

static const struct mp_channel far_only = {
    .name = "socket",
    .poll = poll_far,
    .arm = mp_shm_arm,
    .sleep = sleep_on_both,
    .disarm = mp_shm_disarm,
};

const struct mp_channel *mp_near_and_far_open(void)
{
    int bell = mp_shm_open_bell();

    if (bell < 0 && errno == EXDEV) {
        mp_fail(MPI_ERR_OTHER, "this rank and others of its node are in different network "
                               "namespaces, so they could not wake each other: start them in the "
                               "same one, or without --nodes");
        return NULL;
    }
    if (bell < 0 || mp_socket_watch(bell, &on_streams) != 0) {
        mp_fail(MPI_ERR_OTHER, "cannot make a socket to be woken by: %s", strerror(errno));
        return NULL;
    }
    if (mp_process.near == 1 && !mp_near_can()) {
        return &far_only;
    }
    rings = mp_channel ? mp_channel : mp_shm_open();
    return rings ? &near_and_far : NULL;
}
