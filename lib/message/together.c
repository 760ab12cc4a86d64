// SPDX-License-Identifier: MIT
// Two cores move a long message faster than one: each has its own buffers for lines that are under
// way, and its own path to memory. So the receiver of a long message, when it starts to copy,
// tells the sender (MP_PACKET_HELP), and a sender that is waiting copies too: one from the front,
// the other from the end, until they meet.
//
// The argument. The job is on the receiver's board: one, since a rank copies one message at a time.
// Its `claims` hold a generation and how many units each side has taken, and are changed by
// compare-and-swap only, so no unit is taken twice. A sender that comes late finds another
// generation, or nothing left, and looks at nothing else; one that has got units has them before
// the job is over, since the receiver, once all are taken, waits for `done` to say that those of
// the sender are copied, and until then neither the buffers nor the job change. `done` is stored
// with release and read with acquire, so the receiver sees the bytes. The receiver waits for at
// most one claim, which is why nobody is asked to help whose core is wanted by others.
//
// Where the two cannot reach each other's memory but the kernel can, it works for both of them at
// once: the receiver reads, the sender writes. If the kernel refuses one, that one says so, and
// what it claimed is copied in another way.
//
// A sender that waits in a blocking send has nothing else to do. It copies past its cache, unless
// it sends back what it was sent: from memory the receiver reads faster than out of another core's
// cache. (1 MB of fresh buffers: 59 us, not 78. 256 KB: 17, not 21. But 1 MB to and fro in one
// buffer: 27 us, not 13.) A sender in any other call is in the middle of a stream, or receives as
// well. It copies as usual then (4 MB: 47 us, not 79), and leaves it to the kernel's single copy
// where that is the way (256 KB both ways: 5.3 us, not 13), since its core has work.
#include "message/together.h"

#include "base/stream.h"
#include "heap/heap.h"
#include "message/deliver.h"
#include "process/peers.h"
#include "process/remote.h"
#include "wait/progress.h"

#include <stdatomic.h>
#include <string.h>

// A side claims a part of what is left, so that both end at about the same time after few claims, a
// line's way to and fro each; no less than LEAST, and no more than MOST, since a claimant may be
// interrupted and the other then waits. For the kernel, units are larger (set_units).
// PAST_CACHE_MIN: below, the receiver finds it in a cache anyway.
enum {
    UNIT = 1 << 10,
    KERNEL_UNIT_MOST = 32 << 10,
    LEAST = 2,
    MOST = 256,
    SHARE = 3,
    PAST_CACHE_MIN = 256 << 10
};

// claims: generation (22 bits), units taken from the end (21), units taken from the front (21)
enum { SIDE_BITS = 21 };
#define SIDE_MASK ((UINT64_C(1) << SIDE_BITS) - 1)

enum side { FRONT = 0, BACK = SIDE_BITS };

// `done`: units copied by the sender, or that it could not.
#define FAILED UINT64_MAX

// A message, as either side sees it.
struct job {
    int peer;
    bool receiving;
    bool by_kernel;
    bool past_cache; // the sender
    enum side side;  // this rank's
    uint32_t generation;
    struct mp_board *board; // the receiver's
    struct sides {
        struct mp_layout to, from;
    } sides;
    MPI_Count bytes, unit;
    uint64_t units;
};

static uint32_t generation;

// The kernel takes some time for each call, so it gets few: LEAST units of up to 128 KB are one
// half, and each side copies that in one call. (64 KB to and fro: 5.0 us with halves, 6.9 with
// quarters.)
static void set_units(struct job *job)
{
    MPI_Count quarter = (MPI_Count)mp_round_up((size_t)(job->bytes + 3) / 4, UNIT);
    job->unit = !job->by_kernel ? UNIT : quarter < KERNEL_UNIT_MOST ? quarter : KERNEL_UNIT_MOST;
    while (job->bytes / job->unit >= (MPI_Count)SIDE_MASK) {
        job->unit *= 2;
    }
    job->units = (uint64_t)((job->bytes + job->unit - 1) / job->unit);
}

