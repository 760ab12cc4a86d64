// SPDX-License-Identifier: MIT
// Short collectives that move blocks: gather, scatter, allgather, all-to-all, regular and with
// counts and displacements. Who gives knows how much, and says it in its post: its one block, or
// the blocks for all others (shm_parts.h). Who takes knows how much it has room for, and looks.
// Whether a rank's blocks are in its post is that rank's affair, so a short one may meet posts
// whose rest has to be taken the long way.
// Inline in the functions of the API, so that each form keeps only what it asks for, and the sides
// of the call need not be in memory. Read first: short.c.
#ifndef MP_COLLECTIVES_SHORT_BLOCKS_H
#define MP_COLLECTIVES_SHORT_BLOCKS_H

#include "collectives/short_post.h"

// A side of the call: blocks none of which is longer than what a post has room for, each in one
// piece.
struct mp_short_blocks {
    struct mp_side side;
    char *buffer;
    const struct mp_datatype *type; // where all are of one, of
    size_t size;                    // bytes
    size_t each;                    // of a block, where there is but one count
    size_t others;                  // bytes of all blocks but this rank's own
    size_t longest;                 // of them
    bool even;                      // they are of the same length and type
};

// Elements in a rank's block, and their type; of none, any that is one.
MP_ALWAYS_INLINE MPI_Count mp_short_count(const struct mp_short_blocks *b, int rank)
{
    return b->side.arrays ? mp_counts_at(&b->side.counts, rank) : b->side.counts.each;
}

MP_ALWAYS_INLINE const struct mp_datatype *mp_short_type_of(const struct mp_short_blocks *b,
                                                            int rank)
{
    if (!b->side.types) {
        return b->type;
    }
    return mp_datatype_get(mp_short_count(b, rank) == 0 ? MPI_BYTE : b->side.types[rank]);
}

MP_ALWAYS_INLINE uint32_t mp_short_signature(const struct mp_short_blocks *b, int rank)
{
    return mp_datatype_signature(mp_short_type_of(b, rank), mp_short_count(b, rank));
}

MP_ALWAYS_INLINE size_t mp_short_bytes(const struct mp_short_blocks *b, int rank)
{
    if (!b->side.arrays) {
        return b->each;
    }
    size_t count = (size_t)mp_counts_at(&b->side.counts, rank);
    if (b->side.types) {
        return count == 0 ? 0 : count * (size_t)mp_datatype_get(b->side.types[rank])->size;
    }
    return count * b->size;
}

// A rank's block, as packed bytes.
struct mp_short_block {
    char *at;
    size_t bytes;
};

MP_ALWAYS_INLINE struct mp_short_block mp_short_block(const struct mp_short_blocks *b, int rank)
{
    size_t bytes = mp_short_bytes(b, rank);
    if (!b->side.arrays) {
        return (struct mp_short_block){b->buffer + (size_t)rank * bytes, bytes};
    }
    MPI_Count place = mp_counts_at(&b->side.displacements, rank);
    if (b->side.types) {
        MPI_Count lb = bytes == 0 ? 0 : mp_datatype_get(b->side.types[rank])->true_lb;
        return (struct mp_short_block){b->buffer + place + lb, bytes};
    }
    return (struct mp_short_block){b->buffer + place * (MPI_Count)b->size, bytes};
}

// Whether an element of a rank's block is something short in one piece. Of a type that goes with no
// elements nothing is asked.
MP_ALWAYS_INLINE bool mp_short_is_plain(struct mp_side side, int rank)
{
    const struct mp_datatype *type = mp_datatype_get(side.types[rank]);
    return likely(type && type->plain && (uint64_t)type->size <= MP_PAD_BYTES);
}

