// SPDX-License-Identifier: MIT
// MPI_Scatter and MPI_Scatterv in shared memory, and giving something else to each rank, in a post
// or in the parts of chunks. Read first: shm_parts.h.
#include "collectives/shm_parts.h"

// ---- Parts

unsigned mp_shm_part_ways(struct mp_comm *comm, const struct mp_blocks *blocks, unsigned waited)
{
    MPI_Count longest = 0;
    for (int i = 0; i < comm->size; i++) {
        MPI_Count bytes = mp_block_bytes(blocks, i);
        longest = bytes > longest ? bytes : longest;
    }
    return mp_shm_ways(comm, longest, waited);
}

bool mp_shm_part_is_in_memory(const struct mp_blocks *blocks, int rank, unsigned ways)
{
    MPI_Count bytes = mp_block_bytes(blocks, rank);
    if (bytes < MP_SHM_MEMORY_LEAST / 2) {
        return false;
    }
    const struct mp_datatype *type = mp_block_type(blocks, rank);
    const char *data = (const char *)mp_block_at(blocks, rank) + type->true_lb;
    return type->contiguous && mp_shm_is_worth(ways, data, bytes);
}

unsigned mp_shm_parts_needed(struct mp_comm *comm, const struct mp_blocks *blocks, uint32_t stride,
                             unsigned ways, int skip)
{
    unsigned most = 1;
    for (int i = 0; i < comm->size; i++) {
        if (i != skip && !mp_shm_part_is_in_memory(blocks, i, ways)) {
            unsigned chunks = mp_shm_part_chunks(stride, mp_block_bytes(blocks, i));
            most = chunks > most ? chunks : most;
        }
    }
    return most;
}

bool mp_shm_give_parts(struct mp_comm *comm, const struct mp_blocks *blocks, uint32_t stride,
                       unsigned chunk, unsigned ways, unsigned step, int skip)
{
    char *at = mp_slots_claim(comm, step, MP_EVERYBODY);
    MPI_Count room = mp_shm_part_room(stride);
    MPI_Count from = chunk * room;
    bool any = false;

    for (int i = 0; i < comm->size; i++, at += stride) {
        struct mp_shm_part *part = (void *)at;
        MPI_Count bytes = mp_block_bytes(blocks, i);
        if (i == skip) {
            continue;
        }
        bool memory = mp_shm_part_is_in_memory(blocks, i, ways);
        const struct mp_datatype *type = bytes > 0 ? mp_block_type(blocks, i) : NULL;
        part->bytes = (uint64_t)bytes;
        part->signature = mp_block_signature(blocks, i);
        part->address = memory ? (uintptr_t)mp_block_at(blocks, i) + (uintptr_t)type->true_lb : 0;
        any = any || memory;
        MPI_Count left = bytes - from;
        if (!memory && left > 0) {
            mp_shm_put(part->data, type, mp_block_at(blocks, i), mp_block_count(blocks, i), from,
                       left < room ? left : room);
        }
    }
    return any;
}

struct mp_shm_parts mp_shm_measure(const struct mp_comm *comm, const struct mp_blocks *blocks)
{
    int first = (comm->rank + 1) % comm->size;
    MPI_Count each = mp_block_bytes(blocks, first);
    struct mp_shm_parts parts = {
        .even = true, .each = (size_t)each, .signature = mp_block_signature(blocks, first)};

    for (int i = 0; i < comm->size && parts.length <= MP_CHUNK_BYTES; i++) {
        size_t bytes = i == comm->rank ? 0 : (size_t)mp_block_bytes(blocks, i);
        parts.even = parts.even && (i == comm->rank || bytes == parts.each);
        if (blocks->types && i != comm->rank) {
            parts.even = parts.even && mp_block_signature(blocks, i) == parts.signature;
        }
        parts.length += bytes;
        parts.longest = bytes > parts.longest ? bytes : parts.longest;
    }
    parts.length += parts.even ? 0 : mp_shm_ends_bytes(comm->size);
    return parts;
}

void mp_shm_give_parts_at(const struct mp_comm *comm, struct mp_post *post, char *data,
                          const struct mp_blocks *blocks, const struct mp_shm_parts *parts)
{
    size_t end = parts->even ? 0 : mp_shm_ends_bytes(comm->size);
    struct mp_shm_end *ends = (void *)data;

    post->kind |= parts->even ? MP_POST_INLINE : MP_POST_INLINE | MP_POST_ENDS;
    post->bytes = parts->even ? parts->each : parts->length;
    post->signature = (uint16_t)parts->signature;
    for (int k = 0, i = comm->rank; k < comm->size - 1; k++) {
        i = i + 1 < comm->size ? i + 1 : 0;
        end += (size_t)mp_shm_put_block(data + end, blocks, i);
        if (!parts->even) {
            ends[k] = (struct mp_shm_end){(uint32_t)end, mp_block_signature(blocks, i)};
        }
    }
}

bool mp_shm_give_in_post(struct mp_comm *comm, struct mp_post *post, const struct mp_blocks *blocks)
{
    struct mp_shm_parts parts = mp_shm_measure(comm, blocks);
    if (!mp_shm_fits_post(parts.length, parts.longest)) {
        return false;
    }
    char *data = mp_slots_begin_data(comm, post, parts.length);
    mp_shm_give_parts_at(comm, post, data, blocks, &parts);
    return true;
}

