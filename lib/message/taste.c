// SPDX-License-Identifier: MIT
#include "message/taste.h"

#include <time.h>

// How long each way takes lately, in nanoseconds a byte: per size, a power of two, and peer. Peers
// that share a place are no harm, just less well known.
enum { WAYS = 3, KINDS = 4, SIZES = 24, PEERS = 16, LEARN = 4 };
// A way that is not the best is tried once in so many messages: one that takes much longer seldom.
enum { EXPLORE = 64, EXPLORE_WORSE = 256 };
static struct taste {
    float time[WAYS]; // 0: not known
    uint32_t count;
} tastes[KINDS][PEERS][SIZES];

static const unsigned ways_of[KINDS] = {3, 2, 3, 3};

static struct taste *taste_for(enum mp_taste kind, int peer, MPI_Count bytes)
{
    unsigned size = 63 - (unsigned)__builtin_clzll((uint64_t)bytes / MP_TASTE_MIN);
    return &tastes[kind][peer % PEERS][size < SIZES ? size : SIZES - 1];
}

// First each way in turn, then the best one, and the others every so often, since cores move: two
// times, of which the second counts, because the first finds the lines where the best way left
// them.
enum mp_way mp_taste_choose(enum mp_taste kind, int peer, MPI_Count bytes)
{
    struct taste *taste = taste_for(kind, peer, bytes);
    unsigned ways = ways_of[kind], best = 0;
    uint32_t n = taste->count++;

    if (n < LEARN * ways) {
        return (enum mp_way)(n % ways);
    }
    for (unsigned way = 1; way < ways; way++) {
        // A kernel that copies for the receiver leaves the sender free for its next message.
        float handicap = kind == MP_TASTE_REMOTE && best == MP_WAY_ALONE ? 1.15f : 1;
        float time = taste->time[way] * handicap, known = taste->time[best];
        best = time > 0 && (time < known || known == 0) ? way : best;
    }
    if (n % EXPLORE < 2) {
        unsigned other = (best + 1 + n / EXPLORE % (ways - 1)) % ways;
        if (taste->time[other] < taste->time[best] * 1.5f || n % EXPLORE_WORSE < 2) {
            best = other;
        }
    }
    return (enum mp_way)best;
}

int64_t mp_taste_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void mp_taste_learn(enum mp_taste kind, int peer, MPI_Count bytes, enum mp_way way, int64_t start)
{
    struct taste *taste = taste_for(kind, peer, bytes);
    if ((taste->count - 1) % EXPLORE == 0 && taste->count > 1) {
        return;
    }
    // Per byte, since sizes within a power of two differ.
    float time = (float)(mp_taste_now() - start) / (float)bytes, *known = &taste->time[way];
    // Rather the quick ones: a slow one may have been interrupted.
    *known = *known == 0 || time < *known ? time
             : time > *known * 8          ? *known * 1.25f
                                          : *known * 0.75f + time * 0.25f;
}
