// SPDX-License-Identifier: MIT
// The blocking collectives that programs make most often, from the arguments of the call to the
// posts in one piece: little data, of a contiguous type, over a board. What is out of the ordinary
// in any way, wrong arguments included, is left to the long way (collectives.h), so these say
// nothing about arguments. The long way does the same with the same posts: which of the two a rank
// takes is its own affair. Read next: short.c, short_uneven.c; board.h.
#ifndef MP_COLLECTIVES_SHORT_H
#define MP_COLLECTIVES_SHORT_H

#include "collectives/collectives.h"
#include "mpi.h"

#include <stdbool.h>

// What they return when they have done nothing: the call is to go the long way.
enum { MP_LONG_WAY = -1 };

// Each opens the call `call`, and leaves it open if it did anything; then it returns an error class
// with mp_fail, or 0.
int mp_short_barrier(int call, MPI_Comm comm);
int mp_short_bcast(int call, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                   MPI_Comm comm);
int mp_short_reduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                    MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm);
int mp_short_allreduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                       MPI_Datatype type, MPI_Op op, MPI_Comm comm);
int mp_short_reduce_scatter(int call, const void *sendbuf, void *recvbuf,
                            const struct mp_counts *counts, bool arrays, MPI_Datatype type,
                            MPI_Op op, MPI_Comm comm); // `arrays`: counts.array must not be NULL
int mp_short_scan(int call, bool exclusive, const void *sendbuf, void *recvbuf, MPI_Count count,
                  MPI_Datatype type, MPI_Op op, MPI_Comm comm);

// One block of what a rank gives or gets, where all have the same count.
struct mp_short_side {
    const void *buffer;
    MPI_Count count;
    MPI_Datatype type;
};

int mp_short_gather(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                    MPI_Comm comm);
int mp_short_scatter(int call, struct mp_short_side send, struct mp_short_side recv, int root,
                     MPI_Comm comm);
int mp_short_allgather(int call, struct mp_short_side send, struct mp_short_side recv,
                       MPI_Comm comm);
int mp_short_alltoall(int call, struct mp_short_side send, struct mp_short_side recv,
                      MPI_Comm comm);

// Blocks of the ranks, each with its own count and displacement.
struct mp_short_sides {
    const void *buffer;
    struct mp_counts counts, displacements;
    MPI_Datatype type;
    const MPI_Datatype *types; // MPI_Alltoallw: one per rank, and displacements in bytes; else NULL
};

int mp_short_gatherv(int call, struct mp_short_side send, const struct mp_short_sides *recv,
                     int root, MPI_Comm comm);
int mp_short_allgatherv(int call, struct mp_short_side send, const struct mp_short_sides *recv,
                        MPI_Comm comm);
int mp_short_scatterv(int call, const struct mp_short_sides *send, struct mp_short_side recv,
                      int root, MPI_Comm comm);
int mp_short_alltoallv(int call, const struct mp_short_sides *send,
                       const struct mp_short_sides *recv, MPI_Comm comm); // and the w form

#endif
