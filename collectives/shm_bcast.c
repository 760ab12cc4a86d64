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

// The others take the data from this rank's memory; it moves its part of it, if they agree.
static void await_readers(const struct mp_collective *c, const struct mp_post *post)
{
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = (MPI_Count)post->bytes;

    for (int k = 1; k < comm->size && post->kind & MP_POST_SHARES; k++) {
        int rank = (c->root + k) % comm->size;
        const struct mp_post *leaf = mp_board_await(comm, rank);
        MPI_Count part = mp_shm_is_same(c, leaf) ? mp_shm_root_part(comm, post, leaf, bytes) : 0;
        if (part > 0) {
            uint64_t from = (uint64_t)(bytes - part);
            const char *data = (const char *)(uintptr_t)post->address[0] + from;
            mp_shm_write(comm, rank, leaf->address[1] + from, data, part);
        }
    }
    mp_board_step(comm, MP_STEP_DONE, post->kind & MP_POST_SHARES ? MP_EVERYBODY : MP_NOBODY);
    mp_board_await_step_all(comm, MP_STEP_DONE);
}

static int root(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_blocks *data = &c->recv;
    struct mp_post *post = mp_shm_begin_leaving(c, 0, 0);
    MPI_Count bytes = mp_block_bytes(data, 0);
    unsigned chunks = mp_shm_chunks(bytes);
    unsigned ways = mp_shm_ways(comm, bytes, 0);

    mp_shm_give(comm, post, data, 0, ways, taken(0, chunks), MP_EVERYBODY);
    if (post->kind & MP_POST_OPERAND) {
        post->kind |= mp_shm_shares(ways);
    }
    mp_board_post(comm);
    if (post->kind & MP_POST_OPERAND) {
        await_readers(c, post);
        return 0;
    }
    for (unsigned i = 1; i < mp_shm_chunks_of(post); i++) {
        mp_shm_give_chunk(comm, i, data, 0, taken(i, chunks), MP_EVERYBODY);
        mp_board_step(comm, i + 1, MP_EVERYBODY);
    }
    return 0;
}

static void take_from_memory(const struct mp_collective *c, const struct mp_post *mine,
                             const struct mp_post *post)
{
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = (MPI_Count)post->bytes;
    MPI_Count part = mp_shm_root_part(comm, post, mine, bytes);

    mp_shm_take_memory(c, c->root, post->address[0], 0, bytes - part, 0);
    mp_board_step(comm, MP_STEP_DONE, c->root);
    if (part > 0) {
        mp_board_await_step(comm, c->root, MP_STEP_DONE);
    }
}

static int leaf(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    MPI_Count expected = mp_block_bytes(&c->recv, 0);
    struct mp_post *mine = mp_shm_begin_leaving(c, 0, (uint64_t)expected);

    mp_shm_post_place(comm, mine, &c->recv);
    mp_board_post(comm);
    const struct mp_post *post = mp_board_await(comm, c->root);
    int error = mp_shm_compare_kind(c, c->root);
    if (error) {
        return error;
    }
    error = mp_shm_compare_block(c, c->root, 0, (MPI_Count)post->bytes, post->signature);
    if (post->kind & MP_POST_OPERAND) {
        take_from_memory(c, mine, post);
        return error;
    }
    mp_shm_take_given(c, c->root, 0, 0);
    for (unsigned i = 1; i < mp_shm_chunks_of(post); i++) {
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
