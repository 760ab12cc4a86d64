// SPDX-License-Identifier: MIT
// MPI_Gather, MPI_Allgather and their v forms in shared memory: each rank gives its block as its
// post says (shm_give.c), and the root, or everybody, takes them. What comes in chunks comes one
// chunk of every rank at a time, in steps that all of them take part in.
// Read first: shm_bcast.c.
#include "collectives/shm.h"

// This rank's block, as it gives it: in place, where it would get it.
struct own {
    const struct mp_blocks *blocks;
    int block;
    MPI_Count bytes;
};

static struct own own_block(const struct mp_collective *c)
{
    struct own own = {c->in_place ? &c->recv : &c->send, c->in_place ? c->comm->rank : 0, 0};
    own.bytes = mp_block_bytes(own.blocks, own.block);
    return own;
}

static int check_sent(const struct mp_collective *c, int rank)
{
    const struct mp_post *post = mp_board_post_of(c->comm, rank);
    return mp_shm_compare_block(c, rank, rank, (MPI_Count)post->bytes, post->signature);
}

// What all posts together say.
struct posts {
    int error;       // the first one that this rank can see
    bool other_kind; // somebody is in another operation
    unsigned chunks; // of the longest block that comes in any
    bool waited;     // somebody waits for his block to be taken
};

static struct posts look_at_posts(const struct mp_collective *c)
{
    struct posts all = {.error = 0};
    for (int i = 0; i < c->comm->size; i++) {
        const struct mp_post *post = mp_board_post_of(c->comm, i);
        int other = i == c->comm->rank ? 0 : mp_shm_compare_kind(c, i);
        if (unlikely(other)) {
            all.other_kind = true;
            all.error = other;
            continue;
        }
        unsigned chunks = mp_shm_chunks_of(post);
        all.chunks = chunks > all.chunks ? chunks : all.chunks;
        all.waited = all.waited || !(post->kind & MP_POST_INLINE);
        if (i != c->comm->rank && !all.error) {
            all.error = check_sent(c, i);
        }
    }
    return all;
}

static int take_own(const struct mp_collective *c)
{
    return c->in_place ? 0 : mp_shm_take_own(c, 0, c->comm->rank);
}

// ---- To a root

// Where the root wants what it lets the others write: in a chunk of its own, by rank.
struct place {
    uint64_t address; // of the block for that rank
    uint64_t bytes;   // in it; 0: not to be written
};

enum { MOST_PLACES = MP_CHUNK_BYTES / sizeof(struct place) };

static const struct place *places_of(const struct mp_comm *comm, int root)
{
    return (const void *)mp_slots_at(comm, root, mp_board_post_of(comm, root)->chunk);
}

static void give_places(const struct mp_collective *c, struct mp_post *post)
{
    struct mp_comm *comm = c->comm;
    MPI_Count longest = 0;

    for (int i = 0; i < comm->size; i++) {
        MPI_Count bytes = i == c->root ? 0 : mp_block_bytes(&c->recv, i);
        longest = bytes > longest ? bytes : longest;
    }
    unsigned ways = mp_shm_ways(comm, longest, 0);
    unsigned shares = ways && comm->size <= MOST_PLACES ? mp_shm_shares(ways) : 0;
    if (!shares || c->recv.types || !c->recv.type->contiguous) {
        return;
    }
    post->kind |= shares;
    post->chunk = (uint32_t)comm->board.chunk;
    struct place *places = (void *)mp_slots_claim(comm, MP_STEP_DONE, MP_EVERYBODY);
    for (int i = 0; i < comm->size; i++) {
        MPI_Count bytes = mp_block_bytes(&c->recv, i);
        char *at = (char *)mp_block_at(&c->recv, i) + c->recv.type->true_lb;
        bool worth = mp_shm_is_worth(ways, at, bytes);
        places[i] = (struct place){(uintptr_t)at, worth ? (uint64_t)bytes : 0};
    }
}

// Bytes of a rank's block that the root takes itself. If it is not all, the rank moves the rest.
static MPI_Count part_of_root(const struct mp_comm *comm, const struct mp_post *root, int rank,
                              const struct mp_post *leaf)
{
    bool shares = root->kind & MP_POST_SHARES && leaf->kind & MP_POST_OPERAND;
    if (shares && places_of(comm, root->root - comm->board.label)[rank].bytes >= leaf->bytes) {
        return mp_shm_part_of_root(comm, (MPI_Count)leaf->bytes);
    }
    return (MPI_Count)leaf->bytes;
}

static void move_own(const struct mp_collective *c, const struct mp_post *mine)
{
    struct mp_comm *comm = c->comm;
    const struct mp_post *root = mp_board_await(comm, c->root);
    MPI_Count rest = (MPI_Count)mine->bytes;

    if (mp_shm_is_same(c, root)) {
        rest -= part_of_root(comm, root, comm->rank, mine);
        if (rest > 0) {
            mp_shm_write(comm, c->root, places_of(comm, c->root)[comm->rank].address,
                         (const void *)(uintptr_t)mine->address[0], rest);
            mp_board_step(comm, MP_STEP_DONE, c->root);
        }
    }
    // The root does that only when it sees the same operation; else it raises an error.
    mp_board_await_progress(comm, c->root, mp_board_progress(comm, MP_STEP_DONE));
}

