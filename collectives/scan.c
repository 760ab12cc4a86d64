// SPDX-License-Identifier: MIT
// MPI_Scan and MPI_Exscan (MPI 5.0, 6.11): a chain, which keeps the order of a serial loop.
#include "collectives/collectives.h"

// A rank gets the result up to the rank before it, adds its operand and sends that on. What it got
// is the result of an exclusive scan, the sum that of an inclusive one. At rank 0 the receive
// buffer of an exclusive one is not touched (6.11.2).
void mp_scan_chain(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    bool exclusive = c->kind == MP_EXSCAN, last = rank + 1 == c->comm->size;
    const void *own = mp_operand(c), *sum = own;
    void *result = c->recv.buffer;

    if (count == 0) {
        return;
    }
    if (rank > 0) {
        bool apart = !exclusive || c->in_place; // from where the operand or the sum is
        void *before = apart ? mp_schedule_elements(schedule, type, count) : result;
        void *onwards = exclusive && !last ? mp_schedule_elements(schedule, type, count) : result;
        mp_schedule_recv_exact(schedule, before, count, type, rank - 1);
        mp_schedule_wait(schedule);
        if (!exclusive || !last) {
            mp_schedule_reduce(schedule, before, own, onwards, count, type);
        }
        if (exclusive && apart) {
            mp_schedule_copy(schedule, before, count, type, result, count, type);
        }
        sum = onwards;
    } else if (!exclusive && !c->in_place) {
        mp_schedule_copy(schedule, own, count, type, result, count, type);
    }
    if (!last) {
        mp_schedule_send(schedule, sum, count, type, rank + 1);
    }
}
