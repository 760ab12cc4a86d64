// SPDX-License-Identifier: MIT
// Short collectives on the board. Everybody's data is in its post, so each operation is: post, wait
// for those whose data or presence this rank needs, compare, take. Whoever needs nothing of others
// (the root of a broadcast or scatter, the others in a gather or reduction) does not wait.
//
// Posts are those of the long way (shm_bcast.c and its siblings), so that a rank with a strided
// buffer, which goes there, meets one here. Whether all go over the board at all must be the same
// for all: mp_collective_run says so in board.quick, and what is more than the room in a post goes
// the long way at every rank, since all know the length.
#include "collectives/short.h"

#include "collectives/shm_combine.h"
#include "collectives/shm_parts.h"
#include "core/errhandler.h"

// The way in: false if the call is to go the long way.
MP_ALWAYS_INLINE bool enter(int call, MPI_Comm handle, struct mp_comm **out)
{
    struct mp_comm *comm = handle == MPI_COMM_WORLD             ? &mp_comm_world
                           : mp_object_is(handle, MP_KIND_COMM) ? (void *)handle
                                                                : NULL;
    *out = comm;
    return likely(mp_enter_unguarded(call) && comm && comm->board.quick && !comm->freed);
}

// Where `count` elements at `buffer` are and how many bytes, if they are in one piece, not many,
// and nothing is wrong with them. There is no room for the blocks of more than one rank.
struct piece {
    char *at;
    size_t bytes;
    const struct mp_datatype *type;
};

MP_ALWAYS_INLINE bool find(const void *buffer, MPI_Count count, MPI_Datatype handle,
                           struct piece *piece)
{
    const struct mp_datatype *type = mp_datatype_get(handle);
    if (unlikely(!type || !type->committed || !type->contiguous || buffer == MPI_BOTTOM ||
                 buffer == MPI_IN_PLACE || (uint64_t)count > MP_PAD_BYTES ||
                 (uint64_t)type->size > MP_PAD_BYTES)) {
        return false;
    }
    piece->at = (char *)(uintptr_t)buffer + type->true_lb;
    piece->bytes = (size_t)count * (size_t)type->size;
    piece->type = type;
    return likely(piece->bytes <= MP_PAD_BYTES);
}

// The same for a reduction's operand and result. In place, the operand is where the result goes.
struct operands {
    struct piece own;
    char *result;
    const struct mp_op *op;
};

MP_ALWAYS_INLINE bool find_operands(const struct mp_comm *comm, const void *sendbuf, void *recvbuf,
                                    bool receives, MPI_Count count, MPI_Datatype type, MPI_Op op,
                                    struct operands *o)
{
    bool in_place = receives && sendbuf == MPI_IN_PLACE;
    o->op = mp_op_get(op);
    if (unlikely(!o->op || !o->op->predefined ||
                 !find(in_place ? recvbuf : sendbuf, count, type, &o->own) ||
                 !mp_shm_operand_is_posted(comm, (MPI_Count)o->own.bytes) ||
                 mp_op_check(o->op, o->own.type))) {
        return false;
    }
    o->result = (char *)recvbuf + o->own.type->true_lb;
    return likely(!receives || (recvbuf != MPI_BOTTOM && recvbuf != MPI_IN_PLACE &&
                                (in_place || recvbuf != sendbuf)));
}

// ---- Posts

// Returns where `length` bytes that this rank gives are to be put.
MP_ALWAYS_INLINE char *begin(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                             size_t bytes, size_t length)
{
    mp_board_begin(comm, kind | MP_POST_INLINE, root, bytes);
    return mp_board_data(comm, comm->rank, length);
}

// Copies; what a post has room for, most often a power of two of bytes, without a call.
MP_ALWAYS_INLINE void copy(char *to, const char *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
        return;
    }
    if (unlikely(bytes > MP_POST_ROOM)) {
        memcpy(to, from, bytes);
        return;
    }
    if (bytes >= 16) {
        size_t done = 0;
        for (; done + 16 < bytes; done += 16) {
            memcpy(to + done, from + done, 16);
        }
        memcpy(to + bytes - 16, from + bytes - 16, 16);
        return;
    }
    mp_ring_copy_cell(to, from, bytes);
}

