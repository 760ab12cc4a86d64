// SPDX-License-Identifier: MIT
// Short collectives on the board. Everybody's data is in its post, so each operation is: post, wait
// for those whose data or presence this rank needs, compare, take. Whoever needs nothing of others
// (the root of a broadcast or scatter, the others in a gather or reduction) does not wait.
//
// Posts are those of the long way (shm_bcast.c and its siblings), so that a rank with a strided
// buffer, which goes there, meets one here. Whether all go over the board at all must be the same
// for all: mp_collective_run says so in board.quick, and what is more than the room in a post goes
// the long way at every rank, since all know the length.
// Read next: short_post.h; short_uneven.c, the forms in which not all know it.
#include "collectives/short_post.h"

#include "collectives/shm_combine.h"
#include "object/errhandler.h"

// The same for a reduction's operand and result. In place, the operand is where the result goes.
struct operands {
    struct mp_piece own;
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
                 !mp_short_find(in_place ? recvbuf : sendbuf, count, type, &o->own) ||
                 !mp_shm_operand_is_posted(comm, (MPI_Count)o->own.bytes) ||
                 mp_op_check(o->op, o->own.type))) {
        return false;
    }
    o->result = (char *)recvbuf + o->own.type->true_lb;
    return likely(!receives || (recvbuf != MPI_BOTTOM && recvbuf != MPI_IN_PLACE &&
                                (in_place || recvbuf != sendbuf)));
}

// ---- Posts that differ

// Whoever has more to give than fits a post may wait for this rank to take it.
int mp_short_compare_slow(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                          size_t bytes, int rank)
{
    struct mp_collective c = {.kind = kind, .comm = comm, .root = root};
    int error = mp_shm_compare(&c, rank, (MPI_Count)bytes);
    if (error) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    return error;
}

// ---- Without a reduction

int mp_short_barrier(int call, MPI_Comm handle)
{
    struct mp_comm *comm;
    if (!mp_short_enter(call, handle, &comm)) {
        return MP_LONG_WAY;
    }
    mp_board_begin(comm, MP_BARRIER | MP_POST_INLINE, 0, 0);
    mp_board_post(comm);
    // Looked up before the wait, so that of two ranks little is left to do after it.
    int first = comm->rank == 0 ? 1 : 0;
    const struct mp_post *post = mp_board_post_of(comm, first);
    mp_board_await_all(comm);
    int error = 0;
    if (unlikely(post->kind != (MP_BARRIER | MP_POST_INLINE))) {
        error = mp_short_compare_slow(comm, MP_BARRIER, 0, 0, first);
    }
    for (int i = first + 1; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : mp_short_compare(comm, MP_BARRIER, 0, 0, i);
    }
    return error;
}

int mp_short_bcast(int call, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                   MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece data;
    if (!mp_short_enter(call, handle, &comm) || !mp_short_find(buffer, count, type, &data) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    char *mine = mp_short_begin(comm, MP_BCAST, root, data.bytes, data.bytes);
    if (root == comm->rank) {
        mp_short_copy(mine, data.at, data.bytes);
        mp_board_post_data(comm, data.bytes);
        return 0;
    }
    mp_board_post(comm);
    mp_short_await_next(comm, root);
    int error = mp_short_compare(comm, MP_BCAST, root, data.bytes, root);
    if (likely(!error)) {
        mp_short_copy(data.at, mp_board_data(comm, root, data.bytes), data.bytes);
    }
    return error;
}

int mp_short_gather(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                    MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own, all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.count, send.type, &own) ||
        (unsigned)root >= (unsigned)comm->size) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        mp_short_give_own(comm, MP_GATHER, root, &own);
        return 0;
    }
    if (!mp_short_find(recv.buffer, recv.count, recv.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)root * all.bytes) {
        return MP_LONG_WAY;
    }
    mp_short_begin(comm, MP_GATHER, root, 0, 0);
    mp_board_post(comm);
    mp_short_copy(all.at + (size_t)root * all.bytes, own.at, all.bytes);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            mp_short_await_next(comm, i);
            int other = mp_short_compare(comm, MP_GATHER, root, all.bytes, i);
            error = error ? error : other;
            if (likely(!other)) {
                mp_short_copy(all.at + (size_t)i * all.bytes, mp_board_data(comm, i, all.bytes),
                              all.bytes);
            }
        }
    }
    comm->board.seen = comm->board.turn;
    return error;
}

static bool fit_post(const struct mp_comm *comm, size_t each)
{
    return comm->size <= MP_SHM_MOST_PARTS && mp_shm_parts_fit_post(comm->size, (MPI_Count)each);
}

// The post holds the blocks of all ranks but the giver's own, beginning with that of the rank after
// it.
static void give_blocks(const struct mp_comm *comm, char *to, const struct mp_piece *first)
{
    size_t before = (size_t)comm->rank * first->bytes;
    size_t after = (size_t)(comm->size - 1) * first->bytes - before;

    mp_short_copy(to, first->at + before + first->bytes, after);
    mp_short_copy(to + after, first->at, before);
}

static void take_block(const struct mp_comm *comm, int giver, char *to, size_t bytes)
{
    mp_short_copy(to, mp_shm_part_in_post(comm, giver, &bytes), bytes);
}

