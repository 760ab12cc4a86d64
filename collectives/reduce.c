// SPDX-License-Identifier: MIT
// MPI_Reduce (MPI 5.0, 6.9), and the part that all reductions share. Operands are combined strictly
// from the left, in rank order, ((a0 + a1) + a2) + ..., at one place per element: so the result is
// the same in every run, equal to a serial loop's, and right for operations that do not commute.
// What differs is where: at the root, or, for long operands, each slice at another rank.
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

// Every rank combines one slice and sends it to the root. In place at the root, a finished slice
// may arrive where the root's operand was, since its rank has taken that operand first.
static void add_sliced(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                       struct mp_datatype *type, int root)
{
    int size = schedule->scope.size;
    int rank = schedule->scope.rank;
    MPI_Count start, length;

    for (int i = 1; i < size; i++) {
        int peer = (rank + i) % size;
        length = mp_slice(count, size, peer, &start);
        if (length > 0) {
            mp_schedule_send(schedule, mp_advance(own, start, type), length, type, peer);
        }
    }
    MPI_Count mine = mp_slice(count, size, rank, &start);
    const void *own_slice = mp_advance(own, start, type);
    if (rank != root) {
        if (mine > 0) {
            void *result = mp_schedule_elements(schedule, type, mine);
            mp_add_combine(schedule, own_slice, result, mine, type);
            mp_schedule_send(schedule, result, mine, type, root);
        }
        return;
    }
    mp_add_combine(schedule, own_slice, mp_advance(into, start, type), mine, type);
    for (int i = 1; i < size; i++) {
        int peer = (rank + i) % size;
        length = mp_slice(count, size, peer, &start);
        if (length > 0) {
            mp_schedule_recv_exact(schedule, mp_advance(into, start, type), length, type, peer);
        }
    }
}

// Above this many bytes, slices; below, everything to the root.
enum { SLICE_BYTES = 16 << 10 };

void mp_add_reduce(struct mp_schedule *schedule, const void *own, void *into, MPI_Count count,
                   struct mp_datatype *type, int root)
{
    if (count * type->size > SLICE_BYTES) {
        add_sliced(schedule, own, into, count, type, root);
    } else {
        add_gather(schedule, own, into, count, type, root);
    }
}

static const void *operand_of(const struct mp_collective *c)
{
    return c->in_place ? c->recv.buffer : c->send.buffer;
}

void mp_reduce_gather(struct mp_schedule *schedule, const struct mp_collective *c)
{
    if (c->recv.counts.each > 0) {
        add_gather(schedule, operand_of(c), c->recv.buffer, c->recv.counts.each, c->recv.type,
                   c->root);
    }
}

void mp_reduce_sliced(struct mp_schedule *schedule, const struct mp_collective *c)
{
    if (c->recv.counts.each > 0) {
        add_sliced(schedule, operand_of(c), c->recv.buffer, c->recv.counts.each, c->recv.type,
                   c->root);
    }
}

// The other group reduces to its leader, which sends the result to the root.
void mp_reduce_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    struct mp_datatype *type = c->recv.type;
    struct mp_scope whole = schedule->scope;

    if (count == 0 || c->root == MPI_PROC_NULL) {
        return;
    }
    if (c->root == MPI_ROOT) {
        mp_schedule_recv_exact(schedule, c->recv.buffer, count, type, 0);
        return;
    }
    bool leader = c->comm->rank == 0;
    void *result = leader ? mp_schedule_elements(schedule, type, count) : NULL;
    mp_schedule_local(schedule);
    mp_add_reduce(schedule, c->send.buffer, result, count, type, 0);
    if (leader) {
        mp_schedule_wait(schedule);
        schedule->scope = whole;
        mp_schedule_send(schedule, result, count, type, c->root);
    }
}
