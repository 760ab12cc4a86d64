// SPDX-License-Identifier: MIT
// This rank's near peers: the rings that lead to them and back, the doorbell that says
// that one is to be polled, and sleeping on the board's futex word. What arrives is the business of
// message/shm_channel.c.
#define _GNU_SOURCE
#include "process/peers.h"

#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct mp_ring_shape mp_shm_shape;
struct mp_shm_peer *mp_shm_peers;

// How a sleep is announced: see mp_shm_arm.
static bool may_fence_for_others;

void mp_shm_ring_doorbell(int peer)
{
    struct mp_ring_writer *out = &mp_shm_peers[peer].out;
    // Acquire: pairs with the release in activate, message/shm_channel.c.
    if (atomic_load_explicit(&out->ring->active, memory_order_acquire)) {
        out->active = true;
        return;
    }
    _Atomic uint64_t *word =
        mp_segment_doorbell(mp_process.segment, peer - mp_process.first) + mp_process.local / 64;
    uint64_t bit = UINT64_C(1) << (mp_process.local % 64);
    // Release: the reader that takes the bit (acquire, in answer_doorbell there) finds the cell.
    if (!(atomic_load_explicit(word, memory_order_relaxed) & bit)) {
        atomic_fetch_or_explicit(word, bit, memory_order_release);
    }
}

void mp_shm_wake(struct mp_board *board)
{
    if (atomic_exchange_explicit(&board->sleeping, 0, memory_order_acq_rel)) {
        syscall(SYS_futex, &board->sleeping, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    }
}

// Announces the sleep. After the barrier every store that another rank made before it looked at our
// word is visible to us, so a last poll finds it; and every later store is followed by a look that
// sees the word set.
//
// Each announcement has a number, and the thread that made it sleeps only while the word is that
// one: between its last poll and its sleep it holds no lock, so it may be woken and another thread
// of this rank announce a sleep of its own. (With a word that only says yes, the first one would
// sleep for good.) With the lock held.
//
// Where some ranks have no membarrier, because something between the launcher and them forbids it,
// all fence when they send (`fence`), but they learn that only when such a rank opens its channel,
// perhaps late: others may have sent to each other for long, and their fast path, which knows no
// fence (mp_channel_open_fast_path), stays open. So whoever may goes on fencing for the others:
// that is right whether the sender fences or not. A rank R that may not needs senders that do. Its
// peers open their fast path to R after they have seen that R polls their ring (activate), and
// then they see `fence`. On the other ways they look at `fence` each time; one that just missed it
// has its message in sight of R before R opens its channel, since R naps between the two
// (fence_by_all). What R sends is fenced by R from the beginning.
uint32_t mp_shm_arm(void)
{
    static uint32_t number;
    uint32_t armed = ++number ? number : ++number;
    atomic_store_explicit(&mp_process.board->sleeping, armed, memory_order_relaxed);
    if (!may_fence_for_others) {
        atomic_thread_fence(memory_order_seq_cst);
    } else if (mp_process.near > 1) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    }
    return armed;
}

// From now on whoever publishes must fence. A nap is long enough for stores to become visible.
static void fence_by_all(void)
{
    struct timespec nap = {0, 1000000};
    _Atomic uint32_t *fence = &mp_process.segment->fence;

    if (atomic_load_explicit(fence, memory_order_relaxed) != MP_FENCE_ALWAYS) {
        atomic_store_explicit(fence, MP_FENCE_LATE, memory_order_seq_cst);
        nanosleep(&nap, NULL);
    }
}

void mp_shm_sleep(uint32_t armed, int64_t timeout_ns)
{
    struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    syscall(SYS_futex, &mp_process.board->sleeping, FUTEX_WAIT, armed,
            timeout_ns < 0 ? NULL : &time, NULL, 0);
}

void mp_shm_disarm(void)
{
    atomic_store_explicit(&mp_process.board->sleeping, 0, memory_order_relaxed);
}

void mp_shm_agree_on_fences(void)
{
    bool alone = mp_process.near == 1;
    may_fence_for_others =
        !alone && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
    if (!alone && !may_fence_for_others) {
        fence_by_all();
    }
}

int mp_shm_peers_open(void)
{
    struct mp_segment_header *segment = mp_process.segment;
    size_t size = (size_t)mp_process.size;

    mp_shm_shape = (struct mp_ring_shape){segment->cells, segment->bulk};
    mp_shm_peers = aligned_alloc(64, size * sizeof *mp_shm_peers);
    if (!mp_shm_peers) {
        return -1;
    }
    memset(mp_shm_peers, 0, size * sizeof *mp_shm_peers);
    int own = mp_process.local, from = mp_process.near > 1 ? 0 : own;
    for (int place = from; place < from + mp_process.near; place++) {
        struct mp_shm_peer *p = &mp_shm_peers[mp_process.first + place];
        p->out.ring = mp_segment_ring(segment, own, place);
        p->out.bulk = mp_ring_bulk(segment, p->out.ring);
        p->in.ring = mp_segment_ring(segment, place, own);
        p->in.bulk = mp_ring_bulk(segment, p->in.ring);
        p->board = mp_segment_board(segment, place);
    }
    return 0;
}
