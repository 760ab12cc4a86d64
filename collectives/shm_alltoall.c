// SPDX-License-Identifier: MIT
// MPI_Alltoall and its v and w forms in shared memory: everybody gives parts, and takes one of
// each. Blocks of the same length for all that fit a post together travel in it. In place, what is
// received lies where blocks of this rank are: a chunk's parts are given before those of the same
// place are taken, so nothing is overwritten that is still needed.
// Read first: shm_parts.h, shm_scatter.c.
#include "collectives/shm_parts.h"

struct alltoall {
    const struct mp_collective *c;
    const struct mp_blocks *give;
    uint32_t stride;
    unsigned mine;   // chunks that this rank gives
    unsigned chunks; // that the one gives who gives most
    int error;
    bool other_kind;
};

static void note(struct alltoall *a, int error)
{
    a->error = a->error ? a->error : error;
}

static void take_own(struct alltoall *a)
{
    const struct mp_collective *c = a->c;
    int rank = c->comm->rank;

    if (!c->in_place) {
        a->error = mp_shm_take_own(c, mp_block_at(a->give, rank), mp_block_count(a->give, rank),
                                   mp_block_type(a->give, rank), rank);
    }
}

static int inline_blocks(struct alltoall *a, struct mp_post *post, MPI_Count each)
{
    const struct mp_collective *c = a->c;
    struct mp_comm *comm = c->comm;

    post->kind |= MP_POST_INLINE;
    mp_shm_give_in_post(comm, a->give, each);
    mp_board_post(comm);
    take_own(a);
    mp_board_await_all(comm);
    for (int i = 0; i < comm->size; i++) {
        if (i == comm->rank) {
            continue;
        }
        const struct mp_post *theirs = mp_board_post_of(comm, i);
        MPI_Count bytes = (MPI_Count)theirs->bytes;
        int error = mp_shm_compare_kind(c, i);
        error = error ? error : mp_shm_compare_sent(i, bytes, mp_block_bytes(&c->recv, i), true);
        note(a, error);
        if (!error) {
            mp_shm_take(&c->recv, i,
                        mp_shm_parts_in_post(comm, i, bytes) +
                            mp_shm_place_in_post(comm->size, i, comm->rank) * bytes,
                        0, bytes);
        }
    }
    return a->error;
}

// Looks at everybody's first part for this rank.
static void look_at_parts(struct alltoall *a)
{
    const struct mp_collective *c = a->c;
    a->chunks = a->mine;
    for (int i = 0; i < c->comm->size; i++) {
        const struct mp_post *post = mp_board_post_of(c->comm, i);
        int error = mp_shm_compare_kind(c, i);
        if (error || post->kind & MP_POST_INLINE) {
            a->other_kind = true;
            note(a, error ? error : mp_shm_compare_sent(i, 0, (MPI_Count)post->bytes + 1, true));
            continue;
        }
        unsigned theirs = (unsigned)post->address[0];
        a->chunks = theirs > a->chunks ? theirs : a->chunks;
        if (i != c->comm->rank) {
            MPI_Count bytes = (MPI_Count)mp_shm_part_of(c->comm, i, 0)->bytes;
            note(a, mp_shm_compare_sent(i, bytes, mp_block_bytes(&c->recv, i), !c->uneven));
        }
    }
}

static void take_parts(const struct alltoall *a, unsigned chunk)
{
    const struct mp_comm *comm = a->c->comm;
    for (int k = 1; k < comm->size; k++) {
        int rank = (comm->rank + k) % comm->size;
        if (chunk < mp_board_post_of(comm, rank)->address[0]) {
            mp_shm_take_part(a->c, rank, chunk, rank);
        }
    }
}

// A chunk is made known by the post or by step i + 1, and has been taken in step i + 2.
static int in_parts(struct alltoall *a, struct mp_post *post, MPI_Count each)
{
    const struct mp_collective *c = a->c;
    struct mp_comm *comm = c->comm;
    // In place, what is received goes where others would still read.
    unsigned ways = c->in_place ? 0 : mp_shm_part_ways(comm, a->give, MP_SHM_WAITED);

    post->stride = mp_shm_stride(comm->size, !c->uneven, each);
    post->chunk = (uint32_t)comm->board.chunk;
    a->mine = mp_shm_parts_needed(comm, a->give, post->stride, ways, comm->rank);
    post->address[0] = a->mine;
    bool any = mp_shm_give_parts(comm, a->give, post->stride, 0, ways, 2, comm->rank);
    mp_board_post(comm);
    take_own(a);
    mp_board_await_all(comm);
    look_at_parts(a);
    if (a->other_kind) {
        return a->error;
    }
    for (unsigned i = 0; i < a->chunks; i++) {
        if (i > 0) {
            if (i < a->mine) {
                mp_shm_give_parts(comm, a->give, post->stride, i, ways, i + 2, comm->rank);
            }
            mp_board_step(comm, i + 1, MP_EVERYBODY);
            mp_board_await_step_all(comm, i + 1);
        }
        take_parts(a, i);
    }
    mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    if (any) {
        mp_board_await_step_all(comm, MP_STEP_DONE);
    }
    return a->error;
}

int mp_shm_alltoall(const struct mp_collective *c)
{
    struct alltoall a = {.c = c, .give = c->in_place ? &c->recv : &c->send};
    MPI_Count each = c->uneven ? 0 : mp_block_bytes(a.give, 0);
    struct mp_post *post = mp_board_begin(c->comm, MP_ALLTOALL, 0, (uint64_t)each);

    if (!c->uneven && mp_shm_parts_fit_post(c->comm->size, each)) {
        return inline_blocks(&a, post, each);
    }
    MPI_Count sent = 0;
    for (int i = 0; i < c->comm->size; i++) {
        sent += mp_block_bytes(a.give, i);
    }
    struct mp_collective passing;
    if (!c->in_place && mp_shm_outgrows_caches(c, sent)) {
        passing = *c;
        passing.recv.passes = true;
        a.c = &passing;
    }
    return in_parts(&a, post, each);
}
