// SPDX-License-Identifier: MIT
// Short collectives whose ranks' blocks have lengths and places of their own. Who gives knows how
// much, and says it in its post: its one block, or the blocks for all others (shm_parts.h). Who
// takes knows only how much it has room for, and looks. Whether a rank's blocks are in its post is
// that rank's affair, so a short one may meet posts whose rest has to be taken the long way.
// Read first: short.c.
#include "collectives/short_post.h"

// A side of the call: blocks none of which is longer than what a post has room for, each in one
// piece.
struct blocks {
    char *buffer;
    size_t size;                    // of an element,
    const struct mp_datatype *type; // all being of this type,
    const MPI_Datatype *types;      // or each block of its own
    const struct mp_counts *counts, *displacements;
    size_t others;  // bytes of all blocks but this rank's own
    size_t longest; // of them
    bool even;      // they are of the same length
};

struct block {
    char *at;
    size_t bytes;
};

MP_ALWAYS_INLINE size_t bytes_of(const struct blocks *b, int rank)
{
    size_t count = (size_t)mp_counts_at(b->counts, rank);
    if (b->types) {
        return count == 0 ? 0 : count * (size_t)mp_datatype_get(b->types[rank])->size;
    }
    return count * b->size;
}

MP_ALWAYS_INLINE struct block block_of(const struct blocks *b, int rank)
{
    size_t bytes = bytes_of(b, rank);
    MPI_Count place = mp_counts_at(b->displacements, rank);
    if (b->types) {
        MPI_Count lb = bytes == 0 ? 0 : mp_datatype_get(b->types[rank])->true_lb;
        return (struct block){b->buffer + place + lb, bytes};
    }
    return (struct block){b->buffer + place * (MPI_Count)b->size, bytes};
}

// Whether an element of a rank's block is something short in one piece. Of a type that goes with no
// elements nothing is asked.
MP_ALWAYS_INLINE bool type_is_plain(const struct blocks *b, int rank)
{
    const struct mp_datatype *type = mp_datatype_get(b->types[rank]);
    return likely(type && type->committed && type->contiguous &&
                  (uint64_t)type->size <= MP_PAD_BYTES);
}

MP_ALWAYS_INLINE bool find_blocks(const struct mp_comm *comm, const struct mp_short_sides *side,
                                  struct blocks *b)
{
    struct mp_piece none = {.at = (char *)(uintptr_t)side->buffer};
    b->types = side->types;
    if (unlikely(!side->counts.array || !side->displacements.array)) {
        return false;
    }
    if (b->types) {
        if (unlikely(side->buffer == MPI_BOTTOM || side->buffer == MPI_IN_PLACE)) {
            return false;
        }
    } else if (!mp_short_find(side->buffer, 0, side->type, &none)) {
        return false;
    }
    b->buffer = none.at;
    b->type = none.type;
    b->size = none.type ? (size_t)none.type->size : 0;
    b->counts = &side->counts;
    b->displacements = &side->displacements;
    b->others = b->longest = 0;
    b->even = true;
    size_t each = SIZE_MAX;
    for (int i = 0; i < comm->size; i++) {
        uint64_t count = (uint64_t)mp_counts_at(b->counts, i);
        if (unlikely(count > MP_PAD_BYTES || (b->types && count > 0 && !type_is_plain(b, i)))) {
            return false;
        }
        size_t bytes = bytes_of(b, i);
        if (unlikely(bytes > MP_PAD_BYTES)) {
            return false;
        }
        if (i != comm->rank) {
            b->even = b->even && (each == SIZE_MAX || bytes == each);
            b->longest = bytes > b->longest ? bytes : b->longest;
            each = bytes;
            b->others += bytes;
        }
    }
    return true;
}

// Whether this rank's own block comes from `from` as its place in `b` expects it.
MP_ALWAYS_INLINE bool own_agrees(const struct mp_comm *comm, const struct blocks *b,
                                 const char *from, size_t bytes)
{
    struct block own = block_of(b, comm->rank);
    return likely(own.bytes == bytes && own.at != from);
}

// ---- To each the same

// A rank may give less than its block has room for.
static int take_uneven(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                       const struct blocks *b, int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    struct block block = block_of(b, rank);
    size_t bytes = block.bytes;
    if (post->kind == (kind | MP_POST_INLINE) && post->root == root && post->bytes < bytes) {
        bytes = post->bytes;
    }
    int error = mp_short_compare(comm, kind, root, bytes, rank);
    if (likely(!error)) {
        mp_short_copy(block.at, mp_board_data(comm, rank, bytes), bytes);
    }
    return error;
}

int mp_short_gatherv(int call, struct mp_short_side send, const struct mp_short_sides *recv,
                     int root, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.count, send.type, &own) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        mp_short_give_own(comm, MP_GATHER, root, &own);
        return 0;
    }
    if (!find_blocks(comm, recv, &all) || !own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_short_begin(comm, MP_GATHER, root, 0, 0);
    mp_board_post(comm);
    mp_short_copy(block_of(&all, root).at, own.at, own.bytes);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            mp_short_await_next(comm, i);
            int other = take_uneven(comm, MP_GATHER, root, &all, i);
            error = error ? error : other;
        }
    }
    comm->board.seen = comm->board.turn;
    return error;
}

int mp_short_allgatherv(int call, struct mp_short_side send, const struct mp_short_sides *recv,
                        MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.count, send.type, &own) ||
        !find_blocks(comm, recv, &all) || !own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    mp_short_give_own(comm, MP_ALLGATHER, 0, &own);
    mp_short_copy(block_of(&all, comm->rank).at, own.at, own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : take_uneven(comm, MP_ALLGATHER, 0, &all, i);
    }
    return error;
}