MP_ALWAYS_INLINE bool mp_short_find_blocks(const struct mp_comm *comm, struct mp_side side,
                                           struct mp_short_blocks *b)
{
    struct mp_piece one = {.at = (char *)(uintptr_t)side.buffer};
    b->side = side;
    b->even = true;
    if (side.types) {
        if (unlikely(side.buffer == MPI_BOTTOM || side.buffer == MPI_IN_PLACE)) {
            return false;
        }
    } else if (!mp_short_find(side.buffer, side.arrays ? 0 : side.counts.each, side.type, &one)) {
        return false;
    }
    b->buffer = one.at;
    b->type = one.type;
    b->size = one.type ? (size_t)one.type->size : 0;
    b->each = b->longest = one.bytes;
    b->others = (size_t)(comm->size - 1) * one.bytes;
    if (!side.arrays) {
        return true;
    }
    if (unlikely(!side.counts.array || !side.displacements.array)) {
        return false;
    }
    size_t each = SIZE_MAX;
    uint32_t signature = 0;
    b->others = b->longest = 0;
    for (int i = 0; i < comm->size; i++) {
        uint64_t count = (uint64_t)mp_counts_at(&side.counts, i);
        if (unlikely(count > MP_PAD_BYTES ||
                     (side.types && count > 0 && !mp_short_is_plain(side, i)))) {
            return false;
        }
        size_t bytes = mp_short_bytes(b, i);
        if (unlikely(bytes > MP_PAD_BYTES)) {
            return false;
        }
        if (i != comm->rank) {
            uint32_t its = side.types ? mp_short_signature(b, i) : 0;
            b->even = b->even && (each == SIZE_MAX || (bytes == each && its == signature));
            signature = its;
            b->longest = bytes > b->longest ? bytes : b->longest;
            each = bytes;
            b->others += bytes;
        }
    }
    return true;
}

// Whether this rank's own block comes from `from` as its place in `b` expects it.
MP_ALWAYS_INLINE bool mp_short_own_agrees(const struct mp_comm *comm,
                                          const struct mp_short_blocks *b, const char *from,
                                          size_t bytes)
{
    struct mp_short_block own = mp_short_block(b, comm->rank);
    return likely(own.bytes == bytes && own.at != from);
}

// ---- To each the same

// Takes a rank's block, which may be shorter than there is room for if it has a count of its own.
MP_ALWAYS_INLINE int mp_short_take(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                                   const struct mp_short_blocks *b, int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    struct mp_short_block to = mp_short_block(b, rank);
    const struct mp_datatype *type = mp_short_type_of(b, rank);
    bool same = post->what == mp_board_what(comm, kind | MP_POST_INLINE, type->kind) &&
                post->root == root &&
                (b->side.arrays ? post->bytes <= to.bytes : post->bytes == to.bytes);
    int error =
        likely(same) ? 0 : mp_short_compare_slow(comm, to.bytes, type, b->side.arrays, rank);
    if (likely(!error)) {
        size_t bytes = likely(post->bytes == to.bytes) ? to.bytes : post->bytes;
        mp_short_copy(to.at, mp_board_data(comm, rank, bytes), bytes);
    }
    return error;
}

MP_ALWAYS_INLINE int mp_short_gather(int call, struct mp_side send, struct mp_side recv, int root,
                                     MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct mp_short_blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.counts.each, send.type, &own) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        mp_short_post(comm, MP_GATHER, root, &own, true);
        return 0;
    }
    if (!mp_short_find_blocks(comm, recv, &all) ||
        !mp_short_own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_board_follow(comm, MP_GATHER, root);
    mp_board_begin(comm, MP_GATHER | MP_POST_INLINE, root, 0);
    mp_board_post(comm);
    mp_short_copy(mp_short_block(&all, root).at, own.at, own.bytes);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            mp_short_await_next(comm, i);
            int other = mp_short_take(comm, MP_GATHER, root, &all, i);
            error = error ? error : other;
        }
    }
    mp_board_saw_all(comm);
    return error;
}

MP_ALWAYS_INLINE int mp_short_allgather(int call, struct mp_side send, struct mp_side recv,
                                        MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct mp_short_blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.counts.each, send.type, &own) ||
        !mp_short_find_blocks(comm, recv, &all) ||
        !mp_short_own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_short_post(comm, MP_ALLGATHER, 0, &own, true);
    mp_short_copy(mp_short_block(&all, comm->rank).at, own.at, own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : mp_short_take(comm, MP_ALLGATHER, 0, &all, i);
    }
    return error;
}

// ---- To each something else

MP_ALWAYS_INLINE bool mp_short_fits_post(const struct mp_comm *comm,
                                         const struct mp_short_blocks *b)
{
    size_t ends = b->even ? 0 : mp_shm_ends_bytes(comm->size);
    return likely(comm->size <= MP_SHM_MOST_PARTS &&
                  mp_shm_fits_post(ends + b->others, b->longest));
}

