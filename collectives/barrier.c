// SPDX-License-Identifier: MIT
// MPI_Barrier (MPI 5.0, 6.3) in messages. Where a communicator has a board in shared memory, the
// blocking form does not come here.
#include "collectives/collectives.h"

// Hensgen, Finkel, Manber, "Two algorithms for barrier synchronization" (1988): in round k every
// rank hears from the one 2^k before it, and so, after log2(size) rounds, from all.
void mp_barrier_dissemination(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *bytes = mp_byte_type();
    int rank = schedule->scope.rank;
    int size = schedule->scope.size;

    (void)c;
    for (int distance = 1; distance < size; distance *= 2) {
        mp_schedule_send(schedule, NULL, 0, bytes, (rank + distance) % size);
        mp_schedule_recv_exact(schedule, NULL, 0, bytes, (rank - distance + size) % size);
        mp_schedule_wait(schedule);
    }
}
