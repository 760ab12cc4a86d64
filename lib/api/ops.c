// SPDX-License-Identifier: MIT
//
// Chapter 6: operations. MPI_Reduce_local is in collectives_blocking.c, with the checks of its
// like.

#include "op/op.h"

#include "api/api.h"
#include "base/calls.h"

static int op_create(int call, MPI_User_function *function, MPI_User_function_c *function_large,
                     int commute, MPI_Op *op)
{
    int err = mp_enter(call);
    err = err ? err : mp_check_pointer(op, "op");
    if (!err && !function && !function_large)
        err = mp_fail(MPI_ERR_ARG, "user_fn is a null pointer");
    if (!err) {
        struct mp_op *created = mp_op_new(commute != 0);
        if (created) {
            created->function = function;
            created->function_large = function_large;
            *op = mp_op_handle(created);
            mp_owned_made(MP_OWNED_OP, *op, call);
        } else {
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for an operation");
        }
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Op_create(MPI_User_function *user_fn, int commute, MPI_Op *op)
{
    return op_create(MP_CALL_Op_create, user_fn, NULL, commute, op);
}
MP_WEAK(Op_create);

int PMPI_Op_create_c(MPI_User_function_c *user_fn, int commute, MPI_Op *op)
{
    return op_create(MP_CALL_Op_create_c, NULL, user_fn, commute, op);
}
MP_WEAK(Op_create_c);

int PMPI_Op_free(MPI_Op *op)
{
    struct mp_op *old;
    int err = mp_enter(MP_CALL_Op_free);
    err = err ? err : mp_check_pointer(op, "op");
    err = err ? err : mp_check_op(*op, &old);
    if (!err && old->object.builtin)
        err = mp_fail(MPI_ERR_OP, "op is %s, which is predefined and cannot be freed",
                      mp_op_name(old));
    if (!err) {
        mp_owned_freed(MP_OWNED_OP, *op);
        old->freed = true;
        mp_op_release(old);
        *op = MPI_OP_NULL;
    }
    return mp_leave(MP_CALL_Op_free, NULL, err);
}
MP_WEAK(Op_free);

int PMPI_Op_commutative(MPI_Op op, int *commute)
{
    struct mp_op *o;
    int err = mp_enter(MP_CALL_Op_commutative);
    err = err ? err : mp_check_op(op, &o);
    err = err ? err : mp_check_pointer(commute, "commute");
    if (!err)
        *commute = o->commutative;
    return mp_leave(MP_CALL_Op_commutative, NULL, err);
}
MP_WEAK(Op_commutative);
