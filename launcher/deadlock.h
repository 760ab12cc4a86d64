// SPDX-License-Identifier: MIT
// Which ranks can never go on: what is concluded from one snapshot, without any input or output.
// A rank is live if it is not seen to sleep in MPI, or if something that it waits for can be met:
// from outside, or by a live rank that is among those that can. That is the least set of which
// this is true. The others are dead: each of them waits for a call that only dead ranks could make.
// Read next: lib/shm/waits.h (what ranks tell), deadlock_watch.c (takes the snapshot).
#ifndef MPRUN_DEADLOCK_H
#define MPRUN_DEADLOCK_H

#include "shm/layout.h"

#include <stdbool.h>
#include <stddef.h>

enum presence {
    PRESENCE_LIVE,   // computes, is outside MPI, stopped, or nobody knows
    PRESENCE_ASLEEP, // all threads of it that may call MPI sleep in MPI
    PRESENCE_POLLS,  // counts as gone: looks for something again and again, in vain
    PRESENCE_GONE    // its process has ended: it makes no call any more
};

enum certainty {
    CERTAINLY_DEAD,
    PERHAPS_DEAD, // but for threads that sleep outside MPI
    PERHAPS_LIVE  // ranks poll in vain, and all others are dead unless those stop polling
};

// What a rank is called where there are several worlds.
struct label {
    int world, rank;
};

struct snapshot {
    int nranks;
    const struct label *labels;      // by rank; NULL: there is one world
    enum presence *presence;         // by rank
    int *nwaits;                     // of a rank that is asleep: how many of the records count
    struct mp_wait_record **records; // MP_WAIT_THREADS for each rank, those that count come first
    const char **places; // by record: where in the source its call is; NULL, or "": not known
    enum certainty certainty;
    double lasts;  // seconds, if it is not certain
    int *polls_in; // by rank that polls: enum mp_call. Its place is that of its first record
};

// Fills in dead[rank], of all ranks. Returns how many are: those that have gone are not counted.
int deadlock_solve(const struct snapshot *snapshot, bool *dead);

// The dead ranks in the order in which their waits close: first a cycle, from its lowest rank on,
// each of which waits for the next one and the last for the first; then those that wait for them.
// *closed becomes the length of that cycle, 0 if none is found. Returns how many there are.
int deadlock_order(const struct snapshot *snapshot, const bool *dead, int *order, int *closed);

// Writes what there is to say: a line that begins with the word `deadlock`, and one for each dead
// rank, with hints. All end with a newline. Returns the length, less than `room`.
size_t deadlock_tell(const struct snapshot *snapshot, const bool *dead, int64_t now_ns, char *text,
                     size_t room);

#endif
