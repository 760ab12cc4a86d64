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
// It does not always pay. What the sender copies ends in its own cache and has to come over when
// the receiver reads it. Between cores that are far apart two copy almost twice as fast as one at
// every size; between near ones, one alone is faster until the caches are too small. And where both
// sides are strided there is a third way: each touches its own cache lines only, and what crosses
// is packed (message/outgoing.c pushes it). Where neither is, the third way is that the sender
// copies past its cache: to memory, from where the receiver reads faster than from another core's
// cache. message/taste.h finds out which is best.
#include "message/together.h"

#include "base/stream.h"
#include "heap/heap.h"
#include "message/taste.h"
#include "process/channel.h"
#include "process/remote.h"
#include "wait/progress.h"

#include <stdatomic.h>
#include <string.h>

// From TOGETHER_MIN bytes on asking for help may pay. A side claims a part of what is left, so that
// both end at about the same time after few claims, a line's way to and fro each; no less than
// LEAST, and no more than MOST, since a claimant may be interrupted and the other then waits.
enum {
    TOGETHER_MIN = MP_TASTE_MIN,
    UNIT = 1 << 10,
    REMOTE_UNIT = 4 << 10,
    LEAST = 2,
    MOST = 256,
    SHARE = 3
};

// claims: generation (22 bits), units taken from the end (21), units taken from the front (21)
enum { SIDE_BITS = 21 };
#define SIDE_MASK ((UINT64_C(1) << SIDE_BITS) - 1)

enum side { FRONT = 0, BACK = SIDE_BITS };

// `done`: units copied by the sender, or that it could not.
#define FAILED UINT64_MAX

// How the two copy, in the `source` of the packet that asks for help.
enum how { REGULAR, PLAIN, PAST_CACHE, REMOTE };

// A message, as either side sees it.
struct job {
    int peer;
    bool receiving;
    enum side side; // this rank's
    enum how how;
    uint32_t generation;
    struct mp_board *board; // the receiver's
    struct mp_layout to, from;
    MPI_Count bytes, unit;
    uint64_t units;
};

static uint32_t generation;

// For a sender to find the layouts of a REGULAR message in the receiver's heap.
static struct layouts {
    struct mp_layout to, from;
} * layouts;

static enum mp_taste kind_of(const struct mp_layout *to, const struct mp_layout *from)
{
    return (enum mp_taste)(!mp_layout_is_contiguous(to) + !mp_layout_is_contiguous(from));
}

// The kernel takes some time for each call, and by pages.
static void set_units(struct job *job)
{
    job->unit = job->how == REMOTE ? REMOTE_UNIT : UNIT;
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
        // Acquire: whoever sees this generation sees `done` begin at 0, and the layouts.
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
    uint64_t to = job->to.low + (uint64_t)at, from = job->from.low + (uint64_t)at;

    if (job->how == REMOTE && job->receiving) {
        return mp_remote_read(job->peer, from, (void *)(uintptr_t)to, (size_t)length);
    }
    if (job->how == REMOTE) {
        return mp_remote_write(job->peer, to, (const void *)(uintptr_t)from, (size_t)length);
    }
    if (job->how == PAST_CACHE && !job->receiving) {
        mp_stream_copy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, (size_t)length);
    } else {
        mp_layout_copy(&job->to, &job->from, at, length);
    }
    return true;
}

bool mp_together_may_ask(int peer, MPI_Count bytes)
{
    struct mp_board *board = mp_segment_board(mp_process.segment, peer);

    // A sender that is not in a call now does not come soon.
    return bytes >= TOGETHER_MIN && !mp_process.crowded &&
           atomic_load_explicit(&board->call, memory_order_relaxed) != 0;
}

