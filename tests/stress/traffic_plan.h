// SPDX-License-Identifier: MIT
// The model that traffic.c holds messages against: a plan that every rank can compute from the
// seed, and the bytes of every message in it. A message is known by its round, source, destination
// and number; all else follows from these by a random number generator (splitmix64; Steele, Lea and
// Flood 2014). Sizes are log-uniform.
#ifndef TESTS_STRESS_TRAFFIC_PLAN_H
#define TESTS_STRESS_TRAFFIC_PLAN_H

#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAGS = 5, COMMS = 2, GUARD = 8, PERIOD = (1 << 20) - 3 };

struct plan {
    uint64_t seed;
    uint64_t max_size;
    int ranks;
    int per_pair; // at most so many messages from one rank to another in one round
};

struct random {
    uint64_t state;
};

struct message {
    uint64_t stamp; // tells it from all others, and where in the pool its bytes begin
    size_t size;
    int tag;
    int comm;
};

static unsigned char pool[2 * PERIOD]; // random bytes, twice the same

static inline uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int random_below(struct random *r, int n)
{
    return (int)((random_next(r) >> 32) * (uint64_t)n >> 32);
}

static inline struct random random_of(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    struct random r = {seed};
    r.state = random_next(&r) ^ a;
    r.state = random_next(&r) ^ b;
    r.state = random_next(&r) ^ c;
    return r;
}

// Log-uniform from 0 to max: first the number of bits, then the rest.
static inline size_t random_size(struct random *r, uint64_t max)
{
    int bits = 64 - __builtin_clzll(max);
    int b = random_below(r, bits + 1);
    uint64_t size = b == 0 ? 0 : (uint64_t)1 << (b - 1);
    if (b > 1) {
        size += random_next(r) & (size - 1);
    }
    return size <= max ? (size_t)size : (size_t)(random_next(r) % (max + 1));
}

// Fills `list` with the messages from source to destination in a round; returns how many.
static inline int plan_messages(const struct plan *plan, uint64_t round, int source,
                                int destination, struct message *list)
{
    struct random r = random_of(plan->seed, round, (uint64_t)source, (uint64_t)destination + 1000);
    int n = random_below(&r, plan->per_pair + 1);
    for (int i = 0; i < n; i++) {
        uint64_t bits = random_next(&r);
        list[i].stamp = bits;
        list[i].tag = (int)(bits >> 40) % TAGS;
        list[i].comm = (int)(bits >> 60) % COMMS;
        list[i].size = random_size(&r, plan->max_size);
    }
    return n;
}

static inline void pool_fill(uint64_t seed)
{
    struct random r = {seed};
    for (size_t i = 0; i < PERIOD; i++) {
        pool[i] = pool[i + PERIOD] = (unsigned char)(random_next(&r) >> 32);
    }
}

// Writes the bytes of a message: those of the pool, and the stamp at both ends if it is long
// enough.
static inline void message_write(const struct message *m, unsigned char *to)
{
    size_t offset = m->stamp % PERIOD;
    for (size_t done = 0; done < m->size; done += PERIOD) {
        size_t left = m->size - done;
        memcpy(to + done, pool + offset, left < PERIOD ? left : PERIOD);
    }
    if (m->size >= 16) {
        memcpy(to, &m->stamp, 8);
        memcpy(to + m->size - 8, &m->stamp, 8);
    }
}

// Are these the message's bytes? All of them, or the ends and some random places.
static inline int message_is(const struct message *m, const unsigned char *p, int all,
                             struct random *r)
{
    size_t offset = m->stamp % PERIOD;
    if (m->size < 16) {
        return memcmp(p, pool + offset, m->size) == 0;
    }
    if (memcmp(p, &m->stamp, 8) != 0 || memcmp(p + m->size - 8, &m->stamp, 8) != 0) {
        return 0;
    }
    if (m->size <= 24) {
        return memcmp(p + 8, pool + offset + 8, m->size - 16) == 0;
    }
    if (!all) {
        for (int i = 0; i < 6; i++) {
            size_t place = 8 + random_next(r) % (m->size - 23);
            if (memcmp(p + place, pool + offset + place % PERIOD, 8) != 0) {
                return 0;
            }
        }
        return 1;
    }
    for (size_t done = 0; done < m->size; done += PERIOD) {
        size_t begin = done ? done : 8, end = done + PERIOD;
        if (end > m->size - 8) {
            end = m->size - 8;
        }
        if (end > begin && memcmp(p + begin, pool + offset + (begin - done), end - begin) != 0) {
            return 0;
        }
    }
    return 1;
}

#endif
