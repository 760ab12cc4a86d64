// SPDX-License-Identifier: MIT
// The constructors of datatypes (MPI 5.0, 5.1): they turn blocks of other types into the canonical
// form of datatype/datatype.h. Arguments have been checked; displacements are in bytes after
// scaling.
#ifndef MP_DATATYPE_DATATYPE_MAKE_H
#define MP_DATATYPE_DATATYPE_MAKE_H

#include "datatype/counts.h"
#include "datatype/datatype.h"

// All return 0 with *type new (one reference, one handle, not committed, no recipe), or an error
// class with mp_fail. `old` and its like are held by the new type.

// `count` blocks of `length` elements, stride * scale bytes from one to the next.
int mp_datatype_vector(MPI_Count count, MPI_Count length, MPI_Count stride, MPI_Count scale,
                       struct mp_datatype *old, struct mp_datatype **type);

// `count` blocks of lengths[i] elements at displacements[i] * scale bytes: of `old`, or when that
// is NULL of olds[i], and then padded at the end as a C struct is.
int mp_datatype_blocks(MPI_Count count, const struct mp_counts *lengths,
                       const struct mp_counts *displacements, MPI_Count scale,
                       struct mp_datatype *old, struct mp_datatype *const *olds,
                       struct mp_datatype **type);

// What one process has of an array that is dealt out in one dimension: `full` blocks of `block`
// elements, `step` elements apart, the first one at `first`, and a last one of `rest` elements. A
// subarray is `rest` elements from `first` on.
struct mp_share {
    MPI_Count first, block, step, full, rest;
};

// The part of an array that has that share in each dimension; the whole array is its extent.
int mp_datatype_array(int dimensions, const struct mp_counts *sizes, const struct mp_share shares[],
                      int order, struct mp_datatype *old, struct mp_datatype **type);

int mp_datatype_resized(struct mp_datatype *old, MPI_Count lb, MPI_Count extent,
                        struct mp_datatype **type);

// A copy, committed if the old one is. Attributes are not copied.
int mp_datatype_dup(struct mp_datatype *old, struct mp_datatype **type);

// Notes how the type was made: reserves the lists of the recipe, to be filled by the caller. On
// failure the type is released.
int mp_datatype_record(struct mp_datatype *type, int combiner, bool large, MPI_Count integers,
                       MPI_Count addresses, MPI_Count counts);

#endif