static int leaf(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    struct own own = own_block(c);
    struct mp_post *post = mp_shm_begin_leaving(c, 0, 0);
    unsigned ways = mp_shm_ways(comm, own.bytes, 0);

    // The root takes chunk i in step i + 1.
    mp_shm_give(comm, post, own.blocks, own.block, ways, 1, c->root);
    mp_board_post(comm);
    unsigned chunks = mp_shm_chunks_of(post);
    for (unsigned i = 1; i < chunks; i++) {
        mp_shm_give_chunk(comm, i, own.blocks, own.block, i + 1, c->root);
        mp_board_step(comm, i + 1, c->root);
    }
    if (post->kind & MP_POST_OPERAND) {
        move_own(c, post);
    }
    return 0;
}

// Takes chunk i, or all, of what a rank gives; or the root's part of it. True if that rank moves
// the rest.
static bool take(const struct mp_collective *c, const struct mp_post *mine, int rank, unsigned i)
{
    const struct mp_post *leaf = mp_board_post_of(c->comm, rank);
    if (leaf->kind & MP_POST_OPERAND) {
        MPI_Count part = part_of_root(c->comm, mine, rank, leaf);
        MPI_Count from = (MPI_Count)leaf->bytes - part;
        mp_shm_take_memory(c, rank, leaf->address[0], from, part, rank);
        return from > 0;
    }
    mp_shm_take_given(c, rank, i, rank);
    return false;
}

static int root(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    struct mp_post *post = mp_shm_begin_leaving(c, 0, 0);
    bool shared = false;

    post->kind |= MP_POST_INLINE;
    give_places(c, post);
    mp_board_post(comm);
    int own_error = take_own(c);
    mp_board_await_all(comm);
    struct posts all = look_at_posts(c);
    for (unsigned i = 0; i == 0 || i < all.chunks; i++) {
        for (int k = 1; k < comm->size; k++) {
            int rank = (c->root + k) % comm->size;
            unsigned theirs = mp_shm_chunks_of(mp_board_post_of(comm, rank));
            if (unlikely(all.other_kind) && mp_shm_compare_kind(c, rank)) {
                continue;
            }
            if (i > 0 && i < theirs) {
                mp_board_await_step(comm, rank, i + 1);
            }
            if (i == 0 || i < theirs) {
                shared = take(c, post, rank, i) || shared;
            }
        }
        if (all.chunks > 0) {
            mp_board_step(comm, i + 1, MP_EVERYBODY);
        }
    }
    if (all.waited) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    for (int i = 0; shared && i < comm->size; i++) {
        const struct mp_post *leaf = mp_board_post_of(comm, i);
        bool agrees = i != c->root && !(all.other_kind && mp_shm_compare_kind(c, i));
        if (agrees && (MPI_Count)leaf->bytes > part_of_root(comm, post, i, leaf)) {
            mp_board_await_step(comm, i, MP_STEP_DONE);
        }
    }
    return own_error ? own_error : all.error;
}

int mp_shm_gather(const struct mp_collective *c)
{
    return c->root == c->comm->rank ? root(c) : leaf(c);
}

// ---- To all

static int allgather(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    struct own own = own_block(c);
    struct mp_post *post = mp_board_begin(comm, mp_shm_kind(c), 0, 0);
    unsigned ways = mp_shm_ways(comm, own.bytes, MP_SHM_WAITED);

    // Everybody takes chunk i between its steps i + 1 and i + 2.
    mp_shm_give(comm, post, own.blocks, own.block, ways, 2, MP_EVERYBODY);
    mp_board_post(comm);
    unsigned mine = mp_shm_chunks_of(post);
    if (mine == 1) {
        mp_slots_claim_ahead(comm, 0, post->bytes);
    }
    int own_error = take_own(c);
    mp_board_await_all(comm);
    struct posts all = look_at_posts(c);
    if (all.other_kind) {
        return all.error;
    }
    for (unsigned i = 0; i == 0 || i < all.chunks; i++) {
        if (i > 0) {
            if (i < mine) {
                mp_shm_give_chunk(comm, i, own.blocks, own.block, i + 2, MP_EVERYBODY);
            }
            mp_board_step(comm, i + 1, MP_EVERYBODY);
            mp_board_await_step_all(comm, i + 1);
        }
        for (int k = 1; k < comm->size; k++) {
            int rank = (comm->rank + k) % comm->size;
            if (i == 0 || i < mp_shm_chunks_of(mp_board_post_of(comm, rank))) {
                mp_shm_take_given(c, rank, i, rank);
            }
        }
    }
    if (all.waited) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    if (post->kind & MP_POST_OPERAND) {
        mp_board_await_step_all(comm, MP_STEP_DONE);
    }
    return own_error ? own_error : all.error;
}

int mp_shm_allgather(const struct mp_collective *c)
{
    if (mp_shm_outgrows_caches(c, own_block(c).bytes)) {
        struct mp_collective passing = *c;
        passing.recv.passes = true;
        return allgather(&passing);
    }
    return allgather(c);
}