void mp_shm_take_part(const struct mp_collective *c, int rank, unsigned chunk, int block)
{
    const struct mp_shm_part *part = mp_shm_part_of(c->comm, rank, chunk);
    MPI_Count bytes = (MPI_Count)part->bytes;

    if (!part->address) {
        MPI_Count room = mp_shm_part_room(mp_board_post_of(c->comm, rank)->stride);
        MPI_Count left = bytes - chunk * room;
        mp_shm_take(&c->recv, block, part->data, chunk * room, left < room ? left : room);
    } else if (chunk == 0) {
        mp_shm_take_memory(c, rank, part->address, 0, bytes, block);
    }
}

// ---- The operation

// The root's part of what the others take from memory.
static void move_own_part(const struct mp_collective *c, const struct mp_post *post, unsigned ways)
{
    struct mp_comm *comm = c->comm;

    for (int k = 1; k < comm->size; k++) {
        int rank = (c->root + k) % comm->size;
        if (!mp_shm_part_is_in_memory(&c->send, rank, ways)) {
            continue;
        }
        MPI_Count bytes = mp_block_bytes(&c->send, rank);
        const struct mp_post *leaf = mp_board_await(comm, rank);
        MPI_Count part = mp_shm_is_same(c, leaf) ? mp_shm_root_part(comm, post, leaf, bytes) : 0;
        if (part > 0) {
            MPI_Count from = bytes - part;
            const char *data = (const char *)mp_block_at(&c->send, rank) +
                               mp_block_type(&c->send, rank)->true_lb + from;
            mp_shm_write(comm, rank, leaf->address[1] + (uint64_t)from, data, part);
        }
    }
}

// A reader has done with its part of chunk i in step i + 1, and says that it is done with the last
// one of its own block.
static int root(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_blocks *blocks = &c->send;
    MPI_Count each = c->uneven ? 0 : mp_block_bytes(blocks, 0);
    struct mp_post *post = mp_shm_begin_leaving(c, 0, (uint64_t)each);
    bool any = false;

    if (mp_shm_give_in_post(comm, post, blocks)) {
        mp_board_post(comm);
    } else {
        unsigned ways = mp_shm_part_ways(comm, blocks, 0);
        post->stride = mp_shm_stride(comm->size, !c->uneven, each);
        post->chunk = (uint32_t)comm->board.chunk;
        unsigned chunks = mp_shm_parts_needed(comm, blocks, post->stride, ways, c->root);
        any = mp_shm_give_parts(comm, blocks, post->stride, 0, ways, 1, c->root);
        post->kind |= any ? mp_shm_shares(ways) : 0;
        mp_board_post(comm);
        for (unsigned i = 1; i < chunks; i++) {
            mp_shm_give_parts(comm, blocks, post->stride, i, ways, i + 1, c->root);
            mp_board_step(comm, i + 1, MP_EVERYBODY);
        }
        if (post->kind & MP_POST_SHARES) {
            move_own_part(c, post, ways);
        }
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    int error = 0;
    if (!c->in_place) {
        error = mp_shm_take_own(c, c->root, 0);
    }
    if (any) {
        mp_board_await_progress(comm, MP_EVERYBODY, mp_board_progress(comm, MP_STEP_DONE));
    }
    return error;
}

static int take_from_memory(const struct mp_collective *c, const struct mp_post *mine,
                            const struct mp_shm_part *given)
{
    struct mp_comm *comm = c->comm;
    MPI_Count bytes = (MPI_Count)given->bytes;
    MPI_Count part = mp_shm_root_part(comm, mp_board_post_of(comm, c->root), mine, bytes);

    mp_shm_take_memory(c, c->root, given->address, 0, bytes - part, 0);
    mp_board_step(comm, MP_STEP_DONE, c->root);
    if (part > 0) {
        mp_board_await_step(comm, c->root, MP_STEP_DONE);
    }
    return mp_shm_compare_block(c, c->root, 0, bytes, given->signature);
}

static int take_parts(const struct mp_collective *c, const struct mp_post *mine,
                      const struct mp_post *post)
{
    struct mp_comm *comm = c->comm;
    const struct mp_shm_part *part = mp_shm_part_of(comm, c->root, 0);
    MPI_Count bytes = (MPI_Count)part->bytes;

    if (part->address) {
        return take_from_memory(c, mine, part);
    }
    unsigned chunks = mp_shm_part_chunks(post->stride, bytes);
    int error = mp_shm_compare_block(c, c->root, 0, bytes, part->signature);
    mp_shm_take_part(c, c->root, 0, 0);
    for (unsigned i = 1; i < chunks; i++) {
        mp_board_step(comm, i, c->root);
        mp_board_await_step(comm, c->root, i + 1);
        mp_shm_take_part(c, c->root, i, 0);
    }
    mp_board_step(comm, MP_STEP_DONE, c->root);
    return error;
}

int mp_shm_scatter_take(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_post *post = mp_board_await(comm, c->root);
    int error = mp_shm_compare_kind(c, c->root);
    if (error) {
        return error;
    }
    if (!(post->kind & MP_POST_INLINE)) {
        return take_parts(c, mp_board_post_of(comm, comm->rank), post);
    }
    struct mp_shm_given given = mp_shm_part_in_post(comm, c->root);
    mp_shm_take(&c->recv, 0, given.data, 0, (MPI_Count)given.bytes);
    return mp_shm_compare_block(c, c->root, 0, (MPI_Count)given.bytes, given.signature);
}

static int leaf(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    MPI_Count expected = mp_block_bytes(&c->recv, 0);

    struct mp_post *mine = mp_shm_begin_leaving(c, 0, (uint64_t)expected);
    mp_shm_post_place(comm, mine, &c->recv);
    mp_board_post(comm);
    return mp_shm_scatter_take(c);
}

int mp_shm_scatter(const struct mp_collective *c)
{
    return c->root == c->comm->rank ? root(c) : leaf(c);
}
