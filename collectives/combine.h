// SPDX-License-Identifier: MIT
// Combining the operands of a reduction, strictly from the left: ((a0 op a1) op a2) ... . Schedules
// combine two at a time, as they arrive; on a board those of many ranks are at hand together.
// Used in: execute.c; shm_combine.c, short.c, async_data.c.
#ifndef MP_COLLECTIVES_COMBINE_H
#define MP_COLLECTIVES_COMBINE_H

#include "base/bits.h"
#include "op/op.h"

#include <string.h>

// out = left op right, of buffers; any operation on any type. `out` may be `right` or apart from
// both, and `left` too where mp_op_is_direct.
void mp_combine(const struct mp_op *op, const void *left, const void *right, void *out,
                MPI_Count count, struct mp_datatype *type);

// Where the operand of a rank is, packed; until the next but one was asked for.
typedef const void *mp_operand_fn(void *operands, int rank);

// Combines those of ranks [0, ranks), at least one, where mp_op_is_direct: into `out`, which may be
// one of them. `between` has room for as much as `out`, for more than two.
MP_ALWAYS_INLINE void mp_combine_direct(const struct mp_op *op, const struct mp_datatype *type,
                                        MPI_Count count, int ranks, mp_operand_fn *operand_of,
                                        void *operands, void *between, void *out)
{
    const void *left = operand_of(operands, 0);

    for (int i = 1; i < ranks; i++) {
        // The last one goes where the result belongs: by then all operands there were read.
        void *to = i + 1 < ranks ? between : out;
        mp_op_combine(op, left, operand_of(operands, i), to, count, type);
        left = to;
    }
    if (ranks == 1) {
        memmove(out, left, (size_t)(count * type->size));
    }
}

// The same for any operation and type. Returns the one of the two rooms that holds the result, as
// a buffer of the type.
void *mp_combine_typed(const struct mp_op *op, struct mp_datatype *type, MPI_Count count, int ranks,
                       mp_operand_fn *operand_of, void *operands, void *const room[2]);

#endif
