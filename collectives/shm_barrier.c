// SPDX-License-Identifier: MIT
// The barrier in shared memory, one hop: everybody posts, and waits until all have. And what the
// operations there have in common: whether ranks agree. Read next: shm_bcast.c.
#include "collectives/shm_parts.h"

#include "core/errhandler.h"

int mp_shm_barrier(const struct mp_collective *c)
{
    mp_board_begin(c->comm, MP_BARRIER, 0, 0);
    mp_board_post(c->comm);
    mp_board_await_all(c->comm);
    return 0;
}

static const char *const names[MP_COLLECTIVES] = {[MP_BARRIER] = "a barrier",
                                                  [MP_BCAST] = "a broadcast",
                                                  [MP_REDUCE] = "a reduction",
                                                  [MP_ALLREDUCE] = "an all-reduce",
                                                  [MP_GATHER] = "a gather",
                                                  [MP_SCATTER] = "a scatter",
                                                  [MP_ALLGATHER] = "an allgather",
                                                  [MP_ALLTOALL] = "an all-to-all",
                                                  [MP_SCAN] = "a scan",
                                                  [MP_EXSCAN] = "an exclusive scan",
                                                  [MP_REDUCE_SCATTER] = "a reduce-scatter"};

int mp_shm_compare_kind_slow(const struct mp_collective *c, int rank)
{
    const struct mp_post *post = mp_board_post_of(c->comm, rank);
    return mp_shm_other_operation(c, rank, post->kind & MP_POST_KIND, post->root);
}

int mp_shm_other_operation(const struct mp_collective *c, int rank, unsigned kind, int root)
{
    if (kind == c->kind) {
        return mp_fail(MPI_ERR_ROOT, "rank %d calls it with root %d and this rank with root %d",
                       rank, root, c->root);
    }
    return mp_fail(MPI_ERR_OTHER,
                   "rank %d is in %s where this rank is in %s: the ranks call different collective "
                   "operations on this communicator",
                   rank, kind < MP_COLLECTIVES && names[kind] ? names[kind] : "another one",
                   names[c->kind]);
}

int mp_shm_compare_sent_slow(int rank, MPI_Count sent, MPI_Count expected, bool exact)
{
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

// A communicator of a context pair that is too high for a slot can still have its barriers.
bool mp_shm_can(const struct mp_collective *c)
{
    const struct mp_comm_board *board = &c->comm->board;

    if (!board->desks) {
        return false;
    }
    if (c->kind == MP_BARRIER) {
        return true;
    }
    if (!board->slots) {
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
