// SPDX-License-Identifier: MIT
// MPI_Alltoall and its v and w forms in shared memory: everybody gives blocks, in its post or in
// parts, and takes one of each. In place, what is received lies where blocks of this rank are: a
// chunk's parts are given before those of the same place are taken, and what is in posts is taken
// when all has been given, so nothing is overwritten that is still needed.
// Read first: shm_parts.h, shm_scatter.c.
#include "collectives/shm_parts.h"

// What all posts together say.
struct posts {
    int error;       // the first one that this rank can see
    bool other_kind; // somebody is in another operation
    bool waited;     // somebody waits for his blocks to be taken
    unsigned chunks; // that the one gives who gives most
};

static struct posts look_at_posts(const struct mp_collective *c, unsigned own_chunks)
{
    struct mp_comm *comm = c->comm;
    struct posts all = {.waited = own_chunks > 0, .chunks = own_chunks};

    for (int i = 0; i < comm->size; i++) {
        const struct mp_post *post = mp_board_post_of(comm, i);
        struct mp_shm_given given = {.data = NULL};
        if (i == comm->rank) {
            continue;
        }
        int other = mp_shm_compare_kind(c, i);
        if (unlikely(other)) {
            all.other_kind = true;
            all.error = other;
            continue;
        }
        if (post->kind & MP_POST_INLINE) {
            given = mp_shm_part_in_post(comm, i);
        } else {
            unsigned theirs = (unsigned)post->address[0];
            all.chunks = theirs > all.chunks ? theirs : all.chunks;
            all.waited = true;
            given.bytes = mp_shm_part_of(comm, i, 0)->bytes;
            given.signature = mp_shm_part_of(comm, i, 0)->signature;
        }
        if (!all.error) {
            all.error = mp_shm_compare_block(c, i, i, (MPI_Count)given.bytes, given.signature);
        }
    }
    return all;
}

static void take_parts(const struct mp_collective *c, unsigned chunk)
{
    const struct mp_comm *comm = c->comm;
    for (int k = 1; k < comm->size; k++) {
        int rank = (comm->rank + k) % comm->size;
        const struct mp_post *post = mp_board_post_of(comm, rank);
        if (!(post->kind & MP_POST_INLINE) && chunk < post->address[0]) {
            mp_shm_take_part(c, rank, chunk, rank);
        }
    }
}

static void take_from_posts(const struct mp_collective *c)
{
    const struct mp_comm *comm = c->comm;
    for (int k = 1; k < comm->size; k++) {
        int rank = (comm->rank + k) % comm->size;
        if (mp_board_post_of(comm, rank)->kind & MP_POST_INLINE) {
            struct mp_shm_given given = mp_shm_part_in_post(comm, rank);
            mp_shm_take(&c->recv, rank, given.data, 0, (MPI_Count)given.bytes);
        }
    }
}

// A chunk is made known by the post or by step i + 1, and has been taken in step i + 2.
int mp_shm_alltoall_take(const struct mp_collective *c, const struct mp_shm_exchange *own)
{
    struct mp_comm *comm = c->comm;
    const struct mp_blocks *give = c->in_place ? &c->recv : &c->send;
    struct posts all = look_at_posts(c, own->chunks);

    if (all.other_kind) {
        return all.error;
    }
    for (unsigned i = 0; i < all.chunks; i++) {
        if (i > 0) {
            if (i < own->chunks) {
                mp_shm_give_parts(comm, give, own->stride, i, own->ways, i + 2, comm->rank);
            }
            mp_board_step(comm, i + 1, MP_EVERYBODY);
            mp_board_await_step_all(comm, i + 1);
        }
        take_parts(c, i);
    }
    take_from_posts(c);
    if (all.waited) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    if (own->memory) {
        mp_board_await_step_all(comm, MP_STEP_DONE);
    }
    return all.error;
}

static void give_first_parts(const struct mp_collective *c, const struct mp_blocks *give,
                             struct mp_post *post, struct mp_shm_exchange *own)
{
    struct mp_comm *comm = c->comm;

    // In place, what is received goes where others would still read.
    own->ways = c->in_place ? 0 : mp_shm_part_ways(comm, give, MP_SHM_WAITED);
    own->stride = mp_shm_stride(comm->size, !c->uneven, (MPI_Count)post->bytes);
    own->chunks = mp_shm_parts_needed(comm, give, own->stride, own->ways, comm->rank);
    post->stride = own->stride;
    post->chunk = (uint32_t)comm->board.chunk;
    post->address[0] = own->chunks;
    own->memory = mp_shm_give_parts(comm, give, own->stride, 0, own->ways, 2, comm->rank);
}

// The next one may well be like this one.
static void claim_ahead(const struct mp_comm *comm, const struct mp_blocks *give, uint32_t stride)
{
    for (int i = 0; i < comm->size; i++) {
        if (i != comm->rank) {
            size_t bytes = sizeof(struct mp_shm_part) + (size_t)mp_block_bytes(give, i);
            mp_slots_claim_ahead(comm, (size_t)i * stride, bytes);
        }
    }
}

static int alltoall(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_blocks *give = c->in_place ? &c->recv : &c->send;
    int rank = comm->rank, own_error = 0;
    MPI_Count each = c->uneven ? 0 : mp_block_bytes(give, 0);
    struct mp_post *post = mp_board_begin(comm, mp_shm_kind(c), 0, (uint64_t)each);
    struct mp_shm_exchange own = {.chunks = 0};

    if (!mp_shm_give_in_post(comm, post, give)) {
        give_first_parts(c, give, post, &own);
    }
    mp_board_post(comm);
    if (own.chunks == 1 && !own.memory) {
        claim_ahead(comm, give, own.stride);
    }
    if (!c->in_place) {
        own_error = mp_shm_take_own(c, rank, rank);
    }
    mp_board_await_all(comm);
    int error = mp_shm_alltoall_take(c, &own);
    return own_error ? own_error : error;
}

int mp_shm_alltoall(const struct mp_collective *c)
{
    const struct mp_blocks *give = c->in_place ? &c->recv : &c->send;
    MPI_Count sent = 0;
    for (int i = 0; i < c->comm->size; i++) {
        sent += mp_block_bytes(give, i);
    }
    if (!c->in_place && mp_shm_outgrows_caches(c, sent)) {
        struct mp_collective passing = *c;
        passing.recv.passes = true;
        return alltoall(&passing);
    }
    return alltoall(c);
}
