// SPDX-License-Identifier: MIT
// Short collectives on the board. Everybody's data is in its post, so each operation is: post, wait
// for those whose data or presence this rank needs, compare, take. Whoever needs nothing of others
// (the root of a broadcast or scatter, the others in a gather or reduction) does not wait.
//
// Posts are those of the long way (shm_bcast.c and its siblings), so that a rank with a strided
// buffer, which goes there, meets one here. Whether all go over the board at all must be the same
// for all: mp_collective_run says so in board.fast_path. In a broadcast or reduction, what is more
// than the room in a post goes the long way at every rank, since all know the length. Read next:
// short_post.h, short_blocks.h.
#include "collectives/short_blocks.h"

#include "collectives/combine.h"
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
int mp_short_compare_slow(struct mp_comm *comm, size_t bytes, const struct mp_datatype *type,
                          bool uneven, int rank)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    struct mp_collective c = {.comm = comm, .uneven = uneven};
    int error = mp_shm_compare_kind(&c, rank);
    if (!error && !type) {
        error = mp_board_compare_trail(comm, rank);
    }
    if (!error && type) {
        c.recv.counts = mp_counts_each(mp_short_elements(type, bytes));
        c.recv.type = (struct mp_datatype *)(uintptr_t)type;
        error = mp_shm_compare_block(&c, rank, 0, (MPI_Count)post->bytes, post->signature);
    }
    if (error) {
        mp_board_step(comm, MP_STEP_DONE, MP_EVERYBODY);
    }
    return error;
}

int mp_short_take_slow(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                       struct mp_side recv, bool uneven)
{
    struct mp_collective c;
    struct mp_shm_exchange own = {.chunks = 0};
    mp_collective_set(&c, kind, root, uneven);
    c.comm = comm;
    c.recv.buffer = (void *)(uintptr_t)recv.buffer;
    c.recv.counts = recv.counts;
    c.recv.displacements = recv.displacements;
    c.recv.type = recv.types ? NULL : mp_datatype_get(recv.type);
    c.recv.types = recv.types;
    return kind == MP_SCATTER ? mp_shm_scatter_take(&c) : mp_shm_alltoall_take(&c, &own);
}

// ---- Without a reduction

int mp_short_barrier(int call, MPI_Comm handle)
{
    struct mp_comm *comm;
    if (!mp_short_enter(call, handle, &comm)) {
        return MP_LONG_WAY;
    }
    uint64_t what = mp_board_what(comm, MP_BARRIER | MP_POST_INLINE, 0);
    mp_board_begin_what(comm, what, 0, 0);
    mp_board_post(comm);
    // Looked up before the wait, so that of two ranks little is left to do after it.
    int first = comm->rank == 0 ? 1 : 0;
    const struct mp_post *post = mp_board_post_of(comm, first);
    mp_board_await_all(comm);
    int error = 0;
    if (unlikely(post->what != what)) {
        error = mp_short_compare_slow(comm, 0, NULL, false, first);
    }
    for (int i = first + 1; i < comm->size && !error; i++) {
        if (i != comm->rank && unlikely(mp_board_post_of(comm, i)->what != what)) {
            error = mp_short_compare_slow(comm, 0, NULL, false, i);
        }
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
    bool gives = root == comm->rank;
    mp_short_post(comm, MP_BCAST, root, &data, gives);
    if (gives) {
        return 0;
    }
    mp_short_await_next(comm, root);
    int error = mp_short_compare(comm, root, &data, root);
    if (likely(!error)) {
        mp_short_copy(data.at, mp_board_data(comm, root, data.bytes), data.bytes);
    }
    return error;
}

// ---- Reductions

// What the ranks have posted, from a byte on; this rank's own operand is where it is.
struct posted {
    const struct mp_comm *comm;
    const struct mp_piece *own;
    size_t from;
};

MP_ALWAYS_INLINE const void *operand_of(void *operands, int rank)
{
    const struct posted *p = operands;
    const char *at =
        rank == p->comm->rank ? p->own->at : mp_board_data(p->comm, rank, p->own->bytes);
    return at + p->from;
}

// All reductions: posts the operand, waits for those that this rank combines, and puts elements
// [from, from + count) of the result where it belongs. What the kind says is known where this is
// inlined.
MP_ALWAYS_INLINE int reduce(struct mp_comm *comm, enum mp_collective_kind kind, int root,
                            struct operands *o, size_t from, MPI_Count count)
{
    bool scan = kind == MP_SCAN || kind == MP_EXSCAN;
    bool to_root = kind == MP_REDUCE;
    int lower = scan ? comm->rank : comm->size; // ranks whose posts are waited for
    int ranks = kind == MP_SCAN ? lower + 1 : lower;
    unsigned posted_kind = kind | (unsigned)o->op->code << MP_POST_OP_SHIFT;
    // Nobody reads what the root has, or the last rank of a scan.
    bool gives = to_root ? root != comm->rank : !scan || comm->rank + 1 < comm->size;
    mp_short_post(comm, posted_kind, root, &o->own, gives);
    if (to_root && root != comm->rank) {
        return 0;
    }
    if (!scan && !to_root) {
        mp_board_await_all(comm);
    }
    int error = 0;
    for (int i = 0; i < lower; i++) {
        if (i != comm->rank && (to_root || !error)) { // a root waits for all in any case
            if (scan || to_root) {
                mp_short_await_next(comm, i);
            }
            int other = mp_short_compare(comm, root, &o->own, i);
            error = error ? error : other;
        }
    }
    if (to_root) {
        mp_board_saw_all(comm);
    }
    if (likely(!error && count > 0 && ranks > 0)) {
        _Alignas(64) char between[MP_PAD_BYTES];
        struct posted posted = {comm, &o->own, from};
        mp_combine_direct(o->op, o->own.type, count, ranks, operand_of, &posted, between,
                          o->result);
    }
    return error;
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
    return reduce(comm, MP_REDUCE, root, &o, 0, count);
}

// An exclusive scan that is in place at rank 0 has its operand in a buffer that gets no result.
MP_ALWAYS_INLINE int reduce_to_all(int call, enum mp_collective_kind kind, const void *sendbuf,
                                   void *recvbuf, MPI_Count count, MPI_Datatype type, MPI_Op op,
                                   MPI_Comm handle)
{
    struct mp_comm *comm;
    struct operands o;
    if (!mp_short_enter(call, handle, &comm) ||
        !find_operands(comm, sendbuf, recvbuf, true, count, type, op, &o)) {
        return MP_LONG_WAY;
    }
    return reduce(comm, kind, 0, &o, 0, count);
}

int mp_short_allreduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                       MPI_Datatype type, MPI_Op op, MPI_Comm handle)
{
    return reduce_to_all(call, MP_ALLREDUCE, sendbuf, recvbuf, count, type, op, handle);
}

int mp_short_scan(int call, const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm handle)
{
    return reduce_to_all(call, MP_SCAN, sendbuf, recvbuf, count, type, op, handle);
}

int mp_short_exscan(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                    MPI_Datatype type, MPI_Op op, MPI_Comm handle)
{
    return reduce_to_all(call, MP_EXSCAN, sendbuf, recvbuf, count, type, op, handle);
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
    size_t from = (size_t)before * (size_t)o.own.type->size;
    return reduce(comm, MP_REDUCE_SCATTER, 0, &o, from, mp_counts_at(counts, comm->rank));
}
