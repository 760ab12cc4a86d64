// SPDX-License-Identifier: MIT
// The blocking collectives that programs make most often, from the arguments of the call to the
// posts in one piece: little data, of a contiguous type, over a board. What is out of the ordinary
// in any way, wrong arguments included, is left to the long way (collectives.h), so these say
// nothing about arguments. The long way does the same with the same posts: which of the two a rank
// takes is its own affair. Between two cores it takes 1.4 to 3.6 times as long for 8 bytes, since
// it looks at every argument by itself and describes the call in memory.
// Read next: short.c; short_blocks.h, for those that move blocks; board.h.
#ifndef MP_COLLECTIVES_SHORT_H
#define MP_COLLECTIVES_SHORT_H

#include "collectives/collectives.h"
#include "mpi.h"

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
int mp_short_scan(int call, const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm comm);
int mp_short_exscan(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                    MPI_Datatype type, MPI_Op op, MPI_Comm comm);

#endif