// Posts this rank's block.
MP_ALWAYS_INLINE void give_own(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                               const struct piece *own)
{
    copy(begin(comm, kind, root, own->bytes, own->bytes), own->at, own->bytes);
    mp_board_post_data(comm, own->bytes);
}

// Waits for the post of a rank whose posts may well come in a stream: if it has been there for some
// time, the next one is likely to be there too, and may come along while this one is dealt with. If
// it has not, the next one's line is best left to the rank that is going to write it.
MP_ALWAYS_INLINE void await_next(struct mp_comm *comm, int rank)
{
    if (likely(mp_board_has_posted(comm, rank))) {
        uint64_t next = comm->board.turn + 1;
        __builtin_prefetch(&mp_board_desk(comm, rank)->posts[next % MP_POSTS]);
    } else {
        mp_board_await_slow(comm, rank, rank + 1);
    }
}

// Whoever has more to give than fits a post may wait for this rank to take it.
static int compare_slow(struct mp_comm *comm, enum mp_collective_kind kind, int root, size_t bytes,
                        int rank)
{
    struct mp_collective c = {.kind = kind, .comm = comm, .root = root};
    int error = mp_shm_compare(&c, rank, (MPI_Count)bytes);
    if (error) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    return error;
}

// Whether a rank is in the same operation, with the same root and length. Then, since all decide by
// the length, its data is in its post.
MP_ALWAYS_INLINE int compare(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                             size_t bytes, int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    bool same = post->kind == (kind | MP_POST_INLINE) && post->root == root && post->bytes == bytes;
    return likely(same) ? 0 : compare_slow(comm, kind, root, bytes, rank);
}

// ---- Without a reduction

int mp_short_barrier(int call, MPI_Comm handle)
{
    struct mp_comm *comm;
    if (!enter(call, handle, &comm)) {
        return MP_LONG_WAY;
    }
    mp_board_begin(comm, MP_BARRIER | MP_POST_INLINE, 0, 0);
    mp_board_post(comm);
    mp_board_await_all(comm);
    return 0;
}

int mp_short_bcast(int call, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                   MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece data;
    if (!enter(call, handle, &comm) || !find(buffer, count, type, &data) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    char *mine = begin(comm, MP_BCAST, root, data.bytes, data.bytes);
    if (root == comm->rank) {
        copy(mine, data.at, data.bytes);
        mp_board_post_data(comm, data.bytes);
        return 0;
    }
    mp_board_post(comm);
    await_next(comm, root);
    int error = compare(comm, MP_BCAST, root, data.bytes, root);
    if (likely(!error)) {
        copy(data.at, mp_board_data(comm, root, data.bytes), data.bytes);
    }
    return error;
}

int mp_short_gather(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                    MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece own, all;
    if (!enter(call, handle, &comm) || !find(send.buffer, send.count, send.type, &own) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        give_own(comm, MP_GATHER, root, &own);
        return 0;
    }
    if (!find(recv.buffer, recv.count, recv.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)root * all.bytes) {
        return MP_LONG_WAY;
    }
    begin(comm, MP_GATHER, root, 0, 0);
    mp_board_post(comm);
    copy(all.at + (size_t)root * all.bytes, own.at, all.bytes);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            await_next(comm, i);
            int other = compare(comm, MP_GATHER, root, all.bytes, i);
            error = error ? error : other;
            if (likely(!other)) {
                copy(all.at + (size_t)i * all.bytes, mp_board_data(comm, i, all.bytes), all.bytes);
            }
        }
    }
    comm->board.seen = comm->board.turn;
    return error;
}

