// SPDX-License-Identifier: MIT
// Two cores move a long message faster than one: each has its own buffers for lines that are under
// way, and its own path to memory. So the receiver of a long message, when it starts to copy,
// tells the sender (MP_PACKET_HELP), and a sender that is waiting copies too: the receiver from the
// front, the sender from the end, until they meet.
//
// The argument. The job lies in the receiver's heap: one, since a rank copies one message at a
// time. Its `claims` hold a generation and how many units each side has taken, and are changed by
// compare-and-swap only, so no unit is taken twice. A sender that comes late finds another
// generation, or nothing left, and looks at nothing else; one that has got units has them before
// the job is over, since the receiver, once all are taken, waits for `done` to say that those of
// the sender are copied, and until then neither the buffers nor the job change. `done` is stored
// with release and read with acquire, so the receiver sees the bytes. The receiver waits for at
// most one claim, which is why nobody is asked to help whose core is wanted by others.
//
// It does not always pay. What the sender copies ends in its own cache and has to come over when
// the receiver reads it. Between cores that are far apart two copy almost twice as fast as one at
// every size; between near ones, one alone is faster until the caches are too small. And where both
// sides are strided there is a third way: each touches its own cache lines only, and what crosses
// is packed (core/outgoing.c pushes it). Where neither is, the third way is that the sender copies
// past its cache: to memory, from where the receiver reads faster than from another core's cache.
// No table knows which is best, so all ways are tried now and then, and the fastest is taken, by
// peer, size and kind.
#include "core/together.h"

#include "base/stream.h"
#include "core/channel.h"
#include "heap/heap.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

// From TOGETHER_MIN bytes on asking for help may pay. A side claims a part of what is left, so that
// both end at about the same time after few claims, a line's way to and fro each; no less than
// LEAST, and no more than MOST, since a claimant may be interrupted and the other then waits.
enum { TOGETHER_MIN = 16 << 10, UNIT = 1 << 10, LEAST = 2, MOST = 256, SHARE = 3, SPINS = 2000 };

struct job {
    _Alignas(MP_APART) _Atomic uint64_t claims;   // both
    _Alignas(MP_APART) _Atomic uint64_t done;     // units, by the sender; 0 by the receiver
    _Alignas(MP_APART) struct mp_layout to, from; // the receiver, before it sets `claims`
};

// claims: generation (22 bits), units taken from the end (21), units taken from the front (21)
enum { SIDE_BITS = 21 };
#define SIDE_MASK ((UINT64_C(1) << SIDE_BITS) - 1)

enum side { FRONT = 0, BACK = SIDE_BITS };

static struct job *job;
static uint32_t generation;

// How long each way takes lately, in nanoseconds a byte: per size, a power of two, and peer. Peers
// that share a place are no harm, just less well known.
enum way { ALONE, TOGETHER, PUSHED, PAST_CACHE = PUSHED, WAYS };
enum kind { PLAIN, HALF_STRIDED, STRIDED, KINDS }; // sides that are not contiguous: 0, 1, 2
enum { SIZES = 24, PEERS = 16, EXPLORE = 64, LEARN = 4 };
static struct taste {
    float time[WAYS];
    uint32_t count;
} tastes[KINDS][PEERS][SIZES];

static enum kind kind_of(const struct mp_layout *to, const struct mp_layout *from)
{
    return (enum kind)(!mp_layout_is_contiguous(to) + !mp_layout_is_contiguous(from));
}

static struct taste *taste_for(enum kind kind, int peer, MPI_Count bytes)
{
    unsigned size = 63 - (unsigned)__builtin_clzll((uint64_t)bytes / TOGETHER_MIN);
    return &tastes[kind][peer % PEERS][size < SIZES ? size : SIZES - 1];
}

static unsigned ways_of(enum kind kind)
{
    return kind == HALF_STRIDED ? 2 : WAYS;
}

