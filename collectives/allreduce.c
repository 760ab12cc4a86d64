// SPDX-License-Identifier: MIT
// MPI_Allreduce (MPI 5.0, 6.9.6). Read first: reduce.c, for how operands are combined.
#include "collectives/collectives.h"

// The operand, where this rank's result does not overwrite it while others still read it.
static const void *stable_operand(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    if (!c->in_place) {
        return c->send.buffer;
    }
    void *copy = mp_schedule_elements(schedule, c->recv.type, count);
    mp_schedule_copy(schedule, c->recv.buffer, count, c->recv.type, copy, count, c->recv.type);
    return copy;
}

// Everybody sends to everybody and combines for itself: one step for few ranks and few bytes.
void mp_allreduce_exchange(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    MPI_Count count = c->recv.counts.each;

    if (count == 0) {
        return;
    }
    const void *own = stable_operand(schedule, c);
    for (int i = 1; i < size; i++) {
        mp_schedule_send(schedule, own, count, c->recv.type, (c->comm->rank + i) % size);
    }
    mp_add_combine(schedule, own, c->recv.buffer, count, c->recv.type);
}

void mp_allreduce_reduce_bcast(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    const void *own = c->in_place ? c->recv.buffer : c->send.buffer;

    if (count == 0) {
        return;
    }
    mp_add_reduce(schedule, own, c->recv.buffer, count, c->recv.type, 0);
    mp_schedule_wait(schedule);
    mp_add_bcast(schedule, c->recv.buffer, count, c->recv.type, 0);
}

// Every rank combines one slice and sends it to all. In place, a finished slice may arrive where
// this rank's operand was, since the slice's rank has taken that operand first.
void mp_allreduce_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    int rank = c->comm->rank;
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    const void *own = c->in_place ? c->recv.buffer : c->send.buffer;
    MPI_Count start, length;

    for (int i = 1; i < size; i++) {
        int peer = (rank + i) % size;
        length = mp_slice(count, size, peer, &start);
        if (length > 0) {
            mp_schedule_send(schedule, mp_advance(own, start, type), length, type, peer);
        }
    }
    MPI_Count mine = mp_slice(count, size, rank, &start);
    void *result = mp_advance(c->recv.buffer, start, type);
    mp_add_combine(schedule, mp_advance(own, start, type), result, mine, type);
    for (int i = 1; i < size; i++) {
        int peer = (rank - i + size) % size;
        length = mp_slice(count, size, peer, &start);
        if (length > 0) {
            mp_schedule_recv_exact(schedule, mp_advance(c->recv.buffer, start, type), length, type,
                                   peer);
        }
    }
    if (mine > 0) {
        for (int i = 1; i < size; i++) {
            mp_schedule_send(schedule, result, mine, type, (rank + i) % size);
        }
    }
}

// Each group reduces to its leader; the leaders swap the results, each for the other's group.
void mp_allreduce_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    struct mp_scope whole = schedule->scope;
    bool leader = c->comm->rank == 0;

    if (count == 0) {
        return;
    }
    void *result = leader ? mp_schedule_elements(schedule, type, count) : NULL;
    mp_schedule_local(schedule);
    struct mp_scope local = schedule->scope;
    mp_add_reduce(schedule, c->send.buffer, result, count, type, 0);
    if (leader) {
        mp_schedule_wait(schedule);
        schedule->scope = whole;
        mp_schedule_send(schedule, result, count, type, 0);
        mp_schedule_recv_exact(schedule, c->recv.buffer, count, type, 0);
        mp_schedule_wait(schedule);
        schedule->scope = local;
    }
    mp_add_bcast(schedule, c->recv.buffer, count, type, 0);
}