int mp_short_scatter(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                     MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own, all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(recv.buffer, recv.count, recv.type, &own) ||
        (unsigned)root >= (unsigned)comm->size || own.bytes == 0 || !fit_post(comm, own.bytes)) {
        return MP_LONG_WAY;
    }
    if (root != comm->rank) {
        mp_short_begin(comm, MP_SCATTER, root, own.bytes, 0);
        mp_board_post(comm);
        mp_short_await_next(comm, root);
        int error = mp_short_compare(comm, MP_SCATTER, root, own.bytes, root);
        if (likely(!error)) {
            take_block(comm, root, own.at, own.bytes);
        }
        return error;
    }
    if (!mp_short_find(send.buffer, send.count, send.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)root * all.bytes) {
        return MP_LONG_WAY;
    }
    size_t length = all.bytes * (size_t)(comm->size - 1);
    give_blocks(comm, mp_short_begin_parts(comm, MP_SCATTER, root, all.bytes, length), &all);
    mp_board_post_data(comm, length);
    mp_short_copy(own.at, all.at + (size_t)root * all.bytes, all.bytes);
    return 0;
}

int mp_short_allgather(int call, struct mp_short_side send, struct mp_short_side recv,
                       MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece own, all;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.count, send.type, &own) ||
        !mp_short_find(recv.buffer, recv.count, recv.type, &all) || all.bytes != own.bytes ||
        own.at == all.at + (size_t)comm->rank * all.bytes) {
        return MP_LONG_WAY;
    }
    mp_short_give_own(comm, MP_ALLGATHER, 0, &own);
    mp_short_copy(all.at + (size_t)comm->rank * all.bytes, own.at, own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        if (i != comm->rank) {
            error = mp_short_compare(comm, MP_ALLGATHER, 0, own.bytes, i);
            if (likely(!error)) {
                mp_short_copy(all.at + (size_t)i * all.bytes, mp_board_data(comm, i, all.bytes),
                              all.bytes);
            }
        }
    }
    return error;
}

int mp_short_alltoall(int call, struct mp_short_side send, struct mp_short_side recv,
                      MPI_Comm handle)
{
    struct mp_comm *comm;
    struct mp_piece from, to;
    if (!mp_short_enter(call, handle, &comm) ||
        !mp_short_find(send.buffer, send.count, send.type, &from) ||
        !mp_short_find(recv.buffer, recv.count, recv.type, &to) || to.bytes != from.bytes ||
        to.at == from.at || to.bytes == 0 || !fit_post(comm, to.bytes)) {
        return MP_LONG_WAY;
    }
    size_t own = (size_t)comm->rank * to.bytes;
    size_t length = to.bytes * (size_t)(comm->size - 1);
    give_blocks(comm, mp_short_begin_parts(comm, MP_ALLTOALL, 0, to.bytes, length), &from);
    mp_board_post_data(comm, length);
    mp_short_copy(to.at + own, from.at + own, to.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        if (i != comm->rank) {
            error = mp_short_compare(comm, MP_ALLTOALL, 0, to.bytes, i);
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
    if (!mp_short_enter(call, handle, &comm) || (unsigned)root >= (unsigned)comm->size ||
        !find_operands(comm, sendbuf, recvbuf, root == comm->rank, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    char *mine = mp_short_begin(comm, MP_REDUCE, root, o.own.bytes, o.own.bytes);
    if (root != comm->rank) {
        mp_short_copy(mine, o.own.at, o.own.bytes);
        mp_board_post_data(comm, o.own.bytes);
        return 0;
    }
    mp_board_post(comm);
    int error = 0;
    for (int i = 0; i < comm->size; i++) {
        if (i != root) {
            mp_short_await_next(comm, i);
            int other = mp_short_compare(comm, MP_REDUCE, root, o.own.bytes, i);
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
    if (!mp_short_enter(call, handle, &comm) ||
        !find_operands(comm, sendbuf, recvbuf, true, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    mp_short_copy(mp_short_begin(comm, MP_ALLREDUCE, 0, o.own.bytes, o.own.bytes), o.own.at,
                  o.own.bytes);
    mp_board_post_data(comm, o.own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : mp_short_compare(comm, MP_ALLREDUCE, 0, o.own.bytes, i);
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
    if (!mp_short_enter(call, handle, &comm) || (arrays && !counts->array) ||
        sendbuf == MPI_IN_PLACE) {
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
    mp_short_copy(mp_short_begin(comm, MP_REDUCE_SCATTER, 0, o.own.bytes, o.own.bytes), o.own.at,
                  o.own.bytes);
    mp_board_post_data(comm, o.own.bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        error = i == comm->rank ? 0 : mp_short_compare(comm, MP_REDUCE_SCATTER, 0, o.own.bytes, i);
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
    if (!mp_short_enter(call, handle, &comm) ||
        !find_operands(comm, sendbuf, recvbuf, true, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    char *mine = mp_short_begin(comm, kind, 0, o.own.bytes, o.own.bytes);
    if (comm->rank + 1 < comm->size) {
        mp_short_copy(mine, o.own.at, o.own.bytes);
    }
    mp_board_post_data(comm, o.own.bytes);
    int error = 0;
    for (int i = 0; i < comm->rank && !error; i++) {
        mp_short_await_next(comm, i);
        error = mp_short_compare(comm, kind, 0, o.own.bytes, i);
    }
    int ranks = comm->rank + !exclusive;
    if (likely(!error) && ranks > 0) {
        combine(comm, &o, 0, count, ranks);
    }
    return error;
}