// First each way in turn, then the best one, and the others every so often, since cores move: two
// times, of which the second counts, because the first finds the lines where the best way left
// them.
static enum way choose_way(struct taste *taste, unsigned ways)
{
    uint32_t n = taste->count++;
    if (n < LEARN * ways) {
        return (enum way)(n % ways);
    }
    unsigned best = 0;
    for (unsigned way = 1; way < ways; way++) {
        best = taste->time[way] < taste->time[best] ? way : best;
    }
    if (n % EXPLORE < 2) {
        best = (best + 1 + n / EXPLORE % (ways - 1)) % ways;
    }
    return (enum way)best;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void learn(struct taste *taste, enum way way, int64_t start, MPI_Count bytes)
{
    if ((taste->count - 1) % EXPLORE == 0 && taste->count > 1) {
        return;
    }
    // Per byte, since sizes within a power of two differ.
    float time = (float)(now_ns() - start) / (float)bytes, *known = &taste->time[way];
    // Rather the quick ones: a slow one may have been interrupted.
    *known = *known == 0 || time < *known ? time
             : time > *known * 8          ? *known * 1.25f
                                          : *known * 0.75f + time * 0.25f;
}

static MPI_Count unit_bytes(MPI_Count bytes)
{
    MPI_Count unit = UNIT;
    while (bytes / unit >= (MPI_Count)SIDE_MASK) {
        unit *= 2;
    }
    return unit;
}

// What a side claims of so many units.
static uint64_t share_of(uint64_t left)
{
    uint64_t share = left / SHARE;
    share = share < LEAST ? LEAST : share > MOST ? MOST : share;
    return share < left ? share : left;
}

// Takes units of the generation `mine`: *first and on. Returns how many, 0 if none are left.
static uint64_t claim(struct job *work, uint32_t mine, enum side side, uint64_t units,
                      uint64_t *first)
{
    uint64_t claims = atomic_load_explicit(&work->claims, memory_order_relaxed);
    for (;;) {
        uint64_t front = claims & SIDE_MASK, back = claims >> SIDE_BITS & SIDE_MASK;
        if (claims >> 2 * SIDE_BITS != mine || front + back >= units) {
            return 0;
        }
        uint64_t share = share_of(units - front - back);
        // Acquire: whoever sees this generation sees `done` begin at 0, and the layouts.
        if (atomic_compare_exchange_weak_explicit(&work->claims, &claims, claims + (share << side),
                                                  memory_order_acquire, memory_order_relaxed)) {
            *first = side == FRONT ? front : units - back - share;
            return share;
        }
    }
}

static void copy_units(const struct mp_layout *to, const struct mp_layout *from, uint64_t first,
                       uint64_t count, MPI_Count unit, MPI_Count bytes)
{
    MPI_Count at = (MPI_Count)first * unit, length = (MPI_Count)count * unit;
    mp_layout_copy(to, from, at, bytes - at < length ? bytes - at : length);
}

// True if the peer is there to help: a sender that is not in a call now does not do so soon.
static bool may_ask(int peer, const struct mp_layout *to, MPI_Count bytes)
{
    struct mp_board *board = mp_segment_board(mp_process.segment, peer);

    return bytes >= TOGETHER_MIN && !mp_process.crowded &&
           mp_heap_holds((void *)(uintptr_t)to->low, to->span) &&
           atomic_load_explicit(&board->call, memory_order_relaxed) != 0;
}

// What a packet asks for, in `source`.
enum { ASK_LAYOUTS, ASK_PLAIN, ASK_PAST_CACHE };

// Opens a job, of which the first part is this rank's, and tells the peer. Returns that part's
// units, 0 if there is no room.
static uint64_t ask(int peer, const struct mp_layout *to, const struct mp_layout *from,
                    uint64_t units, MPI_Count bytes, enum way way)
{
    if (!job) {
        job = mp_heap_allocate(sizeof *job, MP_APART, true);
    }
    if (!job || !mp_channel_reserve(peer, MP_PACKET_HELP, 0)) {
        return 0;
    }
    bool plain = kind_of(to, from) == PLAIN;
    if (!plain) {
        job->to = *to;
        job->from = *from;
    }
    uint64_t share = share_of(units);
    generation = (generation + 1) & ((1 << (64 - 2 * SIDE_BITS)) - 1);
    atomic_store_explicit(&job->done, 0, memory_order_relaxed);
    // Release: pairs with the acquire in claim.
    atomic_store_explicit(&job->claims, (uint64_t)generation << 2 * SIDE_BITS | share,
                          memory_order_release);
    struct mp_packet help = {.kind = MP_PACKET_HELP,
                             .source = !plain              ? ASK_LAYOUTS
                                       : way == PAST_CACHE ? ASK_PAST_CACHE
                                                           : ASK_PLAIN,
                             .tag = (int32_t)generation,
                             .origin = (uintptr_t)job,
                             .target = to->low,
                             .address = plain ? from->low : to->span,
                             .total = (uint64_t)bytes};
    mp_channel_commit(peer, &help);
    return share;
}

// False if the peer cannot be told.
static bool copy_together(int peer, const struct mp_layout *to, const struct mp_layout *from,
                          MPI_Count bytes, enum way way)
{
    MPI_Count unit = unit_bytes(bytes);
    uint64_t units = (uint64_t)((bytes + unit - 1) / unit), first = 0;
    uint64_t count = ask(peer, to, from, units, bytes, way);
    if (!count) {
        return false;
    }
    do {
        copy_units(to, from, first, count, unit, bytes);
    } while ((count = claim(job, generation, FRONT, units, &first)) != 0);

    // All are taken: what the sender has is what it had at the end.
    uint64_t others = atomic_load_explicit(&job->claims, memory_order_relaxed) >> SIDE_BITS;
    others &= SIDE_MASK;
    for (int spins = 0; atomic_load_explicit(&job->done, memory_order_acquire) != others; spins++) {
        if (spins < SPINS) {
            mp_cpu_relax();
        } else {
            sched_yield();
        }
    }
    return true;
}

int64_t mp_together_move(int peer, const struct mp_layout *to, const struct mp_layout *from,
                         MPI_Count bytes)
{
    if (!may_ask(peer, to, bytes)) {
        mp_layout_copy(to, from, 0, bytes);
        return 0;
    }
    enum kind kind = kind_of(to, from);
    struct taste *taste = taste_for(kind, peer, bytes);
    enum way way = choose_way(taste, ways_of(kind));
    int64_t start = now_ns();
    if (way == PUSHED && kind == STRIDED) {
        return start;
    }
    if (way == ALONE || !copy_together(peer, to, from, bytes, way)) {
        way = ALONE;
        mp_layout_copy(to, from, 0, bytes);
    }
    learn(taste, way, start, bytes);
    return 0;
}

void mp_together_pushed(int peer, MPI_Count bytes, int64_t start)
{
    learn(taste_for(STRIDED, peer, bytes), PUSHED, start, bytes);
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

void mp_together_help(int peer, const struct mp_packet *help)
{
    struct job *work = mp_heap_reach(peer, (void *)(uintptr_t)help->origin, sizeof *work);
    MPI_Count bytes = (MPI_Count)help->total, unit = unit_bytes(bytes);
    uint64_t units = (uint64_t)((bytes + unit - 1) / unit), first, count, done = 0;
    bool plain = help->source != ASK_LAYOUTS;
    void *place =
        mp_heap_reach(peer, (void *)(uintptr_t)help->target, plain ? help->total : help->address);

    if (!work || !place) {
        return;
    }
    struct mp_layout to, from;
    if (plain) {
        to = mp_layout_bytes(place, help->total);
        from = mp_layout_bytes((void *)(uintptr_t)help->address, help->total);
    }
    while ((count = claim(work, (uint32_t)help->tag, BACK, units, &first)) != 0) {
        if (!plain && !done) {
            to = work->to;
            from = work->from; // where the receiver has it, and so have we
            mp_layout_move(&to, place);
        }
        if (help->source == ASK_PAST_CACHE) {
            MPI_Count at = (MPI_Count)first * unit, length = (MPI_Count)count * unit;
            mp_stream_copy((char *)place + at, (const char *)(uintptr_t)help->address + at,
                           (size_t)(bytes - at < length ? bytes - at : length));
        } else {
            copy_units(&to, &from, first, count, unit, bytes);
        }
        done += count;
        // Release: pairs with the acquire in copy_together. Nobody else stores to it now.
        atomic_store_explicit(&work->done, done, memory_order_release);
    }
}
