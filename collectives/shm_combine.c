// SPDX-License-Identifier: MIT
// Combining operands in shared memory. The result of every element is ((a0 op a1) op a2) ..., in
// the order of the ranks, whatever the place and length of the piece: equal to a serial loop's.
#include "collectives/shm_combine.h"

#include "collectives/combine.h"
#include "object/errhandler.h"

#include <stdlib.h>

// Bytes that are combined at a time when there are more than two operands: the running result
// stays in the first-level cache.
enum { BLOCK = 4096 };

// Bytes of a strip: where it is at hand, and where it comes and goes through the kernel, which is
// to be entered rarely. Operands that came through it, and results that are to go, are kept here;
// all of that fits a second-level cache. (Nobody waits for anything between a strip's coming and
// going, so one set does for all threads, which take turns.)
enum { STRIP = 8192, KERNEL_STRIP = 64 << 10, PAGE = 4096 };
static _Alignas(PAGE) char incoming[2][KERNEL_STRIP + PAGE];
static _Alignas(PAGE) char outgoing[2][KERNEL_STRIP + PAGE];
static _Alignas(64) char between[KERNEL_STRIP];

// Half a page from where the other end of the copy lies in its page: processors take a store for
// one to the line that they read next if it is a little after that in its page, and some copy a
// quarter as fast then.
static size_t away_from(uint64_t address)
{
    return (address + PAGE / 2) % PAGE & ~(size_t)63;
}

char *mp_shm_strip_room(unsigned which, uint64_t address)
{
    return outgoing[which] + away_from(address);
}

size_t mp_shm_strip(const struct mp_shm_reduction *r)
{
    return r->kernel ? KERNEL_STRIP : STRIP;
}

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

bool mp_shm_reduction_offer(struct mp_shm_reduction *r, struct mp_post *post, void *result)
{
    MPI_Count bytes = r->count * (MPI_Count)r->size;
    MPI_Count slice = bytes / r->c->comm->size;
    const char *operand = (const char *)r->operand + r->type->true_lb;
    unsigned offer = 0;

    post->address[0] = (uintptr_t)operand;
    post->address[1] = result ? (uintptr_t)result + (uintptr_t)r->type->true_lb : 0;
    if (r->direct && bytes >= MP_SHM_MEMORY_LEAST && mp_shm_is_reachable(operand, bytes) &&
        (!result || mp_shm_is_reachable((char *)result + r->type->true_lb, bytes))) {
        offer |= MP_POST_OPERAND;
    }
    if (r->direct && slice >= MP_SHM_KERNEL_LEAST && mp_shm_may_copy(r->c->comm)) {
        offer |= MP_POST_COPIES;
    }
    post->kind |= offer | (mp_heap.peers ? MP_POST_REACHES : 0);
    return offer != 0;
}

enum mp_shm_offers mp_shm_reduction_offers(struct mp_shm_reduction *r)
{
    const struct mp_comm *comm = r->c->comm;
    unsigned all = ~0U, any = 0;

    for (int i = 0; i < comm->size; i++) {
        unsigned kind = mp_board_post_of(comm, i)->kind;
        all &= kind;
        any |= kind;
    }
    bool heap = all & MP_POST_OPERAND && all & MP_POST_REACHES;
    r->kernel = !heap;
    if (heap || all & MP_POST_COPIES) {
        return MP_OFFERS_ALL;
    }
    return any & (MP_POST_OPERAND | MP_POST_COPIES) ? MP_OFFERS_SOME : MP_OFFERS_NONE;
}

MPI_Count mp_shm_slice(const struct mp_shm_reduction *r, int special, MPI_Count its,
                       MPI_Count others, MPI_Count *start)
{
    int rank = r->c->comm->rank;
    MPI_Count shares = its + (r->c->comm->size - 1) * others;
    MPI_Count before = rank * others + (rank > special ? its - others : 0);
    MPI_Count after = before + (rank == special ? its : others);
    MPI_Count whole = r->count / shares, rest = r->count % shares;

    *start = whole * before + rest * before / shares;
    return whole * after + rest * after / shares - *start;
}