// Each of two ranks has its side, whichever of them receives: what it wrote in one message it reads
// in the answer, if a buffer serves both.
static enum side side_beside(int peer)
{
    return mp_process.rank < peer ? FRONT : BACK;
}

// What a side claims of so many units.
static uint64_t share_of(uint64_t left)
{
    uint64_t share = left / SHARE;
    share = share < LEAST ? LEAST : share > MOST ? MOST : share;
    return share < left ? share : left;
}

// Takes units: *first and on. Returns how many, 0 if none are left.
static uint64_t claim(const struct job *job, uint64_t *first)
{
    _Atomic uint64_t *word = &job->board->claims;
    uint64_t claims = atomic_load_explicit(word, memory_order_relaxed);
    for (;;) {
        uint64_t front = claims & SIDE_MASK, back = claims >> SIDE_BITS & SIDE_MASK;
        if (claims >> 2 * SIDE_BITS != job->generation || front + back >= job->units) {
            return 0;
        }
        uint64_t share = share_of(job->units - front - back);
        // Acquire: whoever sees this generation sees `done` begin at 0.
        if (atomic_compare_exchange_weak_explicit(word, &claims, claims + (share << job->side),
                                                  memory_order_acquire, memory_order_relaxed)) {
            *first = job->side == FRONT ? front : job->units - back - share;
            return share;
        }
    }
}

// False if the kernel refuses.
static bool copy_units(const struct job *job, uint64_t first, uint64_t count)
{
    MPI_Count at = (MPI_Count)first * job->unit, length = (MPI_Count)count * job->unit;
    length = job->bytes - at < length ? job->bytes - at : length;
    uint64_t to = job->sides.to.low + (uint64_t)at, from = job->sides.from.low + (uint64_t)at;

    if (job->by_kernel && job->receiving) {
        return mp_remote_read(job->peer, from, (void *)(uintptr_t)to, (size_t)length);
    }
    if (job->by_kernel) {
        return mp_remote_write(job->peer, to, (const void *)(uintptr_t)from, (size_t)length);
    }
    if (job->past_cache) {
        mp_stream_copy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, (size_t)length);
    } else {
        mp_layout_copy(&job->sides.to, &job->sides.from, at, length);
    }
    return true;
}

bool mp_together_may_ask(int peer)
{
    struct mp_board *board = mp_shm_peers[peer].board;

    // A sender that is not in a call now does not come soon.
    return !mp_process.crowded && atomic_load_explicit(&board->call, memory_order_relaxed) != 0;
}

bool mp_together_sends(int rank)
{
    struct mp_board *board = mp_shm_peers[rank].board;

    switch (atomic_load_explicit(&board->call, memory_order_relaxed)) {
    case MP_CALL_Send:
    case MP_CALL_Send_c:
    case MP_CALL_Ssend:
    case MP_CALL_Ssend_c:
    case MP_CALL_Rsend:
    case MP_CALL_Rsend_c:
        return true;
    default:
        return false;
    }
}

static bool is_plain(const struct sides *sides)
{
    return mp_layout_is_contiguous(&sides->to) && mp_layout_is_contiguous(&sides->from);
}

// Opens a job, of which the first part is this rank's, and tells the peer. Returns that part's
// units, 0 if there is no room.
static uint64_t ask(struct job *job, uint64_t number)
{
    size_t told = is_plain(&job->sides) ? 0 : sizeof job->sides;
    void *room = mp_channel_reserve(job->peer, MP_PACKET_HELP, told);
    if (!room) {
        return 0;
    }
    memcpy(room, &job->sides, told);
    uint64_t share = share_of(job->units);
    job->generation = generation = (generation + 1) & ((1 << (64 - 2 * SIDE_BITS)) - 1);
    atomic_store_explicit(&job->board->done, 0, memory_order_relaxed);
    // Release: pairs with the acquire in claim.
    atomic_store_explicit(&job->board->claims,
                          (uint64_t)generation << 2 * SIDE_BITS | share << job->side,
                          memory_order_release);
    struct mp_packet help = {.kind = MP_PACKET_HELP,
                             .source = job->by_kernel,
                             .tag = (int32_t)generation,
                             .length = (uint32_t)told,
                             .origin = number,
                             .target = job->sides.to.low,
                             .address = job->sides.from.low,
                             .total = (uint64_t)job->bytes};
    mp_channel_commit(job->peer, &help);
    return share;
}