// Blocks of a length of their own for each rank, none longer than what a post has room for, of a
// contiguous type. `own` is what this rank gives itself, and must not do so in place.
struct blocks {
    char *at;
    size_t size; // of an element
    const struct mp_counts *counts, *displacements;
};

static inline size_t block_bytes(const struct blocks *b, int rank)
{
    return (size_t)mp_counts_at(b->counts, rank) * b->size;
}

static inline char *block_at(const struct blocks *b, int rank)
{
    return b->at + mp_counts_at(b->displacements, rank) * (MPI_Count)b->size;
}

static bool find_blocks(const struct mp_comm *comm, const struct mp_short_sides *side,
                        const struct piece *own, struct blocks *b)
{
    struct piece none;
    if (!side->counts.array || !side->displacements.array ||
        !find(side->buffer, 0, side->type, &none)) {
        return false;
    }
    *b = (struct blocks){none.at, (size_t)none.type->size, &side->counts, &side->displacements};
    for (int i = 0; i < comm->size; i++) {
        if ((uint64_t)mp_counts_at(b->counts, i) > MP_PAD_BYTES ||
            block_bytes(b, i) > MP_PAD_BYTES) {
            return false;
        }
    }
    return block_bytes(b, comm->rank) == own->bytes && block_at(b, comm->rank) != own->at;
}

// A rank may give less than its block has room for.
static int take_uneven(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                       const struct blocks *b, int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    size_t bytes = block_bytes(b, rank);
    if (post->kind == (kind | MP_POST_INLINE) && post->root == root && post->bytes < bytes) {
        bytes = post->bytes;
    }
    int error = compare(comm, kind, root, bytes, rank);
    if (likely(!error)) {
        copy(block_at(b, rank), mp_board_data(comm, rank, bytes), bytes);
    }
    return error;
}

int mp_short_gatherv(int call, struct mp_short_side send, const struct mp_short_sides *recv,
                     int root, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece own;
    struct blocks all;
    if (!enter(call, handle, &comm) || !find(send.buffer, send.count, send.type, &own) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        give_own(comm, MP_GATHER, root, &own);
        return 0;
    }
    if (!find_blocks(comm, recv, &own, &all)) {
        return MP_LONG_WAY;
    }
    begin(comm, MP_GATHER, root, 0, 0);
    mp_board_post(comm);
    copy(block_at(&all, root), own.at, own.bytes);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            await_next(comm, i);
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
    struct piece own;
    struct blocks all;
    if (!enter(call, handle, &comm) || !find(send.buffer, send.count, send.type, &own) ||
        !find_blocks(comm, recv, &own, &all)) {
        return MP_LONG_WAY;
    }
    give_own(comm, MP_ALLGATHER, 0, &own);
    copy(block_at(&all, comm->rank), own.at, own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : take_uneven(comm, MP_ALLGATHER, 0, &all, i);
    }
    return error;
}

// The post holds the blocks of all ranks but the giver's own, beginning with that of the rank after
// it.
static void give_blocks(const struct mp_comm *comm, char *to, const struct piece *first)
{
    size_t before = (size_t)comm->rank * first->bytes;
    size_t after = (size_t)(comm->size - 1) * first->bytes - before;

    copy(to, first->at + before + first->bytes, after);
    copy(to + after, first->at, before);
}

static void take_block(const struct mp_comm *comm, int giver, char *to, size_t bytes)
{
    const char *blocks = mp_shm_parts_in_post(comm, giver, (MPI_Count)bytes);
    size_t place = (size_t)mp_shm_place_in_post(comm->size, giver, comm->rank);
    copy(to, blocks + place * bytes, bytes);
}

