// SPDX-License-Identifier: MIT
// Two cores move a long message faster than one: each has its own buffers for lines that are under
// way, and its own path to memory. So the receiver of a long message, when it starts to copy,
// tells the sender (MP_PACKET_HELP), and a sender that is waiting copies too: the receiver from the
// front, the sender from the end, until they meet.
//
// The argument. The job lies in the receiver's heap: one, since a rank copies one message at a
// time. Its `claims` hold a generation and how many chunks each side has taken, and are changed by
// compare-and-swap only, so no chunk is taken twice. A sender that comes late finds another
// generation, or nothing left, and touches nothing; one that has got a chunk has it before the job
// is over, since the receiver waits for `done` to count all chunks, and until then neither buffer
// can go away. `done` is raised with release and read with acquire, so the receiver sees the bytes.
// The receiver waits for at most one chunk, which is why nobody is asked to help whose core is
// wanted by others.
//
// It does not always pay. What the sender copies ends in its own cache and has to come over when
// the receiver reads it. Between cores that are far apart two copy almost twice as fast as one at
// every size; between near ones, one alone is faster until the caches are too small. No table knows
// that, so both ways are tried now and then, and the faster one is taken, by peer and size.
#include "core/together.h"

#include "core/channel.h"
#include "heap/heap.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

// From here on asking for help may pay. A chunk is a compromise between the claims, a line's way
// each, and the time at the end when one waits for the other.
enum { TOGETHER_MIN = 16 << 10, CHUNK_MIN = 8 << 10, CHUNKS_MOST = 1 << 16, SPINS = 2000 };

struct job {
    _Alignas(MP_APART) _Atomic uint64_t claims; // both
    _Alignas(MP_APART) _Atomic uint64_t done;   // both
};

// claims: generation (22 bits), chunks taken from the end (21), chunks taken from the front (21)
enum { SIDE_BITS = 21 };
#define SIDE_MASK ((UINT64_C(1) << SIDE_BITS) - 1)

enum side { FRONT = 0, BACK = SIDE_BITS };

static struct job *job;
static uint32_t generation;

// How long each way takes lately, in nanoseconds a byte: per size, a power of two, and peer. Peers
// that share a place are no harm, just less well known.
enum { WAYS = 2, SIZES = 24, PEERS = 16, EXPLORE = 64, LEARN = 8 };
static struct taste {
    float time[WAYS]; // 0 alone, 1 together
    uint32_t count;
} tastes[PEERS][SIZES];

static struct taste *taste_for(int peer, size_t bytes)
{
    unsigned size = 63 - (unsigned)__builtin_clzll(bytes / TOGETHER_MIN);
    return &tastes[peer % PEERS][size < SIZES ? size : SIZES - 1];
}

// First each way in turn, then the better one, and the other every so often, since cores move: two
// times, of which the second counts, because the first finds the lines where the better way left
// them.
static unsigned choose_way(struct taste *taste)
{
    unsigned better = taste->time[1] < taste->time[0];
    uint32_t n = taste->count++;
    return n < LEARN ? n % WAYS : n % EXPLORE < 2 ? !better : better;
}

