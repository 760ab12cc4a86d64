// SPDX-License-Identifier: MIT
// The barrier in shared memory, one hop: everybody posts, and waits until all have. The exchange by
// which communicators are made is the same with a few bytes in each post. And what the operations
// there have in common: whether ranks agree. Read next: shm_bcast.c.
#include "collectives/shm_parts.h"

#include "collectives/disagree.h"
#include "object/errhandler.h"

int mp_shm_barrier(const struct mp_collective *c)
{
    mp_board_begin(c->comm, MP_BARRIER | MP_POST_INLINE, 0, 0);
    mp_board_post(c->comm);
    mp_board_await_all(c->comm);
    int error = mp_shm_compare_all(c, 0);
    for (int i = 0; i < c->comm->size && !error; i++) {
        if (unlikely(mp_board_post_of(c->comm, i)->trail != mp_board_trail(c->comm))) {
            error = mp_board_compare_trail(c->comm, i);
        }
    }
    return error;
}

int mp_shm_compare_word_slow(const struct mp_comm *comm, int rank, uint32_t signature,
                             uint32_t expected)
{
    if (signature == MP_DATA_ANY || expected == MP_DATA_ANY) {
        return 0;
    }
    struct mp_wrong wrong = {
        .peer = mp_board_member(comm, rank), .signature = signature, .own_signature = expected};
    mp_wrong_explain(&wrong, MPI_ERR_TYPE);
    return MPI_ERR_TYPE;
}

int mp_shm_compare_type_slow(const struct mp_comm *comm, int rank, const struct mp_datatype *type,
                             MPI_Count count, MPI_Count sent, uint32_t signature)
{
    if (!mp_datatype_contradicts(type, count, signature, sent)) {
        return 0;
    }
    struct mp_wrong wrong = {
        .peer = mp_board_member(comm, rank), .signature = signature, .type = type};
    mp_wrong_explain(&wrong, MPI_ERR_TYPE);
    return MPI_ERR_TYPE;
}

// Posts of an exchange that differ: they say in which call it is.
static int compare_exchange(const struct mp_collective *c, int rank)
{
    const struct mp_post *post = mp_board_post_of(c->comm, rank);
    const struct mp_post *own = mp_board_post_of(c->comm, c->comm->rank);

    if (post->signature == own->signature || !post->signature || !own->signature ||
        !mp_shm_is_same(c, post)) {
        return mp_shm_compare(c, rank, c->recv.counts.each);
    }
    struct mp_wrong wrong = {.peer = rank,
                             .own_kind = c->kind,
                             .own_signature = own->signature,
                             .signature = post->signature};
    mp_wrong_explain(&wrong, MPI_ERR_OTHER);
    return MPI_ERR_OTHER;
}

int mp_shm_exchange(const struct mp_collective *c)
{
    struct mp_comm *comm = c->comm;
    size_t bytes = (size_t)c->recv.counts.each;
    uint64_t what = mp_board_what(comm, c->kind | MP_POST_INLINE, mp_stamp_of_call());
    mp_board_begin_what(comm, what, 0, bytes);
    memcpy(mp_board_data(comm, comm->rank, bytes), c->send.buffer, bytes);
    mp_board_post_data(comm, bytes);
    mp_board_await_all(comm);
    int error = 0;
    for (int i = 0; i < comm->size && !error; i++) {
        const struct mp_post *post = mp_board_post_of(comm, i);
        bool same = post->what == what && post->bytes == bytes;
        error = likely(same) ? 0 : compare_exchange(c, i);
        memcpy((char *)c->recv.buffer + (size_t)i * bytes, mp_board_data(comm, i, bytes), bytes);
    }
    return error;
}

int mp_shm_compare_sent_slow(const struct mp_comm *comm, int rank, MPI_Count sent,
                             MPI_Count expected, bool exact)
{
    rank = mp_board_member(comm, rank);
    if (sent < expected && !exact) {
        return 0;
    }
    if (sent > expected) {
        return mp_fail(MPI_ERR_TRUNCATE,
                       "rank %d sent %lld bytes, more than the %lld bytes that this rank expects "
                       "from it: the ranks disagree on count or datatype",
                       rank, (long long)sent, (long long)expected);
    }
    return mp_fail(MPI_ERR_COUNT,
                   "rank %d sent %lld bytes where this rank expects %lld: the ranks disagree on "
                   "count or datatype",
                   rank, (long long)sent, (long long)expected);
}

bool mp_shm_can(const struct mp_collective *c)
{
    if (!c->comm->board.exists) {
        return false;
    }
    switch (c->kind) {
    case MP_SCATTER:
    case MP_ALLTOALL:
        return c->comm->size <= MP_SHM_MOST_PARTS;
    case MP_REDUCE_SCATTER:
        return c->comm->size * c->recv.type->size <= MP_CHUNK_BYTES;
    default:
        return !c->op || c->recv.type->size <= MP_CHUNK_BYTES;
    }
}
