// SPDX-License-Identifier: MIT
// What the driver of the kill test and its victims share: a file that both map. The driver writes
// what shall happen before it starts mprun; the victims write how far they are. Read next:
// killer.c.
#ifndef TESTS_STRESS_KILLS_H
#define TESTS_STRESS_KILLS_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum { MAX_RANKS = 64 };

// Where it happens.
enum where { STARTUP, COLLECTIVE, TRANSFER, CONTACTS, FINALIZE, PLACES };

// How far a process is, in this order.
enum phase { NOT_THERE, STARTED, IN_MPI, BUSY, FINALIZING, DONE };

// What the process does to itself; otherwise the driver kills.
enum end { KILLED_FROM_OUTSIDE, EXIT_3, ABORT, SEGFAULT };

struct board {
    // Written by the driver before it starts mprun.
    int where;
    int end;
    int target;    // the process that it happens to, by its order of arrival
    int64_t delay; // ns from the target's reaching the place to its end
    int children;  // the processes start some of their own: 1 before MPI_Init, 2 after
    int stubborn;  // and these ignore SIGTERM
    // Written by the processes.
    atomic_int arrived;
    struct {
        atomic_int rank; // in MPI_COMM_WORLD; before pid
        atomic_int pid;
        atomic_int phase;
    } process[MAX_RANKS];
    _Atomic int64_t death; // when the target ended itself, CLOCK_MONOTONIC in ns
};

static inline int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

#endif
