// SPDX-License-Identifier: MIT
// Combining the operands of several ranks, which lie in posts, in chunks or in the ranks' own
// memory, element by element in rank order. Read first: shm.h.
#ifndef MP_COLLECTIVES_SHM_COMBINE_H
#define MP_COLLECTIVES_SHM_COMBINE_H

#include "collectives/shm.h"

// The last one: in memory where a rank's post says so, else in a chunk.
enum mp_shm_place { MP_IN_POST, MP_IN_CHUNK, MP_IN_MEMORY, MP_AS_POSTED };

// One rank's view of a reduction.
struct mp_shm_reduction {
    const struct mp_collective *c;
    const void *operand; // of this rank
    MPI_Count count;     // of its elements
    struct mp_datatype *type;
    size_t size; // of one element, packed
    // A predefined operation on a type without gaps: operands are combined where they are, and this
    // rank's own operand needs no copy. Otherwise by way of two temporaries.
    bool direct;
    char *temporary[2];
    MPI_Count room; // elements that a temporary holds
};

// Sets it up for combining up to `room` elements at a time. MPI_ERR_NO_MEM with mp_fail.
int mp_shm_reduction_open(struct mp_shm_reduction *r, const struct mp_collective *c,
                          MPI_Count count, MPI_Count room);
void mp_shm_reduction_close(struct mp_shm_reduction *r);

// Where the operands are that are to be combined now: those of ranks [0, ranks), elements
// [first, first + count) of each.
struct mp_shm_operands {
    enum mp_shm_place place;
    int ranks;
    uint64_t chunk; // in a chunk: so many after the first one of the turn
    size_t offset;  // and there, or in the post
    MPI_Count first;
    MPI_Count count;
};

// Combines them into `out`, packed, which may be this rank's own operand.
void mp_shm_combine(struct mp_shm_reduction *r, const struct mp_shm_operands *operands, void *out);

// The same into this rank's result buffer, as its elements from `at` on.
void mp_shm_combine_result(struct mp_shm_reduction *r, const struct mp_shm_operands *operands,
                           void *buffer, MPI_Count at);

#endif
