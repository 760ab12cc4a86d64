// SPDX-License-Identifier: MIT
// MPI_Bcast in shared memory. The root's post says how: the data is in it; or the others take it
// straight from the root's memory; or it comes in chunks, one step each. The root does not wait for
// anybody, except for a chunk that is still read and for the end of the second form.
// Read first: shm.h.
#include "collectives/shm.h"

// The least that makes waiting for the readers pay.
enum { MEMORY_LEAST = 16 << 10 };

static void give_chunk(const struct mp_collective *c, MPI_Count from)
{
    MPI_Count bytes = c->recv.counts.each * c->recv.type->size - from;
    unsigned step = (unsigned)(from / MP_CHUNK_BYTES) + 1;
    bool last = bytes <= MP_CHUNK_BYTES;
    char *chunk = mp_slots_claim(c->comm, last ? MP_STEP_DONE : step, MP_EVERYBODY);

    mp_shm_put(chunk, c->recv.type, c->recv.buffer, c->recv.counts.each, from,
               last ? bytes : MP_CHUNK_BYTES);
}

static int root(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    struct mp_datatype *type = c->recv.type;
    MPI_Count bytes = c->recv.counts.each * type->size;
    const char *data = (const char *)c->recv.buffer + type->true_lb;
    struct mp_post *post = mp_board_begin(comm, MP_BCAST, c->root, (uint64_t)bytes);
    post->chunk = (uint32_t)comm->board.chunk;

    if (bytes <= MP_POST_ROOM) {
        post->kind |= MP_POST_INLINE;
        mp_shm_put(post->data, type, c->recv.buffer, c->recv.counts.each, 0, bytes);
        mp_board_post(comm);
        return 0;
    }
    if (bytes >= MEMORY_LEAST && type->contiguous && mp_shm_is_reachable(data, bytes)) {
        post->kind |= MP_POST_OPERAND;
        post->address[0] = (uintptr_t)data;
        mp_board_post(comm);
        mp_board_step(comm, MP_STEP_DONE, MP_NOBODY);
        mp_board_await_step_all(comm, MP_STEP_DONE);
        return 0;
    }
    give_chunk(c, 0);
    mp_board_post(comm);
    for (MPI_Count from = MP_CHUNK_BYTES; from < bytes; from += MP_CHUNK_BYTES) {
        give_chunk(c, from);
        mp_board_step(comm, (unsigned)(from / MP_CHUNK_BYTES) + 1, MP_EVERYBODY);
    }
    return 0;
}

// Takes bytes [from, from + bytes) of what the root sends, as far as there is room for them.
static void take(const struct mp_collective *c, const char *data, MPI_Count from, MPI_Count bytes)
{
    MPI_Count room = c->recv.counts.each * c->recv.type->size - from;
    bytes = bytes < room ? bytes : room;
    if (bytes > 0) {
        mp_shm_get(data, c->recv.type, c->recv.buffer, c->recv.counts.each, from, bytes);
    }
}

static void take_chunks(const struct mp_collective *c, const struct mp_post *post)
{
    MPI_Count bytes = (MPI_Count)post->bytes;
    unsigned step = 1;
    for (MPI_Count from = 0; from < bytes; from += MP_CHUNK_BYTES, step++) {
        MPI_Count left = bytes - from;
        bool last = left <= MP_CHUNK_BYTES;
        if (step > 1) {
            mp_board_await_step(c->comm, c->root, step);
        }
        take(c, mp_slots_at(c->comm, c->root, post->chunk + step - 1), from,
             last ? left : MP_CHUNK_BYTES);
        mp_board_step(c->comm, last ? MP_STEP_DONE : step, c->root);
    }
}

static int leaf(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    MPI_Count expected = c->recv.counts.each * c->recv.type->size;

    mp_board_begin(comm, MP_BCAST, c->root, (uint64_t)expected);
    mp_board_post(comm);
    const struct mp_post *post = mp_board_await(comm, c->root);
    int error = mp_shm_compare_kind(c, c->root);
    if (error) {
        return error;
    }
    MPI_Count bytes = (MPI_Count)post->bytes;
    error = mp_shm_compare_sent(c->root, bytes, expected, true);
    if (post->kind & MP_POST_INLINE) {
        take(c, post->data, 0, bytes);
    } else if (post->kind & MP_POST_OPERAND) {
        take(c, mp_shm_reach(comm, c->root, post->address[0], bytes), 0, bytes);
        mp_board_step(comm, MP_STEP_DONE, c->root);
    } else {
        take_chunks(c, post);
    }
    return error;
}

int mp_shm_bcast(const struct mp_collective *c)
{
    return c->root == c->comm->rank ? root(c) : leaf(c);
}
