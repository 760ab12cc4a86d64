// SPDX-License-Identifier: MIT
// MPI_Bcast in shared memory. The root's post says how: the data is in it; or the others take it
// straight from the root's memory; or it comes in chunks, one step each. The root does not wait for
// anybody, except for a chunk that is still read and for the end of the second form.
// Read first: shm.h.
#include "collectives/shm.h"

// The step in which a reader has done with chunk number `chunk`.
static unsigned taken(unsigned chunk, unsigned chunks)
{
    return chunk + 1 < chunks ? chunk + 1 : MP_STEP_DONE;
}

static int root(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_blocks *data = &c->recv;
    struct mp_post *post = mp_board_begin(comm, MP_BCAST, c->root, 0);
    unsigned chunks = mp_shm_chunks(data->counts.each * data->type->size);

    mp_shm_give(comm, post, data->buffer, data->counts.each, data->type, taken(0, chunks),
                MP_EVERYBODY);
    mp_board_post(comm);
    if (post->kind & MP_POST_OPERAND) {
        mp_board_step(comm, MP_STEP_DONE, MP_NOBODY);
        mp_board_await_step_all(comm, MP_STEP_DONE);
        return 0;
    }
    for (unsigned i = 1; i < mp_shm_chunks_of(post); i++) {
        mp_shm_give_chunk(comm, i, data->buffer, data->counts.each, data->type, taken(i, chunks),
                          MP_EVERYBODY);
        mp_board_step(comm, i + 1, MP_EVERYBODY);
    }
    return 0;
}

static int leaf(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    MPI_Count expected = mp_block_bytes(&c->recv, 0);

    mp_board_begin(comm, MP_BCAST, c->root, (uint64_t)expected);
    mp_board_post(comm);
    const struct mp_post *post = mp_board_await(comm, c->root);
    int error = mp_shm_compare_kind(c, c->root);
    if (error) {
        return error;
    }
    unsigned chunks = mp_shm_chunks_of(post);
    error = mp_shm_compare_sent(c->root, (MPI_Count)post->bytes, expected, true);
    mp_shm_take_given(c, c->root, 0, 0);
    for (unsigned i = 1; i < chunks; i++) {
        mp_board_step(comm, i, c->root);
        mp_board_await_step(comm, c->root, i + 1);
        mp_shm_take_given(c, c->root, i, 0);
    }
    if (!(post->kind & MP_POST_INLINE)) {
        mp_board_step(comm, MP_STEP_DONE, c->root);
    }
    return error;
}

int mp_shm_bcast(const struct mp_collective *c)
{
    return c->root == c->comm->rank ? root(c) : leaf(c);
}
