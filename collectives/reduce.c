// SPDX-License-Identifier: MIT
// Reductions in messages: MPI_Reduce, MPI_Allreduce, MPI_Reduce_scatter (MPI 5.0, 6.9 and 6.10).
// Operands are combined strictly from the left, in rank order, ((a0 + a1) + a2) + ..., at one place
// per element: so the result is the same in every run, equal to a serial loop's, and right for
// operations that do not commute. What differs is where: at the root, or, for long operands, each
// slice at another rank.
#include "collectives/collectives.h"

MPI_Count mp_slice(MPI_Count count, int size, int rank, MPI_Count *start)
{
    MPI_Count length = count / size;
    MPI_Count longer = count % size; // so many ranks have one more
    *start = rank * length + (rank < longer ? rank : longer);
    return length + (rank < longer);
}

// All receives are posted first; each is waited for just before its operand is needed. The running
// result goes where the operand that it takes in was received, and ends in `into`.
void mp_add_combine(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                    struct mp_datatype *type)
{
    int size = schedule->scope.size;
    int rank = schedule->scope.rank;
    int last = size - 1;

    if (size == 1 || count == 0) {
        if (own != into) {
            mp_schedule_copy(schedule, own, count, type, into, count, type);
        }
        return;
    }
    if (own == into && rank < last) {
        void *copy = mp_schedule_elements(schedule, type, count);
        mp_schedule_copy(schedule, own, count, type, copy, count, type);
        own = copy; // out of the way of the last operand
    }
    MPI_Count shift;
    MPI_Count slot = (MPI_Count)mp_round_up((size_t)mp_datatype_span(type, count, &shift), 64);
    char *slots = mp_schedule_bytes(schedule, slot * last);
    size_t first_step = schedule->count;
    for (int i = 0; i < size; i++) {
        void *place = i == last ? into : mp_advance_bytes(slots, slot * i - shift);
        if (i != rank) {
            mp_schedule_recv_exact(schedule, place, count, type, i);
        }
    }
    const void *left = NULL;
    for (int i = 0; i < size; i++) {
        void *place = i == last ? into : mp_advance_bytes(slots, slot * i - shift);
        const void *operand = i == rank ? own : place;
        if (i != rank) {
            // The receives are consecutive steps, less this rank's.
            mp_schedule_wait_for(schedule, first_step + (size_t)i - (size_t)(i > rank));
        }
        if (left) {
            mp_schedule_reduce(schedule, left, operand, place, count, type);
        }
        left = i > 0 ? place : operand;
    }
}

// Everything to the root, and combined there.
static void add_gather(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                       struct mp_datatype *type, int root)
{
    if (schedule->scope.rank == root) {
        mp_add_combine(schedule, own, into, count, type);
    } else {
        mp_schedule_send(schedule, own, count, type, root);
    }
}

// One after the other, as many elements as `counts` says for each rank of the scope.
struct mp_blocks mp_consecutive(struct mp_schedule *schedule, const void *buffer,
                                const struct mp_counts *counts, struct mp_datatype *type)
{
    int size = schedule->scope.size;
    struct mp_blocks blocks = {.type = type};
    MPI_Count *starts = mp_schedule_bytes(schedule, size * (MPI_Count)sizeof *starts);
    MPI_Count start = 0;

    if (schedule->error) {
        return blocks;
    }
    for (int i = 0; i < size; i++) {
        starts[i] = start;
        start += mp_counts_at(counts, i);
    }
    blocks.buffer = (void *)(uintptr_t)buffer;
    blocks.counts = *counts;
    blocks.displacements = mp_counts_wide(starts);
    return blocks;
}

struct mp_blocks mp_slices(struct mp_schedule *schedule, const void *buffer, MPI_Count count,
                           struct mp_datatype *type)
{
    int size = schedule->scope.size;
    MPI_Count *lengths = mp_schedule_bytes(schedule, size * (MPI_Count)sizeof *lengths), start;
    struct mp_counts counts = mp_counts_wide(lengths);

    for (int i = 0; i < size && !schedule->error; i++) {
        lengths[i] = mp_slice(count, size, i, &start);
    }
    return mp_consecutive(schedule, buffer, &counts, type);
}

// Every rank combines its own block of all operands.
static void add_combine_blocks(struct mp_schedule *schedule, const struct mp_blocks *operand,
                               void *result)
{
    int rank = schedule->scope.rank;
    mp_add_send_blocks(schedule, operand);
    mp_add_combine(schedule, mp_block_at(operand, rank), result, mp_block_count(operand, rank),
                   operand->type);
}

// Every rank combines one slice and sends it to the root. In place at the root, a finished slice
// may arrive where the root's operand was, since its rank has taken that operand first.
static void add_sliced(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                       struct mp_datatype *type, int root)
{
    int rank = schedule->scope.rank;
    struct mp_blocks operand = mp_slices(schedule, own, count, type);
    struct mp_blocks results = operand;
    MPI_Count mine = mp_block_count(&operand, rank);

    if (rank == root) {
        results.buffer = into;
        add_combine_blocks(schedule, &operand, mp_block_at(&results, rank));
        mp_add_recv_blocks(schedule, &results);
        return;
    }
    void *result = mp_schedule_elements(schedule, type, mine);
    add_combine_blocks(schedule, &operand, result);
    if (mine > 0) {
        mp_schedule_send(schedule, result, mine, type, root);
    }
}