// Opens a job, of which the first part is this rank's, and tells the peer. Returns that part's
// units, 0 if there is no room.
static uint64_t ask(struct job *job)
{
    if (job->how == REGULAR && !layouts) {
        layouts = mp_heap_allocate(sizeof *layouts, MP_APART, true);
    }
    if ((job->how == REGULAR && !layouts) || !mp_channel_reserve(job->peer, MP_PACKET_HELP, 0)) {
        return 0;
    }
    if (job->how == REGULAR) {
        *layouts = (struct layouts){job->to, job->from};
    }
    uint64_t share = share_of(job->units);
    job->generation = generation = (generation + 1) & ((1 << (64 - 2 * SIDE_BITS)) - 1);
    atomic_store_explicit(&job->board->done, 0, memory_order_relaxed);
    // Release: pairs with the acquire in claim.
    atomic_store_explicit(&job->board->claims,
                          (uint64_t)generation << 2 * SIDE_BITS | share << job->side,
                          memory_order_release);
    struct mp_packet help = {.kind = MP_PACKET_HELP,
                             .source = (int32_t)job->how,
                             .tag = (int32_t)generation,
                             .origin = job->how == REGULAR ? (uintptr_t)layouts : 0,
                             .target = job->to.low,
                             .address = job->from.low,
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

// In any case nobody copies any more. REFUSED: not all of it is there.
enum outcome { COPIED, NOT_TOLD, REFUSED };

static enum outcome copy_together(struct job *job)
{
    job->receiving = true;
    job->side = side_beside(job->peer);
    job->board = mp_process.board;
    set_units(job);
    uint64_t count = ask(job), first = job->side == FRONT ? 0 : job->units - count;
    if (!count) {
        return NOT_TOLD;
    }
    bool copied = true;
    do {
        copied = copied && copy_units(job, first, count);
    } while ((count = claim(job, &first)) != 0);

    uint64_t claims = atomic_load_explicit(&job->board->claims, memory_order_relaxed);
    uint64_t others = claims >> (job->side == FRONT ? BACK : FRONT) & SIDE_MASK;
    if (!await_sender(job, others)) {
        copied = copied && copy_units(job, job->side == FRONT ? job->units - others : 0, others);
    }
    return copied ? COPIED : REFUSED;
}

int64_t mp_together_move(int peer, const struct mp_layout *to, const struct mp_layout *from,
                         MPI_Count bytes)
{
    if (!mp_together_may_ask(peer, bytes) || !mp_heap_holds((void *)(uintptr_t)to->low, to->span)) {
        mp_layout_copy(to, from, 0, bytes);
        return 0;
    }
    enum mp_taste kind = kind_of(to, from);
    enum mp_way way = mp_taste_choose(kind, peer, bytes);
    int64_t start = mp_taste_now();
    if (way == MP_WAY_PUSHED && kind == MP_TASTE_STRIDED) {
        return start;
    }
    struct job job = {.peer = peer, .to = *to, .from = *from, .bytes = bytes};
    job.how = kind != MP_TASTE_PLAIN ? REGULAR : way == MP_WAY_PAST_CACHE ? PAST_CACHE : PLAIN;
    if (way == MP_WAY_ALONE || copy_together(&job) != COPIED) {
        way = MP_WAY_ALONE;
        mp_layout_copy(to, from, 0, bytes);
    }
    mp_taste_learn(kind, peer, bytes, way, start);
    return 0;
}

bool mp_together_remote(int peer, void *to, uint64_t from, MPI_Count bytes)
{
    struct job job = {.peer = peer, .how = REMOTE, .bytes = bytes};
    job.to = mp_layout_bytes(to, (size_t)bytes);
    job.from = mp_layout_bytes((const void *)(uintptr_t)from, (size_t)bytes);
    enum outcome outcome = copy_together(&job);
    return outcome == COPIED ||
           (outcome == NOT_TOLD && mp_remote_read(peer, from, to, (size_t)bytes));
}

void mp_together_copy(int peer, void *to, const void *from, size_t bytes)
{
    if (bytes < TOGETHER_MIN) {
        memcpy(to, from, bytes);
        return;
    }
    struct mp_layout here = mp_layout_bytes(to, bytes), there = mp_layout_bytes(from, bytes);
    mp_together_move(peer, &here, &there, (MPI_Count)bytes);
}

// Sets what the packet says of the two sides. False if this rank cannot copy.
static bool take_job(struct job *job, const struct mp_packet *help)
{
    void *place = (void *)(uintptr_t)help->target;
    const void *source = (const void *)(uintptr_t)help->address;

    job->how = (enum how)help->source;
    if (job->how == REGULAR) {
        // Only once something is claimed: until then they may be those of a later message.
        return true;
    }
    if (job->how != REMOTE) {
        // `source` is where the receiver has our bytes, and so have we.
        place = mp_heap_reach(job->peer, place, help->total);
    }
    job->to = mp_layout_bytes(place, help->total);
    job->from = mp_layout_bytes(source, help->total);
    return job->how == REMOTE ? mp_remote_can(job->peer) : place != NULL;
}

// False if the layouts of a REGULAR message, of which something is claimed, are out of reach.
static bool take_layouts(struct job *job, uint64_t address)
{
    const struct layouts *told = mp_heap_reach(job->peer, (void *)(uintptr_t)address, sizeof *told);
    if (!told) {
        return false;
    }
    job->to = told->to;
    job->from = told->from;
    void *place = mp_heap_reach(job->peer, (void *)(uintptr_t)job->to.low, job->to.span);
    if (place) {
        mp_layout_move(&job->to, place);
    }
    return place != NULL;
}

void mp_together_help(int peer, const struct mp_packet *help)
{
    struct job job = {.peer = peer,
                      .side = side_beside(peer),
                      .generation = (uint32_t)help->tag,
                      .board = mp_segment_board(mp_process.segment, peer),
                      .bytes = (MPI_Count)help->total};
    uint64_t first, count, done = 0;

    if (!take_job(&job, help)) {
        return;
    }
    set_units(&job);
    while ((count = claim(&job, &first)) != 0) {
        bool ready = job.how != REGULAR || done || take_layouts(&job, help->origin);
        // Release: pairs with the acquire in await_sender. Nobody else stores to it now.
        if (!ready || !copy_units(&job, first, count)) {
            atomic_store_explicit(&job.board->done, FAILED, memory_order_release);
            return;
        }
        done += count;
        atomic_store_explicit(&job.board->done, done, memory_order_release);
    }
}
