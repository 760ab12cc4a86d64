// SPDX-License-Identifier: MIT
// Context pairs that this rank has done with and other ranks may not have: where their board in
// shared memory (collectives/board.h) would be written over if the pair came back at once.
#ifndef MP_MESSAGE_LIMBO_H
#define MP_MESSAGE_LIMBO_H

#include "object/comm.h"

// The communicator is being destroyed: gives its context pair back, now or when all its members
// have done with it. Takes what `comm->board` owns.
void mp_limbo_retire(struct mp_comm *comm);

// Gives back the pairs that have become free, of the `most` that were not looked at for longest;
// -1: of all. (A few for every pair that is taken are enough to keep up.)
void mp_limbo_sweep(int most);

#endif