void mp_add_reduce(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                   struct mp_datatype *type, int root)
{
    if (count * type->size > MP_REDUCE_SHORT) {
        add_sliced(schedule, own, into, count, type, root);
    } else {
        add_gather(schedule, own, into, count, type, root);
    }
}

// ---- MPI_Reduce

void mp_reduce_gather(struct mp_schedule *schedule, const struct mp_collective *c)
{
    if (c->recv.counts.each > 0) {
        add_gather(schedule, mp_operand(c), c->recv.buffer, c->recv.counts.each, c->recv.type,
                   c->root);
    }
}

void mp_reduce_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    add_sliced(schedule, mp_operand(c), c->recv.buffer, c->recv.counts.each, c->recv.type, c->root);
}

// ---- MPI_Allreduce (6.9.6)

// Everybody combines for itself: between 2 ranks with sockets, 8 bytes take 4.1 us so, and 7.1 by
// way of a root.
void mp_allreduce_exchange(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size, rank = c->comm->rank;
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    const void *own = mp_operand(c);

    if (c->in_place && size > 1) {
        // The result overwrites it while others may still read it.
        void *copy = mp_schedule_elements(schedule, type, count);
        mp_schedule_copy(schedule, own, count, type, copy, count, type);
        own = copy;
    }
    for (int i = 1; i < size && count > 0; i++) {
        mp_schedule_send(schedule, own, count, type, (rank + i) % size);
    }
    mp_add_combine(schedule, own, c->recv.buffer, count, type);
}

void mp_allreduce_reduce_bcast(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    if (count > 0) {
        add_gather(schedule, mp_operand(c), c->recv.buffer, count, c->recv.type, 0);
        mp_schedule_wait(schedule);
        mp_add_bcast(schedule, c->recv.buffer, count, c->recv.type, 0);
    }
}

// Every rank combines one slice and sends it to all. In place, a finished slice may arrive where
// this rank's operand was, since the slice's rank has taken that operand first.
void mp_allreduce_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size, rank = c->comm->rank;
    struct mp_blocks operand =
        mp_slices(schedule, mp_operand(c), c->recv.counts.each, c->recv.type);
    struct mp_blocks results = operand;
    results.buffer = c->recv.buffer;
    MPI_Count mine = mp_block_count(&results, rank);
    void *result = mp_block_at(&results, rank);

    add_combine_blocks(schedule, &operand, result);
    mp_add_recv_blocks(schedule, &results);
    for (int i = 1; i < size && mine > 0; i++) {
        mp_schedule_send(schedule, result, mine, c->recv.type, (rank + i) % size);
    }
}

// ---- MPI_Reduce_scatter and MPI_Reduce_scatter_block (6.10)
//
// recv.counts are the blocks of the result; the operand holds them one after the other, and in
// place it stands in the receive buffer, to whose beginning the result goes.

// Every rank combines its own block.
void mp_reduce_scatter_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *type = c->recv.type;
    MPI_Count mine = mp_block_count(&c->recv, c->comm->rank);
    struct mp_blocks operand = mp_consecutive(schedule, mp_operand(c), &c->recv.counts, type);
    void *result = c->recv.buffer;

    if (c->in_place) {
        // Others' blocks lie where the result goes: not before they have been taken.
        result = mp_schedule_elements(schedule, type, mine);
    }
    add_combine_blocks(schedule, &operand, result);
    if (c->in_place) {
        mp_schedule_wait(schedule);
        mp_schedule_copy(schedule, result, mine, type, c->recv.buffer, mine, type);
    }
}

void mp_add_hand_out(struct mp_schedule *schedule, const struct mp_collective *c, const void *whole)
{
    int rank = schedule->scope.rank;
    MPI_Count mine = mp_block_count(&c->recv, rank);
    struct mp_blocks blocks = mp_consecutive(schedule, whole, &c->recv.counts, c->recv.type);

    if (rank == 0) {
        mp_add_send_blocks(schedule, &blocks);
        mp_schedule_copy(schedule, whole, mine, c->recv.type, c->recv.buffer, mine, c->recv.type);
    } else if (mine > 0) {
        mp_schedule_recv_exact(schedule, c->recv.buffer, mine, c->recv.type, 0);
    }
}

// Reduced at rank 0 and handed out: fewer messages, for few bytes.
void mp_reduce_scatter_root(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count total = mp_reduced_count(c);
    void *whole = NULL;
    if (total == 0) {
        return;
    }
    if (c->comm->rank == 0) {
        whole = mp_schedule_elements(schedule, c->recv.type, total);
    }
    add_gather(schedule, mp_operand(c), whole, total, c->recv.type, 0);
    mp_schedule_wait(schedule);
    mp_add_hand_out(schedule, c, whole);
}
