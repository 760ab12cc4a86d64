// SPDX-License-Identifier: MIT
// Collectives on two levels, where the members of a communicator lie on several nodes: those of a
// node by way of their board, and one of each node, its leader, deals with the others in messages.
// They are schedules like any other, in which the part on the board is a step that blocks: so they
// are for the blocking forms.
#ifndef MP_COLLECTIVES_LEVELS_H
#define MP_COLLECTIVES_LEVELS_H

#include "collectives/shm.h"

// Sets comm->nodes, if its collectives are to go that way: without talk, and alike at all members.
void mp_levels_find(struct mp_comm *comm);

// True where an operation can go that way: answered from what all ranks know.
bool mp_levels_can(const struct mp_collective *collective);

mp_run_fn mp_levels;

#endif