const void *mp_shm_operand(struct mp_shm_reduction *r, int rank, MPI_Count first, MPI_Count count)
{
    const struct mp_comm *comm = r->c->comm;
    size_t skipped = (size_t)first * r->size;
    MPI_Count bytes = count * (MPI_Count)r->size;

    if (rank == comm->rank) {
        return (const char *)r->operand + r->type->true_lb + skipped;
    }
    uint64_t address = mp_board_post_of(comm, rank)->address[0] + skipped;
    const char *near = mp_shm_near(comm, rank, address, bytes);
    if (!near) {
        char *room = incoming[rank & 1] + away_from(address);
        mp_shm_read(comm, rank, address, room, bytes);
        near = room;
    }
    return near;
}

// The operands of a piece that is combined at a time.
struct piece {
    struct mp_shm_reduction *r;
    struct mp_shm_operands o;
};

static const void *operand_of(void *operands, int rank)
{
    struct piece *piece = operands;
    struct mp_shm_reduction *r = piece->r;
    const struct mp_shm_operands *o = &piece->o;
    const struct mp_comm *comm = r->c->comm;
    size_t skipped = (size_t)o->first * r->size;

    if (rank == comm->rank && r->direct) {
        return (const char *)r->operand + r->type->true_lb + skipped;
    }
    const struct mp_post *post = mp_board_post_of(comm, rank);
    switch (o->place) {
    case MP_IN_POST:
        return mp_board_data(comm, rank, post->bytes) + o->offset;
    case MP_IN_CHUNK:
        return mp_slots_at(comm, rank, post->chunk + o->chunk) + o->offset;
    default:
        return mp_shm_operand(r, rank, o->first, o->count);
    }
}

// Block by block, so that what is between two operands stays near.
static void combine_direct(struct mp_shm_reduction *r, const struct mp_shm_operands *operands,
                           char *out)
{
    _Alignas(64) char near_block[BLOCK];
    bool kernel = operands->place == MP_IN_MEMORY && r->kernel;
    size_t room = kernel ? KERNEL_STRIP : BLOCK;
    MPI_Count most = r->size < room ? (MPI_Count)(room / r->size) : 1;
    struct piece piece = {r, *operands};

    if (operands->ranks == 2 && !kernel) {
        most = operands->count; // nothing is between
    }
    for (MPI_Count done = 0; done < operands->count; done += piece.o.count) {
        size_t skipped = (size_t)done * r->size;
        piece.o.first = operands->first + done;
        piece.o.offset = operands->offset + skipped;
        piece.o.count = operands->count - done < most ? operands->count - done : most;
        mp_combine_direct(r->c->op, r->type, piece.o.count, piece.o.ranks, operand_of, &piece,
                          kernel ? between : near_block, out + skipped);
    }
}

// By way of the temporaries. Returns the one with the result, as a buffer.
static void *combine_typed(struct mp_shm_reduction *r, const struct mp_shm_operands *o)
{
    struct piece piece = {r, *o};
    MPI_Count shift;

    mp_datatype_span(r->type, r->room, &shift);
    void *const room[2] = {r->temporary[0] - shift, r->temporary[1] - shift};
    return mp_combine_typed(r->c->op, r->type, o->count, o->ranks, operand_of, &piece, room);
}

void mp_shm_combine(struct mp_shm_reduction *r, const struct mp_shm_operands *o, void *out)
{
    if (o->count == 0 || r->size == 0) {
        return;
    }
    if (!r->direct) {
        mp_shm_put(out, r->type, combine_typed(r, o), o->count, 0, o->count * (MPI_Count)r->size);
    } else {
        combine_direct(r, o, out);
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
