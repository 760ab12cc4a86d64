// SPDX-License-Identifier: MIT
// A communicator's board in shared memory: one line per rank, in the segment's pool. A barrier is a
// store to one's own line and a look at all others'.
#ifndef MP_COLLECTIVES_BOARD_H
#define MP_COLLECTIVES_BOARD_H

#include "core/comm.h"

#include <stdbool.h>

// Gives MPI_COMM_WORLD its board: at MPI_Init.
void mp_board_world(void);

// Gives a new intracommunicator its board, when it is made, at all its ranks. No communication; the
// communicator simply has none when the channel is not shared memory or the pool has no place.
void mp_board_new(struct mp_comm *comm);

// A barrier on the board. False: the communicator has no board, or it must not be used yet (the
// first barrier of a communicator goes by messages; call mp_board_ready after it); use messages.
bool mp_board_barrier(struct mp_comm *comm);

// To be called by all ranks when a barrier by messages on this communicator is over.
void mp_board_ready(struct mp_comm *comm);

#endif
