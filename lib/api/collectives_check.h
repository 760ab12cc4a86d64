// SPDX-License-Identifier: MIT
// Chapter 6, what its files share: each operation is one checked function for all of its forms,
// blocking, nonblocking and persistent, with int and with large counts, regular and with counts and
// displacements. collectives_blocking.c, collectives_nonblocking.c and collectives_persistent.c are
// the public functions, one line each; collectives_check.c holds these.
#ifndef MP_API_COLLECTIVES_CHECK_H
#define MP_API_COLLECTIVES_CHECK_H

#include "api/api.h"
#include "collectives/collectives.h"

enum mp_way_form { MP_BLOCKING, MP_NONBLOCKING, MP_PERSISTENT };

// Which function was called, and where the request goes.
struct mp_way {
    int call; // enum mp_call
    enum mp_way_form form;
    MPI_Info info;        // persistent
    MPI_Request *request; // not blocking
};

static inline struct mp_way mp_blocking(int call)
{
    return (struct mp_way){.call = call, .form = MP_BLOCKING};
}

static inline struct mp_way mp_nonblocking(int call, MPI_Request *request)
{
    return (struct mp_way){.call = call, .form = MP_NONBLOCKING, .request = request};
}

static inline struct mp_way mp_persistent(int call, MPI_Info info, MPI_Request *request)
{
    return (struct mp_way){.call = call, .form = MP_PERSISTENT, .info = info, .request = request};
}

static inline struct mp_side mp_side(const void *buffer, MPI_Count count, MPI_Datatype type)
{
    return (struct mp_side){.buffer = buffer,
                            .counts = mp_counts_each(count),
                            .displacements = mp_counts_each(count),
                            .type = type};
}

static inline struct mp_side mp_side_int(const void *buffer, const int *counts, const int *displs,
                                         MPI_Datatype type)
{
    return (struct mp_side){.buffer = buffer,
                            .arrays = true,
                            .counts = mp_counts_int(counts),
                            .displacements = mp_counts_int(displs),
                            .type = type};
}

static inline struct mp_side mp_side_wide(const void *buffer, const MPI_Count *counts,
                                          const MPI_Aint *displs, MPI_Datatype type)
{
    return (struct mp_side){.buffer = buffer,
                            .arrays = true,
                            .counts = mp_counts_wide(counts),
                            .displacements = mp_displacements_wide(displs),
                            .type = type};
}

static inline struct mp_side mp_side_types_int(const void *buffer, const int *counts,
                                               const int *displs, const MPI_Datatype *types)
{
    return (struct mp_side){.buffer = buffer,
                            .arrays = true,
                            .each_type = true,
                            .counts = mp_counts_int(counts),
                            .displacements = mp_counts_int(displs),
                            .types = types};
}

static inline struct mp_side mp_side_types_wide(const void *buffer, const MPI_Count *counts,
                                                const MPI_Aint *displs, const MPI_Datatype *types)
{
    return (struct mp_side){.buffer = buffer,
                            .arrays = true,
                            .each_type = true,
                            .counts = mp_counts_wide(counts),
                            .displacements = mp_displacements_wide(displs),
                            .types = types};
}

// MPI_Neighbor_alltoallw has addresses for displacements in its int form too.
static inline struct mp_side mp_side_types_aint(const void *buffer, const int *counts,
                                                const MPI_Aint *displs, const MPI_Datatype *types)
{
    struct mp_side side = mp_side_int(buffer, counts, NULL, MPI_DATATYPE_NULL);
    side.displacements = mp_displacements_wide(displs);
    side.each_type = true;
    side.types = types;
    return side;
}

// Each opens the call, checks, has it done and closes the call.
int mp_call_barrier(struct mp_way way, MPI_Comm comm);
int mp_call_bcast(struct mp_way way, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                  MPI_Comm comm);
// MP_GATHER, MP_SCATTER.
int mp_call_rooted(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                   const struct mp_side *recv, int root, MPI_Comm comm);
// MP_ALLGATHER, MP_ALLTOALL.
int mp_call_all(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                const struct mp_side *recv, MPI_Comm comm);
// MP_NEIGHBOR_ALLGATHER, MP_NEIGHBOR_ALLTOALL.
int mp_call_neighbors(struct mp_way way, enum mp_collective_kind kind, const struct mp_side *send,
                      const struct mp_side *recv, MPI_Comm comm);
int mp_call_reduce(struct mp_way way, const void *sendbuf, void *recvbuf, MPI_Count count,
                   MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm);
// MP_ALLREDUCE, MP_SCAN, MP_EXSCAN.
int mp_call_combine(struct mp_way way, enum mp_collective_kind kind, const void *sendbuf,
                    void *recvbuf, MPI_Count count, MPI_Datatype type, MPI_Op op, MPI_Comm comm);
// `arrays`: recvcounts is an array; else its `each` is the block.
int mp_call_reduce_scatter(struct mp_way way, const void *sendbuf, void *recvbuf, bool arrays,
                           struct mp_counts recvcounts, MPI_Datatype type, MPI_Op op,
                           MPI_Comm comm);

#endif
