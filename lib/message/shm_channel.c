// SPDX-License-Identifier: MIT
// The shared-memory channel: polls the rings of shm/ring.h, rings and answers doorbells, sleeps on
// the board's futex word, and pulls large payloads straight out of a peer's memory: with one memcpy
// from the shared heap, elsewhere with the kernel's help (CMA).
#define _GNU_SOURCE
#include "heap/heap.h"
#include "message/deliver.h"
#include "message/message_short.h"
#include "message/together.h"
#include "object/errhandler.h"
#include "process/channel.h"
#include "process/remote.h"

#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How many packets of one peer are taken before the next peer gets its turn. A long one counts as
// one for each so many bytes. So who asks beside a flood of 16 KB is behind one of them and not a
// ring of fifteen (its round trip: 9 us, not 19), and what the receive at hand does not take stays
// in the ring instead of being kept.
enum { BURST = 32, BYTES_PER_PACKET = 512 };

struct mp_ring_shape mp_shm_shape;
struct mp_shm_peer *mp_shm_peers;

static mp_deliver_fn *deliver;
static int *active; // the peers whose rings are polled, in the order in which they first wrote
static int active_count;

// How a sleep is announced: see shm_arm.
static bool may_fence_for_others;

static void activate(int peer)
{
    // Only this rank writes its own `active` words: a writer that still reads 0 rings the doorbell
    // once more, and that is harmless. Release: one that reads 1 sees `fence` as this rank has set
    // it (shm_arm).
    struct mp_ring *ring = mp_shm_peers[peer].in.ring;
    if (!atomic_load_explicit(&ring->active, memory_order_relaxed)) {
        atomic_store_explicit(&ring->active, 1, memory_order_release);
        active[active_count++] = peer;
    }
}

void mp_shm_ring_doorbell(int peer)
{
    struct mp_ring_writer *out = &mp_shm_peers[peer].out;
    if (atomic_load_explicit(&out->ring->active, memory_order_acquire)) { // pairs with activate
        out->active = true;
        return;
    }
    _Atomic uint64_t *word = mp_segment_doorbell(mp_process.segment, peer) + mp_process.rank / 64;
    uint64_t bit = UINT64_C(1) << (mp_process.rank % 64);
    // Release: the reader that takes the bit (acquire, in answer_doorbell) then finds the cell.
    if (!(atomic_load_explicit(word, memory_order_relaxed) & bit)) {
        atomic_fetch_or_explicit(word, bit, memory_order_release);
    }
}

static void answer_doorbell(void)
{
    _Atomic uint64_t *words = mp_segment_doorbell(mp_process.segment, mp_process.rank);
    for (int w = 0; w * 64 < mp_process.size; w++) {
        if (likely(!atomic_load_explicit(&words[w], memory_order_relaxed))) {
            continue;
        }
        uint64_t bits = atomic_exchange_explicit(&words[w], 0, memory_order_acquire);
        while (bits) {
            activate(w * 64 + __builtin_ctzll(bits));
            bits &= bits - 1;
        }
    }
}

static void take(int peer, struct mp_shm_peer *from, const struct mp_cell *cell, uint64_t word)
{
    struct mp_packet packet = {.kind = mp_ring_word_kind(word),
                               .context = mp_ring_word_context(word),
                               .source = cell->source,
                               .tag = mp_ring_word_tag(word),
                               .length = cell->length,
                               .sequence = from->in.tail};
    if (packet.kind != MP_PACKET_EAGER) {
        packet.origin = cell->extra[MP_EXTRA_ORIGIN];
        packet.target = cell->extra[MP_EXTRA_TARGET];
        packet.total = cell->extra[MP_EXTRA_TOTAL];
        packet.address = cell->extra[MP_EXTRA_ADDRESS];
    }
    deliver(peer, &packet, mp_ring_payload(&from->in, &mp_shm_shape, cell, packet.kind));
}

// Takes short messages that meet their receives, as long as they come, at most so many: the loop
// in which a stream of messages is received.
static int take_shorts(struct mp_shm_peer *from, int most)
{
    const struct mp_ring_shape shape = mp_shm_shape;
    const struct mp_cell *cell;
    int taken = 0;

    while (taken < most && (cell = mp_ring_peek_short(&from->in, &shape)) != NULL &&
           mp_deliver_short(cell)) {
        if (unlikely(mp_ring_consume_cell(&from->in, &shape))) {
            mp_shm_notify(from->board);
        }
        taken++;
    }
    return taken;
}

