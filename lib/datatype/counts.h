// SPDX-License-Identifier: MIT
// Arrays of counts or displacements, which come in two widths: int, and MPI_Count or MPI_Aint. They
// are passed as a small struct that knows its width. Used by the constructors of datatypes
// (datatype_make.h) and by the collective operations (collectives/collectives.h).
#ifndef MP_DATATYPE_COUNTS_H
#define MP_DATATYPE_COUNTS_H

#include "mpi.h"

#include <stdbool.h>

// An array of int or of 64-bit integers; or, when there is none, the same number for all. (As
// displacements of a collective operation that is: one block after the other.)
struct mp_counts {
    const void *array;
    bool wide;
    MPI_Count each;
};

static inline struct mp_counts mp_counts_each(MPI_Count each)
{
    return (struct mp_counts){.each = each};
}

static inline struct mp_counts mp_counts_int(const int *array)
{
    return (struct mp_counts){.array = array};
}

static inline struct mp_counts mp_counts_wide(const MPI_Count *array)
{
    return (struct mp_counts){.array = array, .wide = true};
}

static inline struct mp_counts mp_displacements_wide(const MPI_Aint *array)
{
    _Static_assert(sizeof(MPI_Aint) == sizeof(MPI_Count), "one width serves both");
    return (struct mp_counts){.array = array, .wide = true};
}

static inline MPI_Count mp_counts_at(const struct mp_counts *counts, MPI_Count index)
{
    if (!counts->array) {
        return counts->each;
    }
    return counts->wide ? ((const MPI_Count *)counts->array)[index]
                        : ((const int *)counts->array)[index];
}

#endif
