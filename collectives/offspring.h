// SPDX-License-Identifier: MIT
// Worlds that are spawned (MPI 5.0, 11.8): asked for at mprun's warden, and then it is one more
// world that connects (worlds.h).
#ifndef MP_COLLECTIVES_OFFSPRING_H
#define MP_COLLECTIVES_OFFSPRING_H

#include "object/comm.h"

struct mp_info;

// One program of a world.
struct mp_offspring {
    const char *command;
    char *const *arguments; // end with NULL; may be NULL itself
    int ranks;
    const struct mp_info *info; // may be NULL
};

// Collective over `comm`; programs, count and problem matter at the root only. *ranks: of the new
// world, at all. Error classes with mp_fail.
int mp_comm_spawn(const struct mp_offspring *programs, int count, int root, struct mp_comm *comm,
                  int problem, struct mp_comm **made);

// How many ranks are started where `most` are asked for, and the info's `soft` names others
// (11.8.4). 0 if it makes no sense.
int mp_offspring_ranks(int most, const struct mp_info *info);

// At the end of MPI_Init: connects to the world that has spawned this one, if any has.
extern struct mp_comm *mp_comm_parent; // NULL: none, or it was disconnected
int mp_offspring_begin(void);

#endif