static int poll_peer(int peer)
{
    struct mp_shm_peer *from = &mp_shm_peers[peer];
    struct mp_cell *cell;
    uint64_t word;
    int taken = take_shorts(from, BURST);

    while (taken < BURST && (cell = mp_ring_peek(&from->in, &mp_shm_shape, &word)) != NULL) {
        take(peer, from, cell, word);
        taken += 1 + (int)(cell->length / BYTES_PER_PACKET);
        if (mp_ring_consume(&from->in, &mp_shm_shape, cell, mp_ring_word_kind(word))) {
            mp_shm_notify(from->board);
        }
        if (taken < BURST) {
            taken += take_shorts(from, BURST - taken);
        }
    }
    return taken;
}

static int shm_poll(void)
{
    int done = 0;

    answer_doorbell();
    for (int i = 0; i < active_count; i++) {
        done += poll_peer(active[i]);
    }
    return done;
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
// perhaps late: others may have sent to each other for long, and their shortest way, which knows no
// fence (mp_channel_quicken), stays open. So whoever may goes on fencing for the others: that is
// right whether the sender fences or not. A rank R that may not needs senders that do. Its peers
// open their shortest way to R after they have seen that R polls their ring (activate), and then
// they see `fence`. On the other ways they look at `fence` each time; one that just missed it has
// its message in sight of R before R opens its channel, since R naps between the two
// (fence_by_all). What R sends is fenced by R from the beginning.
static uint32_t shm_arm(void)
{
    static uint32_t number;
    uint32_t armed = ++number ? number : ++number;
    atomic_store_explicit(&mp_process.board->sleeping, armed, memory_order_relaxed);
    if (!may_fence_for_others) {
        atomic_thread_fence(memory_order_seq_cst);
    } else if (mp_process.size > 1) {
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

static void shm_sleep(uint32_t armed, int64_t timeout_ns)
{
    struct timespec time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    syscall(SYS_futex, &mp_process.board->sleeping, FUTEX_WAIT, armed,
            timeout_ns < 0 ? NULL : &time, NULL, 0);
}

static void shm_disarm(void)
{
    atomic_store_explicit(&mp_process.board->sleeping, 0, memory_order_relaxed);
}

static bool shm_pull(int peer, uint64_t address, void *to, size_t bytes)
{
    const void *near = mp_heap_reach(peer, (void *)(uintptr_t)address, bytes);
    if (near) {
        mp_together_copy(peer, to, near, bytes);
        return true;
    }
    // Refused, or the peer just died (which the launcher tells): leaves it to the push.
    return mp_remote_read(peer, address, to, bytes);
}

static void shm_close(void)
{
    // Whatever is in the rings stays readable for as long as a peer maps the segment.
}

static void *shm_reserve(int peer, enum mp_packet_kind kind, size_t bytes)
{
    return mp_ring_reserve(&mp_shm_peers[peer].out, &mp_shm_shape, kind, bytes);
}

static uint64_t shm_commit(int peer, const struct mp_packet *packet)
{
    return mp_channel_commit(peer, packet);
}

static struct mp_channel shm_channel = {
    .name = "shm",
    .reserve = shm_reserve,
    .commit = shm_commit,
    .poll = shm_poll,
    .arm = shm_arm,
    .sleep = shm_sleep,
    .disarm = shm_disarm,
    .pull = shm_pull,
    .close = shm_close,
};

const struct mp_channel *mp_shm_open(mp_deliver_fn *on_packet)
{
    struct mp_segment_header *segment = mp_process.segment;
    size_t size = (size_t)mp_process.size;

    deliver = on_packet;
    mp_shm_shape = (struct mp_ring_shape){segment->cells, segment->bulk};
    mp_shm_peers = aligned_alloc(64, size * sizeof *mp_shm_peers);
    active = calloc(size, sizeof *active);
    if (!mp_shm_peers || !active) {
        mp_fail(MPI_ERR_NO_MEM, "no memory for the state of %zu peers", size);
        return NULL;
    }
    memset(mp_shm_peers, 0, size * sizeof *mp_shm_peers);
    for (int peer = 0; peer < mp_process.size; peer++) {
        struct mp_shm_peer *p = &mp_shm_peers[peer];
        p->out.ring = mp_segment_ring(segment, mp_process.rank, peer);
        p->out.bulk = mp_ring_bulk(segment, p->out.ring);
        p->in.ring = mp_segment_ring(segment, peer, mp_process.rank);
        p->in.bulk = mp_ring_bulk(segment, p->in.ring);
        p->board = mp_segment_board(segment, peer);
    }
    mp_remote_open();
    may_fence_for_others =
        size > 1 && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
    if (size > 1 && !may_fence_for_others) {
        fence_by_all();
    }
    // A quarter: then a reservation always succeeds once the reader has taken everything, however
    // much was skipped at the end of the area and however many credits it still holds back.
    shm_channel.payload_max = segment->bulk / 4;
    return &shm_channel;
}
