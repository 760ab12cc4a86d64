// SPDX-License-Identifier: MIT
// MPI_Reduce_scatter and MPI_Reduce_scatter_block (MPI 5.0, 6.10). recv.counts are the blocks of
// the result; the operand holds them one after the other, and in place it stands in the receive
// buffer, to whose beginning the result goes.
#include "collectives/collectives.h"

// Where the block of a rank begins in the operand.
static MPI_Count offset_of(const struct mp_collective *c, int rank)
{
    MPI_Count offset = 0;
    if (!c->recv.counts.array) {
        return rank * c->recv.counts.each;
    }
    for (int i = 0; i < rank; i++) {
        offset += mp_block_count(&c->recv, i);
    }
    return offset;
}

static const void *operand_of(const struct mp_collective *c)
{
    return c->in_place ? c->recv.buffer : c->send.buffer;
}

// Sends every other rank its block of the operand.
static void send_blocks(struct mp_schedule *schedule, const struct mp_collective *c,
                        const void *operand)
{
    const void *at = operand;
    for (int i = 0; i < schedule->scope.size; i++) {
        MPI_Count count = mp_block_count(&c->recv, i);
        if (i != schedule->scope.rank && count > 0) {
            mp_schedule_send(schedule, at, count, c->recv.type, i);
        }
        at = mp_advance(at, count, c->recv.type);
    }
}

// Every rank combines its own block.
void mp_reduce_scatter_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *type = c->recv.type;
    int rank = c->comm->rank;
    MPI_Count mine = mp_block_count(&c->recv, rank);
    const void *own = mp_advance(operand_of(c), offset_of(c, rank), type);
    void *result = c->recv.buffer;

    send_blocks(schedule, c, operand_of(c));
    if (c->in_place) {
        // Others' blocks lie where the result goes: not before they have been taken.
        result = mp_schedule_elements(schedule, type, mine);
    }
    mp_add_combine(schedule, own, result, mine, type);
    if (c->in_place) {
        mp_schedule_wait(schedule);
        mp_schedule_copy(schedule, result, mine, type, c->recv.buffer, mine, type);
    }
}

static MPI_Count total_of(const struct mp_collective *c)
{
    return offset_of(c, c->comm->size);
}

// Hands out a whole result, which lies at rank 0 of the scope.
static void add_scatter(struct mp_schedule *schedule, const struct mp_collective *c,
                        const void *whole)
{
    struct mp_datatype *type = c->recv.type;
    MPI_Count mine = mp_block_count(&c->recv, schedule->scope.rank);

    if (schedule->scope.rank != 0) {
        if (mine > 0) {
            mp_schedule_recv_exact(schedule, c->recv.buffer, mine, type, 0);
        }
        return;
    }
    send_blocks(schedule, c, whole);
    mp_schedule_copy(schedule, whole, mine, type, c->recv.buffer, mine, type);
}

// Reduced at rank 0 and handed out: fewer messages, for few bytes.
void mp_reduce_scatter_root(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count total = total_of(c);
    void *whole = NULL;
    if (total == 0) {
        return;
    }
    if (c->comm->rank == 0) {
        whole = mp_schedule_elements(schedule, c->recv.type, total);
    }
    mp_add_reduce(schedule, operand_of(c), whole, total, c->recv.type, 0);
    mp_schedule_wait(schedule);
    add_scatter(schedule, c, whole);
}

// Each group reduces to its leader; the leaders swap the results and hand them out.
void mp_reduce_scatter_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *type = c->recv.type;
    MPI_Count total = total_of(c);
    struct mp_scope whole_scope = schedule->scope;
    void *ours = NULL;
    void *theirs = NULL;
    bool leader = c->comm->rank == 0;

    if (total == 0) {
        return;
    }
    if (leader) {
        ours = mp_schedule_elements(schedule, type, total);
        theirs = mp_schedule_elements(schedule, type, total);
    }
    mp_schedule_local(schedule);
    struct mp_scope local = schedule->scope;
    mp_add_reduce(schedule, c->send.buffer, ours, total, type, 0);
    if (leader) {
        mp_schedule_wait(schedule);
        schedule->scope = whole_scope;
        mp_schedule_send(schedule, ours, total, type, 0);
        mp_schedule_recv_exact(schedule, theirs, total, type, 0);
        mp_schedule_wait(schedule);
        schedule->scope = local;
    }
    add_scatter(schedule, c, theirs);
}
