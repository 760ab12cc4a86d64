// SPDX-License-Identifier: MIT
// Combining operands in shared memory. The result of every element is ((a0 op a1) op a2) ..., in
// the order of the ranks, whatever the place and length of the piece: equal to a serial loop's.
#include "collectives/shm_combine.h"

#include "core/errhandler.h"

#include <stdlib.h>

// Bytes that are combined at a time when there are more than two operands: the running result
// stays in the first-level cache.
enum { BLOCK = 4096 };

int mp_shm_reduction_open(struct mp_shm_reduction *r, const struct mp_collective *c,
                          MPI_Count count, MPI_Count room)
{
    *r = (struct mp_shm_reduction){.c = c,
                                   .operand = c->in_place ? c->recv.buffer : c->send.buffer,
                                   .count = count,
                                   .type = c->recv.type,
                                   .size = (size_t)c->recv.type->size,
                                   .direct = mp_op_is_direct(c->op, c->recv.type),
                                   .room = room < count ? room : count};
    if (r->direct || r->room == 0) {
        return 0;
    }
    MPI_Count shift;
    MPI_Count span = mp_datatype_span(r->type, r->room, &shift);
    for (int i = 0; i < 2; i++) {
        r->temporary[i] = malloc((size_t)span + 1);
        if (!r->temporary[i]) {
            mp_shm_reduction_close(r);
            return mp_fail(MPI_ERR_NO_MEM, "no memory for the temporaries of a reduction");
        }
    }
    return 0;
}

void mp_shm_reduction_close(struct mp_shm_reduction *r)
{
    free(r->temporary[0]);
    free(r->temporary[1]);
}

// The operand of a rank, packed.
static const void *operand_of(const struct mp_shm_reduction *r, const struct mp_shm_operands *o,
                              int rank)
{
    const struct mp_comm *comm = r->c->comm;
    size_t skipped = (size_t)o->first * r->size;

    if (rank == comm->rank && r->direct) {
        return (const char *)r->operand + r->type->true_lb + skipped;
    }
    const struct mp_post *post = mp_board_post_of(comm, rank);
    enum mp_shm_place place = o->place;
    if (place == MP_AS_POSTED) {
        place = post->kind & MP_POST_OPERAND ? MP_IN_MEMORY : MP_IN_CHUNK;
    }
    switch (place) {
    case MP_IN_POST:
        return post->data + o->offset;
    case MP_IN_CHUNK:
        return mp_slots_at(comm, rank, post->chunk + o->chunk) + o->offset;
    default:
        return mp_shm_reach(comm, rank, post->address[0] + skipped, o->count * (MPI_Count)r->size);
    }
}

// More than two operands, or one: blocks of them.
static void combine_blocks(struct mp_shm_reduction *r, const struct mp_shm_operands *operands,
                           char *out)
{
    _Alignas(64) char block[BLOCK];
    MPI_Count most = r->size < BLOCK ? BLOCK / (MPI_Count)r->size : 1;
    struct mp_shm_operands piece = *operands;

    for (MPI_Count done = 0; done < operands->count; done += piece.count) {
        size_t skipped = (size_t)done * r->size;
        piece.first = operands->first + done;
        piece.offset = operands->offset + skipped;
        piece.count = operands->count - done < most ? operands->count - done : most;
        const void *left = operand_of(r, &piece, 0);
        // The last one goes where the result belongs: by then all operands there were read.
        for (int i = 1; i < piece.ranks; i++) {
            void *to = i + 1 < piece.ranks ? block : out + skipped;
            mp_op_combine(r->c->op, left, operand_of(r, &piece, i), to, piece.count, r->type);
            left = to;
        }
        if (piece.ranks == 1) {
            memmove(out + skipped, left, (size_t)piece.count * r->size);
        }
    }
}

// Any operation and any type: elements as the type says, in the temporaries. The operation leaves
// a op b in b, so they swap roles from operand to operand. Returns the one with the result, as a
// buffer.
static void *combine_typed(struct mp_shm_reduction *r, const struct mp_shm_operands *o)
{
    MPI_Count shift;
    MPI_Count bytes = o->count * (MPI_Count)r->size;
    mp_datatype_span(r->type, r->room, &shift);
    char *left = r->temporary[0] - shift;
    char *right = r->temporary[1] - shift;

    mp_shm_get(operand_of(r, o, 0), r->type, left, o->count, 0, bytes);
    for (int i = 1; i < o->ranks; i++) {
        mp_shm_get(operand_of(r, o, i), r->type, right, o->count, 0, bytes);
        mp_op_apply(r->c->op, left, right, o->count, r->type);
        char *swap = left;
        left = right;
        right = swap;
    }
    return left;
}

void mp_shm_combine(struct mp_shm_reduction *r, const struct mp_shm_operands *o, void *out)
{
    if (o->count == 0 || r->size == 0) {
        return;
    }
    if (!r->direct) {
        mp_shm_put(out, r->type, combine_typed(r, o), o->count, 0, o->count * (MPI_Count)r->size);
    } else if (o->ranks == 2) {
        mp_op_combine(r->c->op, operand_of(r, o, 0), operand_of(r, o, 1), out, o->count, r->type);
    } else {
        combine_blocks(r, o, out);
    }
}

void mp_shm_combine_result(struct mp_shm_reduction *r, const struct mp_shm_operands *o,
                           void *buffer, MPI_Count at)
{
    void *to = mp_advance(buffer, at, r->type);
    if (o->count == 0 || r->size == 0) {
        return;
    }
    if (r->direct) {
        mp_shm_combine(r, o, (char *)to + r->type->true_lb);
    } else {
        mp_datatype_copy(r->type, combine_typed(r, o), o->count, r->type, to, o->count);
    }
}
