// SPDX-License-Identifier: MIT
// What the operations in shared memory (collectives/shm_*.c) have in common: they run blocking, on
// the board of an intracommunicator, and return an error class. Each takes one turn on the board.
// The sizes that decide how an operation goes are its own at every rank; where ranks disagree,
// which is an error of the program, the posts tell, before anything is moved by them. Read first:
// board.h, slots.h.
#ifndef MP_COLLECTIVES_SHM_H
#define MP_COLLECTIVES_SHM_H

#include "collectives/collectives.h"
#include "collectives/slots.h"

#include <string.h>

typedef int mp_run_fn(const struct mp_collective *collective);

mp_run_fn mp_shm_barrier;
mp_run_fn mp_shm_bcast;
mp_run_fn mp_shm_reduce;
mp_run_fn mp_shm_allreduce;
mp_run_fn mp_shm_reduce_scatter;
mp_run_fn mp_shm_scan;

// True where the operation can go that way: to be answered from what all ranks know.
bool mp_shm_can(const struct mp_collective *collective);

// A part of a buffer as packed bytes.
static inline void mp_shm_put(char *to, const struct mp_datatype *type, const void *buffer,
                              MPI_Count count, MPI_Count from, MPI_Count bytes)
{
    if (likely(type->contiguous)) {
        memcpy(to, (const char *)buffer + type->true_lb + from, (size_t)bytes);
    } else {
        mp_datatype_pack(type, buffer, count, from, to, bytes);
    }
}

static inline void mp_shm_get(const char *from_bytes, const struct mp_datatype *type, void *buffer,
                              MPI_Count count, MPI_Count from, MPI_Count bytes)
{
    if (likely(type->contiguous)) {
        memcpy((char *)buffer + type->true_lb + from, from_bytes, (size_t)bytes);
    } else {
        mp_datatype_unpack(type, buffer, count, from, from_bytes, bytes);
    }
}

// Until there is a heap that ranks share, no memory of a program is within reach of another rank.
static inline void *mp_heap_reach(int world, const void *address, size_t bytes)
{
    (void)world;
    (void)address;
    (void)bytes;
    return NULL;
}

// This rank's memory as others may use it, in flags of a post. NULL address: none of it.
static inline bool mp_shm_is_reachable(const void *address, MPI_Count bytes)
{
    return mp_heap_reach(mp_process.rank, address, (size_t)bytes) != NULL;
}

// Where a member's memory is for this rank. It was said to be reachable.
static inline char *mp_shm_reach(const struct mp_comm *comm, int rank, uint64_t address,
                                 MPI_Count bytes)
{
    return mp_heap_reach(mp_group_world(comm->group, rank), (const void *)(uintptr_t)address,
                         (size_t)bytes);
}

// Whether a rank's post is of the same operation, with the same root, and as many bytes as here:
// 0, or an error class with mp_fail. The second looks at all posts.
int mp_shm_compare(const struct mp_collective *c, int rank, MPI_Count bytes);
int mp_shm_compare_all(const struct mp_collective *c, MPI_Count bytes);

// The same without the bytes.
int mp_shm_compare_kind(const struct mp_collective *c, int rank);

// A rank sent more (or, with `exact`, also less) than was expected: the error, with mp_fail.
int mp_shm_compare_sent(int rank, MPI_Count sent, MPI_Count expected, bool exact);

#endif
