// SPDX-License-Identifier: MIT
// MPI_Scan and MPI_Exscan (MPI 5.0, 6.11): a chain, which keeps the order of a serial loop.
#include "collectives/collectives.h"

void mp_scan_chain(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;

    if (count == 0) {
        return;
    }
    if (!c->in_place) {
        mp_schedule_copy(schedule, c->send.buffer, count, type, c->recv.buffer, count, type);
    }
    if (rank > 0) {
        void *before = mp_schedule_elements(schedule, type, count);
        mp_schedule_recv_exact(schedule, before, count, type, rank - 1);
        mp_schedule_wait(schedule);
        mp_schedule_reduce(schedule, before, c->recv.buffer, c->recv.buffer, count, type);
    }
    if (rank + 1 < c->comm->size) {
        mp_schedule_send(schedule, c->recv.buffer, count, type, rank + 1);
    }
}

// What arrives is the result; what goes on has this rank's operand added. At rank 0 the receive
// buffer is not touched (6.11.2).
void mp_exscan_chain(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    const void *own = c->in_place ? c->recv.buffer : c->send.buffer;
    bool last = rank + 1 == c->comm->size;

    if (count == 0) {
        return;
    }
    if (rank == 0) {
        if (!last) {
            mp_schedule_send(schedule, own, count, type, 1);
        }
        return;
    }
    void *onwards = NULL;
    if (!last) {
        onwards = mp_schedule_elements(schedule, type, count);
        mp_schedule_copy(schedule, own, count, type, onwards, count, type);
    }
    mp_schedule_recv_exact(schedule, c->recv.buffer, count, type, rank - 1);
    if (!last) {
        mp_schedule_wait(schedule);
        mp_schedule_reduce(schedule, c->recv.buffer, onwards, onwards, count, type);
        mp_schedule_send(schedule, onwards, count, type, rank + 1);
    }
}
