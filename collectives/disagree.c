// SPDX-License-Identifier: MIT
// The words of disagree.h.
#include "collectives/disagree.h"

#include "collectives/collectives.h"
#include "object/errhandler.h"

static const char *const names[MP_KINDS] = {[MP_BARRIER] = "a barrier",
                                            [MP_BCAST] = "a broadcast",
                                            [MP_REDUCE] = "a reduction",
                                            [MP_ALLREDUCE] = "an all-reduce",
                                            [MP_GATHER] = "a gather",
                                            [MP_SCATTER] = "a scatter",
                                            [MP_ALLGATHER] = "an allgather",
                                            [MP_ALLTOALL] = "an all-to-all",
                                            [MP_SCAN] = "a scan",
                                            [MP_EXSCAN] = "an exclusive scan",
                                            [MP_REDUCE_SCATTER] = "a reduce-scatter",
                                            [MP_NEIGHBOR_ALLGATHER] = "a neighborhood allgather",
                                            [MP_NEIGHBOR_ALLTOALL] = "a neighborhood all-to-all",
                                            [MP_MAKES_COMM] = "a call that makes a communicator"};

static const char *name_of(unsigned kind)
{
    return kind < MP_KINDS && names[kind] ? names[kind] : "another one";
}

int mp_other_operation(unsigned own_kind, int own_root, int rank, unsigned kind, int root)
{
    if (kind == own_kind) {
        return mp_fail(MPI_ERR_ROOT, "rank %d calls it with root %d and this rank with root %d",
                       rank, root, own_root);
    }
    return mp_fail(MPI_ERR_OTHER,
                   "rank %d is in %s where this rank is in %s: the ranks call different collective "
                   "operations on this communicator",
                   rank, name_of(kind), name_of(own_kind));
}

void mp_wrong_explain(const struct mp_wrong *wrong, int error)
{
    long long expected = wrong->expected;
    long long bytes = wrong->bytes;

    if (wrong->peer == MP_WRONG_NONE) {
        return; // whoever found the error has said it
    }
    if (error == MPI_ERR_TRUNCATE && wrong->peer == MP_WRONG_OWN) {
        mp_fail(MPI_ERR_TRUNCATE,
                "this rank sends itself %lld bytes and receives only %lld of them: its send and "
                "receive arguments disagree",
                bytes, expected);
    } else if (error == MPI_ERR_TRUNCATE) {
        mp_fail(MPI_ERR_TRUNCATE,
                "rank %d sent more than the %lld bytes that this rank expects from it: the ranks "
                "disagree on count or datatype",
                wrong->peer, expected);
    } else if (error == MPI_ERR_COUNT) {
        mp_fail(MPI_ERR_COUNT,
                "rank %d sent %lld bytes where this rank expects %lld: the ranks disagree on count "
                "or datatype",
                wrong->peer, bytes, expected);
    } else {
        mp_other_operation(wrong->own_kind, wrong->own_root, wrong->peer, wrong->kind, wrong->root);
    }
}