// All is claimed. Waits for what the sender has; false if it could not. Nobody can do without: a
// sender that has claimed units may write there whenever it runs again, so the message is not
// complete before it has, and no other message can be copied together. It keeps the lock, since it
// is in the middle of taking a packet: other threads wait as long as the sender takes, which needs
// nothing of them for its copying. That is the time to copy a few units; if the sender is stopped
// in the middle of that, as long as it is, and then the pauses take no time from others.
static bool await_sender(const struct job *job, uint64_t units)
{
    unsigned pauses = 0;
    uint64_t done;
    while ((done = atomic_load_explicit(&job->board->done, memory_order_acquire)) != units) {
        if (done == FAILED) {
            return false;
        }
        mp_pause_holding(&pauses);
    }
    return true;
}

bool mp_together_copy(int peer, const struct mp_layout *to, const struct mp_layout *from,
                      MPI_Count bytes, uint64_t number, bool by_kernel)
{
    struct job job = {.peer = peer,
                      .receiving = true,
                      .by_kernel = by_kernel,
                      .side = side_beside(peer),
                      .board = mp_process.board,
                      .sides = {*to, *from},
                      .bytes = bytes};
    mp_shm_peers[peer].copied_to = to->low;
    set_units(&job);
    uint64_t count = ask(&job, number), first = job.side == FRONT ? 0 : job.units - count;
    if (!count) {
        return copy_units(&job, 0, job.units);
    }
    bool copied = true;
    do {
        copied = copied && copy_units(&job, first, count);
    } while ((count = claim(&job, &first)) != 0);

    uint64_t claims = atomic_load_explicit(&job.board->claims, memory_order_relaxed);
    uint64_t others = claims >> (job.side == FRONT ? BACK : FRONT) & SIDE_MASK;
    if (!await_sender(&job, others)) {
        copied = copied && copy_units(&job, job.side == FRONT ? job.units - others : 0, others);
    }
    return copied;
}

// Sets what the packet says of the two sides. False if this rank cannot copy.
static bool take_sides(struct job *job, const struct mp_packet *help, const void *told)
{
    struct sides *sides = &job->sides;
    if (help->length) {
        memcpy(sides, told, sizeof *sides);
    } else {
        sides->to = mp_layout_bytes((void *)(uintptr_t)help->target, help->total);
        sides->from = mp_layout_bytes((void *)(uintptr_t)help->address, help->total);
    }
    if (job->by_kernel) {
        return mp_remote_can(job->peer);
    }
    // `from` is where the receiver has our bytes, and so have we.
    void *place = mp_heap_reach(job->peer, (void *)(uintptr_t)sides->to.low, sides->to.span);
    if (place) {
        mp_layout_move(&sides->to, place);
    }
    return place != NULL;
}

void mp_together_help(int peer, const struct mp_packet *help, const void *told)
{
    bool sends = mp_together_sends(mp_process.rank);
    struct job job = {.peer = peer,
                      .by_kernel = help->source,
                      .side = side_beside(peer),
                      .generation = (uint32_t)help->tag,
                      .board = mp_shm_peers[peer].board,
                      .bytes = (MPI_Count)help->total};
    uint64_t first, count, done = 0;

    if ((job.by_kernel && !sends) || !take_sides(&job, help, told)) {
        return;
    }
    job.past_cache = sends && job.bytes >= PAST_CACHE_MIN && is_plain(&job.sides) &&
                     job.sides.from.low != mp_shm_peers[peer].copied_to;
    set_units(&job);
    while ((count = claim(&job, &first)) != 0) {
        // Release: pairs with the acquire in await_sender. Nobody else stores to it now.
        if (!copy_units(&job, first, count)) {
            atomic_store_explicit(&job.board->done, FAILED, memory_order_release);
            return;
        }
        done += count;
        atomic_store_explicit(&job.board->done, done, memory_order_release);
    }
}

void mp_together_open(void)
{
    mp_deliver_register(MP_PACKET_HELP, mp_together_help);
}