// ---- To each something else

MP_ALWAYS_INLINE bool fit_post(const struct mp_comm *comm, const struct blocks *b)
{
    return likely(comm->size <= MP_SHM_MOST_PARTS &&
                  (b->even ? mp_shm_fits_post(b->others, b->longest)
                           : mp_shm_ends_fit_post(comm->size, b->others, b->longest)));
}

// Posts the blocks of all others, as mp_shm_give_in_post does.
MP_ALWAYS_INLINE void give_others(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                                  const struct blocks *b)
{
    int rank = comm->rank + 1 < comm->size ? comm->rank + 1 : 0;
    size_t end = b->even ? 0 : mp_shm_ends_bytes(comm->size);
    size_t length = end + b->others;
    unsigned flags = b->even ? MP_POST_INLINE : MP_POST_INLINE | MP_POST_ENDS;
    struct mp_post *post =
        mp_board_begin(comm, kind | flags, root, b->even ? bytes_of(b, rank) : 0);
    char *data = mp_slots_begin_data(comm, post, length);
    uint16_t *ends = (void *)data;

    post->stride = (uint32_t)length;
    for (int k = 0; k < comm->size - 1; k++) {
        struct block block = block_of(b, rank);
        mp_short_copy(data + end, block.at, block.bytes);
        end += block.bytes;
        if (!b->even) {
            ends[k] = (uint16_t)end;
        }
        rank = rank + 1 < comm->size ? rank + 1 : 0;
    }
    mp_board_post_data(comm, length);
}

// Whether a rank has this one's block in its post, and no more than there is room for.
MP_ALWAYS_INLINE bool has_in_post(const struct mp_comm *comm, enum mp_collective_kind kind,
                                  int root, int rank, size_t room, struct block *out)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    if (unlikely((post->kind & ~(unsigned)MP_POST_ENDS) != (kind | MP_POST_INLINE) ||
                 post->root != root)) {
        return false;
    }
    out->at = (char *)(uintptr_t)mp_shm_part_in_post(comm, rank, &out->bytes);
    return likely(out->bytes <= room);
}

static __attribute__((noinline)) int scatter_the_long_way(struct mp_comm *comm,
                                                          struct mp_short_side recv, int root)
{
    struct mp_collective c;
    mp_collective_set(&c, MP_SCATTER, root, true);
    c.comm = comm;
    c.recv.buffer = (void *)(uintptr_t)recv.buffer;
    c.recv.counts.each = recv.count;
    c.recv.displacements.each = recv.count;
    c.recv.type = mp_datatype_get(recv.type);
    return mp_shm_scatter_take(&c);
}

int mp_short_scatterv(int call, const struct mp_short_sides *send, struct mp_short_side recv,
                      int root, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own;
    struct blocks all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(recv.buffer, recv.count, recv.type, &own) ||
        (unsigned)root >= (unsigned)comm->size || comm->size > MP_SHM_MOST_PARTS) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        struct block block;
        mp_short_begin(comm, MP_SCATTER, root, own.bytes, 0);
        mp_board_post(comm);
        mp_short_await_next(comm, root);
        if (unlikely(!has_in_post(comm, MP_SCATTER, root, root, own.bytes, &block))) {
            return scatter_the_long_way(comm, recv, root);
        }
        mp_short_copy(own.at, block.at, block.bytes);
        return 0;
    }
    if (!find_blocks(comm, send, &all) || !fit_post(comm, &all) ||
        !own_agrees(comm, &all, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    give_others(comm, MP_SCATTER, root, &all);
    mp_short_copy(own.at, block_of(&all, root).at, own.bytes);
    return 0;
}

static __attribute__((noinline)) int alltoall_the_long_way(struct mp_comm *comm,
                                                           const struct mp_short_sides *recv,
                                                           const struct blocks *to)
{
    struct mp_collective c;
    struct mp_shm_exchange own = {.chunks = 0};
    mp_collective_set(&c, MP_ALLTOALL, 0, true);
    c.comm = comm;
    c.recv.buffer = (void *)(uintptr_t)recv->buffer;
    c.recv.counts = recv->counts;
    c.recv.displacements = recv->displacements;
    c.recv.type = (void *)(uintptr_t)to->type;
    c.recv.types = recv->types;
    return mp_shm_alltoall_take(&c, &own);
}

int mp_short_alltoallv(int call, const struct mp_short_sides *send,
                       const struct mp_short_sides *recv, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct blocks from, to;
    if (!mp_short_enter(call, handle, &comm) || !find_blocks(comm, send, &from) ||
        !fit_post(comm, &from) || !find_blocks(comm, recv, &to)) {
        return MP_LONG_WAY;
    }
    struct block own = block_of(&from, comm->rank);
    if (!own_agrees(comm, &to, own.at, own.bytes)) {
        return MP_LONG_WAY;
    }
    give_others(comm, MP_ALLTOALL, 0, &from);
    mp_short_copy(block_of(&to, comm->rank).at, own.at, own.bytes);
    mp_board_await_all(comm);
    for (int i = 0; i < comm->size; i++) {
        struct block block, room = block_of(&to, i);
        if (i == comm->rank) {
            continue;
        }
        if (unlikely(!has_in_post(comm, MP_ALLTOALL, 0, i, room.bytes, &block))) {
            return alltoall_the_long_way(comm, recv, &to);
        }
        mp_short_copy(room.at, block.at, block.bytes);
    }
    return 0;
}