int mp_short_scatter(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                     MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece own, all;
    if (!enter(call, handle, &comm) || !find(recv.buffer, recv.count, recv.type, &own) ||
        (unsigned)root >= (unsigned)comm->size || own.bytes == 0 ||
        !mp_shm_parts_fit_post(comm->size, (MPI_Count)own.bytes)) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        begin(comm, MP_SCATTER, root, own.bytes, 0);
        mp_board_post(comm);
        await_next(comm, root);
        int error = compare(comm, MP_SCATTER, root, own.bytes, root);
        if (likely(!error)) {
            take_block(comm, root, own.at, own.bytes);
        }
        return error;
    }
    if (!find(send.buffer, send.count, send.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)root * all.bytes) {
        return MP_LONG_WAY;
    }
    size_t length = all.bytes * (size_t)(comm->size - 1);
    give_blocks(comm, begin(comm, MP_SCATTER, root, all.bytes, length), &all);
    mp_board_post_data(comm, length);
    copy(own.at, all.at + (size_t)root * all.bytes, all.bytes);
    return 0;
}

int mp_short_allgather(int call, struct mp_short_side send, struct mp_short_side recv,
                       MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece own, all;
    if (!enter(call, handle, &comm) || !find(send.buffer, send.count, send.type, &own) ||
        !find(recv.buffer, recv.count, recv.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)comm->rank * all.bytes) {
        return MP_LONG_WAY;
    }
    give_own(comm, MP_ALLGATHER, 0, &own);
    copy(all.at + (size_t)comm->rank * all.bytes, own.at, own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        if (i != comm->rank) {
            error = compare(comm, MP_ALLGATHER, 0, own.bytes, i);
            if (likely(!error)) {
                copy(all.at + (size_t)i * all.bytes, mp_board_data(comm, i, all.bytes), all.bytes);
            }
        }
    }
    return error;
}

int mp_short_alltoall(int call, struct mp_short_side send, struct mp_short_side recv,
                      MPI_Comm handle)
{
    struct mp_comm *comm;
    struct piece from, to;
    if (!enter(call, handle, &comm) || !find(send.buffer, send.count, send.type, &from) ||
        !find(recv.buffer, recv.count, recv.type, &to) || to.bytes != from.bytes ||
        to.at == from.at || to.bytes == 0 ||
        !mp_shm_parts_fit_post(comm->size, (MPI_Count)to.bytes)) {
        return MP_LONG_WAY;
    }
    size_t own = (size_t)comm->rank * to.bytes;
    size_t length = to.bytes * (size_t)(comm->size - 1);
    give_blocks(comm, begin(comm, MP_ALLTOALL, 0, to.bytes, length), &from);
    mp_board_post_data(comm, length);
    copy(to.at + own, from.at + own, to.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        if (i != comm->rank) {
            error = compare(comm, MP_ALLTOALL, 0, to.bytes, i);
            if (likely(!error)) {
                take_block(comm, i, to.at + (size_t)i * to.bytes, to.bytes);
            }
        }
    }
    return error;
}

// ---- Reductions

MP_ALWAYS_INLINE const char *operand_of(const struct mp_comm *comm, const struct operands *o,
                                        int rank)
{
    return rank == comm->rank ? o->own.at : mp_board_data(comm, rank, o->own.bytes);
}

// Combines `count` elements of what ranks [0, ranks) have posted, from byte `from` on, this rank's
// own operand being where it is, in their order.
MP_ALWAYS_INLINE void combine(const struct mp_comm *comm, const struct operands *o, size_t from,
                              MPI_Count count, int ranks)
{
    _Alignas(64) char sum[MP_PAD_BYTES];
    const char *left = operand_of(comm, o, 0) + from;

    for (int i = 1; i < ranks; i++) {
        const char *right = operand_of(comm, o, i) + from;
        char *to = i + 1 < ranks ? sum : o->result; // which may be the own operand: the last time
        mp_op_combine(o->op, left, right, to, count, o->own.type);
        left = to;
    }
    if (ranks == 1) {
        memmove(o->result, left, (size_t)count * (size_t)o->own.type->size);
    }
}

