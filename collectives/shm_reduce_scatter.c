// SPDX-License-Identifier: MIT
// MPI_Reduce_scatter and its block form in shared memory: each rank combines its own block, in the
// posts, straight from everybody's memory, or by way of the slots, where each window has a part for
// every rank. In place, blocks of the operand lie where the result goes, so that is kept apart
// until the end. Read first: shm_combine.h, shm_reduce.c.
#include "collectives/shm_combine.h"

#include "object/errhandler.h"

#include <stdlib.h>

struct scatter {
    struct mp_shm_reduction r;
    MPI_Count offset; // elements before this rank's block
    MPI_Count mine;   // elements in it
    MPI_Count each;   // elements of a part
    MPI_Count windows;
    char *apart; // of the result, packed, when it is in place
};

static MPI_Count measure(struct scatter *s, const struct mp_collective *c)
{
    MPI_Count total = 0, longest = 0;
    for (int i = 0; i < c->comm->size; i++) {
        MPI_Count count = mp_block_count(&c->recv, i);
        s->offset = i == c->comm->rank ? total : s->offset;
        longest = count > longest ? count : longest;
        total += count;
    }
    if (c->recv.type->size == 0) {
        s->each = 1;
        s->windows = 0;
        return 0;
    }
    s->mine = mp_block_count(&c->recv, c->comm->rank);
    s->each = MP_CHUNK_BYTES / c->recv.type->size / c->comm->size;
    s->windows = (longest + s->each - 1) / s->each;
    return total;
}

// Combines part of this rank's block into the result, from element `at` of it on.
static void combine(struct scatter *s, struct mp_shm_operands *part, MPI_Count at)
{
    part->first = s->offset + at;
    part->ranks = s->r.c->comm->size;
    if (s->apart) {
        mp_shm_combine(&s->r, part, s->apart + at * (MPI_Count)s->r.size);
    } else {
        mp_shm_combine_result(&s->r, part, s->r.c->recv.buffer, at);
    }
}

static void give_window(struct scatter *s, MPI_Count w)
{
    const struct mp_collective *c = s->r.c;
    MPI_Count size = (MPI_Count)s->r.size, offset = 0;
    unsigned step = w + 1 < s->windows ? (unsigned)w + 2 : MP_STEP_DONE;
    char *chunk = mp_slots_claim(c->comm, step, MP_EVERYBODY);

    for (int i = 0; i < c->comm->size; i++) {
        MPI_Count count = mp_block_count(&c->recv, i);
        MPI_Count left = count - w * s->each;
        MPI_Count length = left < s->each ? left : s->each;
        if (length > 0 && (i != c->comm->rank || !s->r.direct)) {
            mp_shm_put(chunk + i * s->each * size, s->r.type, s->r.operand, s->r.count,
                       (offset + w * s->each) * size, length * size);
        }
        offset += count;
    }
}

static void combine_window(struct scatter *s, MPI_Count w)
{
    MPI_Count left = s->mine - w * s->each;
    struct mp_shm_operands part = {.place = MP_IN_CHUNK,
                                   .chunk = (uint64_t)w,
                                   .offset = (size_t)(s->r.c->comm->rank * s->each) * s->r.size,
                                   .count = left < s->each ? left : s->each};
    if (part.count > 0) {
        combine(s, &part, w * s->each);
    }
}

// Window w is made known by step w + 1, and a rank has done with it in step w + 2, or at the end.
// If nobody kept it back, the first one came with the posts.
static void in_windows(struct scatter *s, bool give_first, bool first_is_known)
{
    struct mp_comm *comm = s->r.c->comm;
    for (MPI_Count w = 0; w < s->windows; w++) {
        if (w > 0 || give_first) {
            give_window(s, w);
        }
        if (w > 0 || !first_is_known) {
            mp_board_step(comm, (unsigned)w + 1, MP_EVERYBODY);
            mp_board_await_step_all(comm, (unsigned)w + 1);
        }
        combine_window(s, w);
    }
    mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
}

static int run(struct scatter *s, MPI_Count bytes)
{
    const struct mp_collective *c = s->r.c;
    struct mp_comm *comm = c->comm;
    struct mp_post *post = mp_board_begin(comm, mp_shm_kind(c), 0, (uint64_t)bytes);
    post->signature = (uint16_t)mp_datatype_signature(c->recv.type, s->r.count);
    bool kept_back = false;
    bool posted = mp_shm_operand_is_posted(comm, bytes);

    if (posted) {
        mp_shm_put(mp_board_data(comm, comm->rank, (size_t)bytes), s->r.type, s->r.operand,
                   s->r.count, 0, bytes);
    } else {
        post->chunk = (uint32_t)comm->board.chunk;
        kept_back = mp_shm_reduction_offer(&s->r, post, NULL);
        if (!kept_back) {
            give_window(s, 0);
        }
    }
    mp_board_post_data(comm, posted ? (size_t)bytes : 0);
    mp_board_await_all(comm);
    int error = mp_shm_compare_all(c, bytes);
    if (error) {
        return error;
    }
    enum mp_shm_offers offers = MP_OFFERS_NONE;
    if (!posted) {
        offers = mp_shm_reduction_offers(&s->r);
    }
    if (posted) {
        struct mp_shm_operands part = {
            .place = MP_IN_POST, .offset = (size_t)s->offset * s->r.size, .count = s->mine};
        combine(s, &part, 0);
    } else if (offers == MP_OFFERS_ALL) {
        struct mp_shm_operands part = {.place = MP_IN_MEMORY, .count = s->mine};
        combine(s, &part, 0);
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
        mp_board_await_step_all(comm, MP_STEP_DONE);
    } else {
        in_windows(s, kept_back, offers == MP_OFFERS_NONE);
    }
    if (s->apart) {
        mp_shm_get(s->apart, s->r.type, c->recv.buffer, s->mine, 0, s->mine * (MPI_Count)s->r.size);
    }
    return 0;
}

int mp_shm_reduce_scatter(const struct mp_collective *c)
{
    struct scatter s = {.mine = 0};
    MPI_Count total = measure(&s, c);
    int error = mp_shm_reduction_open(&s.r, c, total, s.each);

    if (error) {
        return error;
    }
    if (c->in_place && s.mine > 0) {
        s.apart = malloc((size_t)s.mine * s.r.size);
        error = s.apart ? 0 : mp_fail(MPI_ERR_NO_MEM, "no memory for the result of a reduction");
    }
    error = error ? error : run(&s, total * (MPI_Count)s.r.size);
    free(s.apart);
    mp_shm_reduction_close(&s.r);
    return error;
}