static void learn(struct taste *taste, unsigned way, float time)
{
    float *known = &taste->time[way];
    // Rather the quick ones: a slow one may have been interrupted.
    *known = *known == 0 || time < *known ? time
             : time > *known * 8          ? *known * 1.25f
                                          : *known * 0.75f + time * 0.25f;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static size_t chunk_bytes(size_t bytes)
{
    size_t chunk = CHUNK_MIN;
    while (bytes / chunk > 64 && chunk < (256 << 10)) {
        chunk *= 2;
    }
    while (bytes / chunk >= CHUNKS_MOST) {
        chunk *= 2;
    }
    return chunk;
}

// Copies chunks of the job's generation `mine` until they are all taken.
static void copy_chunks(struct job *work, uint32_t mine, enum side side, char *to, const char *from,
                        size_t bytes)
{
    size_t chunk = chunk_bytes(bytes);
    uint64_t chunks = (bytes + chunk - 1) / chunk;
    uint64_t claims = atomic_load_explicit(&work->claims, memory_order_relaxed);

    for (;;) {
        uint64_t front = claims & SIDE_MASK, back = claims >> SIDE_BITS & SIDE_MASK;
        if (claims >> 2 * SIDE_BITS != mine || front + back >= chunks) {
            return;
        }
        uint64_t wanted = claims + (UINT64_C(1) << side);
        // Acquire: whoever sees this generation sees `done` begin at 0.
        if (!atomic_compare_exchange_weak_explicit(&work->claims, &claims, wanted,
                                                   memory_order_acquire, memory_order_relaxed)) {
            continue;
        }
        size_t at = (side == FRONT ? front : chunks - 1 - back) * chunk;
        memcpy(to + at, from + at, bytes - at < chunk ? bytes - at : chunk);
        // Release: pairs with the acquire in mp_together_copy.
        atomic_fetch_add_explicit(&work->done, 1, memory_order_release);
        claims = wanted;
    }
}

// True if the peer is there to help: a sender that is not in a call now does not do so soon.
static bool may_ask(int peer, const void *to, size_t bytes)
{
    struct mp_board *board = mp_segment_board(mp_process.segment, peer);

    return bytes >= TOGETHER_MIN && !mp_process.crowded && mp_heap_holds(to, bytes) &&
           atomic_load_explicit(&board->call, memory_order_relaxed) != 0;
}

// Opens a job and tells the peer. False if there is no room for that.
static bool ask(int peer, void *to, const void *from, size_t bytes)
{
    if (!job) {
        job = mp_heap_allocate(sizeof *job, MP_APART, true);
    }
    if (!job || !mp_channel_reserve(peer, MP_PACKET_HELP, 0)) {
        return false;
    }
    generation = (generation + 1) & ((1 << (64 - 2 * SIDE_BITS)) - 1);
    atomic_store_explicit(&job->done, 0, memory_order_relaxed);
    // Release: pairs with the acquire in copy_chunks.
    atomic_store_explicit(&job->claims, (uint64_t)generation << 2 * SIDE_BITS,
                          memory_order_release);
    struct mp_packet help = {.kind = MP_PACKET_HELP,
                             .tag = (int32_t)generation,
                             .origin = (uintptr_t)job,
                             .target = (uintptr_t)to,
                             .address = (uintptr_t)from,
                             .total = bytes};
    mp_channel_commit(peer, &help);
    return true;
}

static void copy_together(void *to, const void *from, size_t bytes)
{
    size_t chunk = chunk_bytes(bytes);
    uint64_t chunks = (bytes + chunk - 1) / chunk;

    copy_chunks(job, generation, FRONT, to, from, bytes);
    for (int spins = 0; atomic_load_explicit(&job->done, memory_order_acquire) < chunks; spins++) {
        if (spins < SPINS) {
            mp_cpu_relax();
        } else {
            sched_yield();
        }
    }
}

void mp_together_copy(int peer, void *to, const void *from, size_t bytes)
{
    if (!may_ask(peer, to, bytes)) {
        memcpy(to, from, bytes);
        return;
    }
    struct taste *taste = taste_for(peer, bytes);
    unsigned way = choose_way(taste);
    int64_t start = now_ns();
    if (way == 1 && ask(peer, to, from, bytes)) {
        copy_together(to, from, bytes);
    } else {
        way = 0;
        memcpy(to, from, bytes);
    }
    // Per byte, since sizes within a power of two differ.
    if (taste->count <= LEARN || (taste->count - 1) % EXPLORE != 0) {
        learn(taste, way, (float)(now_ns() - start) / (float)bytes);
    }
}

void mp_together_help(int peer, const struct mp_packet *help)
{
    struct job *work = mp_heap_reach(peer, (void *)(uintptr_t)help->origin, sizeof *work);
    char *to = mp_heap_reach(peer, (void *)(uintptr_t)help->target, help->total);

    if (work && to) {
        copy_chunks(work, (uint32_t)help->tag, BACK, to, (const char *)(uintptr_t)help->address,
                    help->total);
    }
}
