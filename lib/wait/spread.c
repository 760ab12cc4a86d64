// SPDX-License-Identifier: MIT
// Moving apart. Every rank decides for itself, from the same notes: of those on a CPU that has at
// least two more than some other, the last one moves to the one that has the fewest. Notes are as
// old as the last long wait of their rank, so a move may be wrong; the next one comes later each
// time, lest two jobs drive each other round in circles.
#define _GNU_SOURCE
#include "wait/spread.h"

#include "boot/guests.h"
#include "process/peers.h"

#include <sched.h>
#include <sys/resource.h>

// The time from one move to the next at least: at first, and how far doubling it goes.
enum { CALM_NS = 4000000, CALMEST_NS = 1000000000 };

static uint64_t calm_until, calm = CALM_NS;

static bool is_on(int peer, uint32_t cpu)
{
    const struct mp_board *board = mp_shm_peers[peer].board;
    return atomic_load_explicit(&board->cpu, memory_order_relaxed) == cpu &&
           atomic_load_explicit(&board->state, memory_order_relaxed) == MP_RANK_RUNNING;
}

// Near ranks and guests on a CPU (the number that boards have) that are not asleep; *last is the
// last one of them, in the order that is the same everywhere.
static int ranks_on(uint32_t cpu, int *last)
{
    int first = mp_process.near > 1 ? mp_process.first : mp_process.rank, count = 0;
    for (int i = first; i < first + mp_process.near; i++) {
        if (is_on(i, cpu)) {
            count++;
            *last = i;
        }
    }
    for (int i = mp_peers_first_guest; i < mp_peers_end; i++) {
        if (mp_peer_is_near(i) && is_on(i, cpu)) {
            *last = count++ == 0 || mp_peer_before(*last, i) ? i : *last;
        }
    }
    return count;
}

// To the CPU, and from there wherever the program may be.
static void move_to(int cpu, const cpu_set_t *allowed)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) {
        sched_setaffinity(0, sizeof *allowed, allowed);
        atomic_store_explicit(&mp_process.board->cpu, (uint32_t)cpu + 1, memory_order_relaxed);
    }
}

// `here` ranks, more than one, are on this rank's CPU, and it is the last one of them.
static void move_apart(int here, uint64_t now)
{
    cpu_set_t allowed; // more than 1024 CPUs do not fit: then ranks stay where they are
    int fewest = here - 1, best = -1, last;

    if (now < calm_until || sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE && fewest > 0; cpu++) {
        int there = CPU_ISSET(cpu, &allowed) ? ranks_on((uint32_t)cpu + 1, &last) : here;
        if (there < fewest) {
            fewest = there;
            best = cpu;
        }
    }
    if (best >= 0) {
        move_to(best, &allowed);
        calm = now - calm_until > CALMEST_NS ? CALM_NS : calm < CALMEST_NS ? 2 * calm : calm;
    }
    calm_until = now + (best < 0 ? CALM_NS : calm);
}

// Whether somebody else has had the CPU since this was asked before. A note may be out of date;
// this is not.
static bool was_displaced(void)
{
    static long displaced;
    struct rusage usage;
    long before = displaced;

    if (getrusage(RUSAGE_THREAD, &usage) != 0) {
        return false;
    }
    displaced = usage.ru_nivcsw;
    return displaced != before;
}

bool mp_spread_look(uint64_t now)
{
    struct mp_board *own = mp_process.board;
    int cpu = sched_getcpu(), last = -1;

    if (cpu < 0) {
        return false;
    }
    if (atomic_load_explicit(&own->cpu, memory_order_relaxed) != (uint32_t)cpu + 1) {
        atomic_store_explicit(&own->cpu, (uint32_t)cpu + 1, memory_order_relaxed);
    }
    int here = ranks_on((uint32_t)cpu + 1, &last);
    if (here < 2 || !was_displaced()) {
        return false;
    }
    if (last == mp_process.rank) {
        move_apart(here, now);
    }
    return true;
}
