// SPDX-License-Identifier: MIT
// Reduction operations (MPI 5.0, 6.9): the predefined ones on all types they are defined for, and
// the user's.
#ifndef MP_OP_OP_H
#define MP_OP_OP_H

#include "datatype/datatype.h"
#include "mpi.h"
#include "object/object.h"

// Predefined ones have numbers of their own from 1 on. Of the user's all that is known at other
// ranks is whether they commute.
enum mp_op_code { MP_OP_NONE, MP_OP_COMMUTES = 14, MP_OP_DOES_NOT, MP_OP_CODES };

struct mp_op {
    struct mp_object object;
    bool commutative;
    // Which one it is, for comparing: enum mp_op_code.
    uint8_t code;
    bool freed;       // MPI_Op_free was called: the handle is invalid, though operations use it
    int predefined;   // index of the handle (0x20 + predefined), 0 for a user's
    const char *name; // of a predefined one
    MPI_User_function *function; // one of the two for a user's
    MPI_User_function_c *function_large;
};

struct mp_op *mp_op_get(MPI_Op handle); // NULL when it is no live operation
MPI_Op mp_op_handle(const struct mp_op *op);
void mp_op_hold(struct mp_op *op);
void mp_op_release(struct mp_op *op);

// A user's operation, its function still to be set, or NULL when memory is out.
struct mp_op *mp_op_new(bool commutative);

// 0 if the operation is defined on the type, else MPI_ERR_OP with mp_fail naming both.
int mp_op_check(const struct mp_op *op, const struct mp_datatype *type);

// inout[i] = in[i] op inout[i] for i in 0..count-1; `in` is the operand of the lower rank. User
// functions are called with chunks that fit their count's type.
void mp_op_apply(const struct mp_op *op, const void *in, void *inout, MPI_Count count,
                 struct mp_datatype *type);

// True where mp_op_combine may be used: a predefined operation on a type without gaps.
bool mp_op_is_direct(const struct mp_op *op, const struct mp_datatype *type);

// out[i] = left[i] op right[i]. `out` may be `left` or `right`, and overlaps them not otherwise.
void mp_op_combine(const struct mp_op *op, const void *left, const void *right, void *out,
                   MPI_Count count, const struct mp_datatype *type);

// The name of an operation for messages: "MPI_SUM", or "a user-defined operation".
const char *mp_op_name(const struct mp_op *op);
const char *mp_op_code_name(unsigned code);

// The values of LOGICAL's .true. and .false. (MPI_Abi_set_fortran_booleans); what is not false is
// true, and results are one of the two. 1 and 0 until set.
extern int64_t mp_logical_true, mp_logical_false;

#endif