// Posts the blocks of all others, as mp_shm_give_in_post does.
MP_ALWAYS_INLINE void mp_short_give_others(struct mp_comm *comm, enum mp_collective_kind kind,
                                           int root, const struct mp_short_blocks *b)
{
    int rank = comm->rank + 1 < comm->size ? comm->rank + 1 : 0;
    size_t end = b->even ? 0 : mp_shm_ends_bytes(comm->size);
    size_t length = end + b->others;
    unsigned flags = b->even ? MP_POST_INLINE : MP_POST_INLINE | MP_POST_ENDS;
    struct mp_post *post =
        mp_board_begin(comm, kind | flags, root, b->even ? mp_short_bytes(b, rank) : length);
    char *data = mp_slots_begin_data(comm, post, length);
    post->signature = (uint16_t)mp_short_signature(b, rank);
    struct mp_shm_end *ends = (void *)data;

    if (!b->side.arrays) { // one after the other, from the one after this rank on
        size_t before = (size_t)comm->rank * b->each;
        size_t after = length - before;
        mp_short_copy(data, b->buffer + before + b->each, after);
        mp_short_copy(data + after, b->buffer, before);
        mp_board_post_data(comm, length);
        return;
    }
    for (int k = 0; k < comm->size - 1; k++) {
        struct mp_short_block block = mp_short_block(b, rank);
        mp_short_copy(data + end, block.at, block.bytes);
        end += block.bytes;
        if (!b->even) {
            ends[k] = (struct mp_shm_end){(uint32_t)end, mp_short_signature(b, rank)};
        }
        rank = rank + 1 < comm->size ? rank + 1 : 0;
    }
    mp_board_post_data(comm, length);
}

// Takes this rank's block out of a rank's post. False if it is not there, or is
// not what is expected.
MP_ALWAYS_INLINE bool mp_short_take_part(const struct mp_comm *comm, enum mp_collective_kind kind,
                                         int root, int rank, bool uneven,
                                         const struct mp_datatype *type, char *to, size_t room)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    if (unlikely((post->kind & ~(unsigned)MP_POST_ENDS) != (kind | MP_POST_INLINE) ||
                 post->root != root)) {
        return false;
    }
    struct mp_shm_given given = mp_shm_part_in_post(comm, rank);
    if (unlikely((uneven ? given.bytes > room : given.bytes != room) ||
                 given.signature != type->kind)) {
        return false;
    }
    mp_short_copy(to, given.data, given.bytes);
    return true;
}

// The same from whatever posts there are, errors included.
int mp_short_take_slow(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                       struct mp_side recv, bool uneven);

MP_ALWAYS_INLINE int mp_short_scatter(int call, struct mp_side send, struct mp_side recv, int root,
                                      MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct mp_short_blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(recv.buffer, recv.counts.each, recv.type, &own) ||
        (unsigned)root >= (unsigned)comm->size || comm->size > MP_SHM_MOST_PARTS) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        mp_board_follow(comm, MP_SCATTER, root);
        mp_board_begin(comm, MP_SCATTER | MP_POST_INLINE, root, own.bytes);
        mp_board_post(comm);
        mp_short_await_next(comm, root);
        bool taken = mp_short_take_part(comm, MP_SCATTER, root, root, send.arrays, own.type, own.at,
                                        own.bytes);
        return likely(taken)
                   ? 0
                   : mp_short_take_slow(comm, MP_SCATTER, root, mp_side_again(&recv), send.arrays);
    }
    if (!mp_short_find_blocks(comm, send, &all) || !mp_short_fits_post(comm, &all) ||
        !mp_short_own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_board_follow(comm, MP_SCATTER, root);
    mp_short_give_others(comm, MP_SCATTER, root, &all);
    mp_short_copy(own.at, mp_short_block(&all, root).at, own.bytes);
    return 0;
}

MP_ALWAYS_INLINE int mp_short_alltoall(int call, struct mp_side send, struct mp_side recv,
                                       MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_short_blocks from, to;
    if (!mp_short_enter(call, handle, &comm) || !mp_short_find_blocks(comm, send, &from) ||
        !mp_short_fits_post(comm, &from) || !mp_short_find_blocks(comm, recv, &to)) {
        return MP_LONG_WAY;
    }
    struct mp_short_block own = mp_short_block(&from, comm->rank);
    if (!mp_short_own_agrees(comm, &to, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_short_give_others(comm, MP_ALLTOALL, 0, &from);
    mp_short_copy(mp_short_block(&to, comm->rank).at, own.at, own.bytes);
    mp_board_await_all(comm);
    for (int i = 0; i < comm->size; i++) {
        struct mp_short_block block = mp_short_block(&to, i);
        if (i != comm->rank &&
            unlikely(!mp_short_take_part(comm, MP_ALLTOALL, 0, i, recv.arrays,
                                         mp_short_type_of(&to, i), block.at, block.bytes))) {
            return mp_short_take_slow(comm, MP_ALLTOALL, 0, mp_side_again(&recv), recv.arrays);
        }
    }
    return 0;
}

#endif
