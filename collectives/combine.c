// SPDX-License-Identifier: MIT
// Combining where an operation may be the user's or a type have gaps: the operation leaves a op b
// in b. Read first: combine.h.
#include "collectives/combine.h"

#include "datatype/datatype.h"

void mp_combine(const struct mp_op *op, const void *left, const void *right, void *out,
                MPI_Count count, struct mp_datatype *type)
{
    if (mp_op_is_direct(op, type)) {
        mp_op_combine(op, left, right, out, count, type);
        return;
    }
    if (out != right) {
        mp_datatype_copy(type, right, count, type, out, count);
    }
    mp_op_apply(op, left, out, count, type);
}

void *mp_combine_typed(const struct mp_op *op, struct mp_datatype *type, MPI_Count count, int ranks,
                       mp_operand_fn *operand_of, void *operands, void *const room[2])
{
    MPI_Count bytes = count * type->size;

    mp_datatype_unpack(type, room[0], count, 0, operand_of(operands, 0), bytes);
    for (int i = 1; i < ranks; i++) {
        void *right = room[i % 2];
        mp_datatype_unpack(type, right, count, 0, operand_of(operands, i), bytes);
        mp_op_apply(op, room[(i - 1) % 2], right, count, type);
    }
    return room[(ranks - 1) % 2];
}