int mp_short_reduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                    MPI_Datatype type, MPI_Op op, int root, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct operands o;
    if (!enter(call, handle, &comm) || (unsigned)root >= (unsigned)comm->size ||
        !find_operands(comm, sendbuf, recvbuf, root == comm->rank, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    char *mine = begin(comm, MP_REDUCE, root, o.own.bytes, o.own.bytes);
    if (root != comm->rank) {
        copy(mine, o.own.at, o.own.bytes);
        mp_board_post_data(comm, o.own.bytes);
        return 0;
    }
    mp_board_post(comm);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            await_next(comm, i);
            int other = compare(comm, MP_REDUCE, root, o.own.bytes, i);
            error = error ? error : other;
        }
    }
    comm->board.seen = comm->board.turn;
    if (likely(!error)) {
        combine(comm, &o, 0, count, comm->size);
    }
    return error;
}

int mp_short_allreduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                       MPI_Datatype type, MPI_Op op, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct operands o;
    if (!enter(call, handle, &comm) ||
        !find_operands(comm, sendbuf, recvbuf, true, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    copy(begin(comm, MP_ALLREDUCE, 0, o.own.bytes, o.own.bytes), o.own.at, o.own.bytes);
    mp_board_post_data(comm, o.own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : compare(comm, MP_ALLREDUCE, 0, o.own.bytes, i);
    }
    if (likely(!error)) {
        combine(comm, &o, 0, count, comm->size);
    }
    return error;
}

int mp_short_reduce_scatter(int call, const void *sendbuf, void *recvbuf,
                            const struct mp_counts *counts, bool arrays, MPI_Datatype type,
                            MPI_Op op, MPI_Comm handle)
{
    struct mp_comm *comm;
    struct operands o;
    // In place, the result would go where others' operands for it are: to be kept apart.
    if (!enter(call, handle, &comm) || (arrays && !counts->array) || sendbuf == MPI_IN_PLACE) {
        return MP_LONG_WAY;
    }
    MPI_Count total = 0, before = 0;
    for (int i = 0; i < comm->size; i++) {
        MPI_Count count = mp_counts_at(counts, i);
        if ((uint64_t)count > MP_PAD_BYTES) {
            return MP_LONG_WAY;
        }
        before = i == comm->rank ? total : before;
        total += count;
    }
    if (!find_operands(comm, sendbuf, recvbuf, true, total, type, op, &o) ||
        comm->size * o.own.type->size > MP_CHUNK_BYTES) {
        return MP_LONG_WAY;
    }
    copy(begin(comm, MP_REDUCE_SCATTER, 0, o.own.bytes, o.own.bytes), o.own.at, o.own.bytes);
    mp_board_post_data(comm, o.own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : compare(comm, MP_REDUCE_SCATTER, 0, o.own.bytes, i);
    }
    MPI_Count mine = mp_counts_at(counts, comm->rank);
    if (likely(!error) && mine > 0) {
        size_t from = (size_t)before * (size_t)o.own.type->size;
        combine(comm, &o, from, mine, comm->size);
    }
    return error;
}

int mp_short_scan(int call, bool exclusive, const void *sendbuf, void *recvbuf, MPI_Count count,
                  MPI_Datatype type, MPI_Op op, MPI_Comm handle)
{
    enum mp_collective_kind kind = exclusive ? MP_EXSCAN : MP_SCAN;
    struct mp_comm *comm;
    struct operands o;
    // An exclusive one that is in place at rank 0 has its operand in a buffer that gets no result.
    if (!enter(call, handle, &comm) ||
        !find_operands(comm, sendbuf, recvbuf, true, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    char *mine = begin(comm, kind, 0, o.own.bytes, o.own.bytes);
    if (comm->rank + 1 < comm->size) {
        copy(mine, o.own.at, o.own.bytes);
    }
    mp_board_post_data(comm, o.own.bytes);
    int error = 0;
    for (int i = 0; i < comm->rank && !error; i++) {
        await_next(comm, i);
        error = compare(comm, kind, 0, o.own.bytes, i);
    }
    int ranks = comm->rank + !exclusive;
    if (likely(!error) && ranks > 0) {
        combine(comm, &o, 0, count, ranks);
    }
    return error;
}
