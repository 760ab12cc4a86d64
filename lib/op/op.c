// SPDX-License-Identifier: MIT
//
// Operations as objects, and their application. The loops of the predefined ones are in
// op_arithmetic.c, op_bits.c and op_location.c.

#include "op/op.h"

#include "object/errhandler.h"
#include "op/op_kernels.h"
#include "process/process.h"

#include <limits.h>

#define FIRST         ((uintptr_t)MPI_OP_NULL)
#define INDEX(handle) ((uintptr_t)(handle)-FIRST)

#define PREDEFINED(handle, commutes, number)            \
    [INDEX(handle)] = {.object = {MP_KIND_OP, 1, 0, 1}, \
                       .commutative = commutes,         \
                       .code = number,                  \
                       .name = #handle,                 \
                       .predefined = (int)INDEX(handle)}
static struct mp_op predefined[32] = {
    PREDEFINED(MPI_SUM, true, 1),      PREDEFINED(MPI_MIN, true, 2),
    PREDEFINED(MPI_MAX, true, 3),      PREDEFINED(MPI_PROD, true, 4),
    PREDEFINED(MPI_BAND, true, 5),     PREDEFINED(MPI_BOR, true, 6),
    PREDEFINED(MPI_BXOR, true, 7),     PREDEFINED(MPI_LAND, true, 8),
    PREDEFINED(MPI_LOR, true, 9),      PREDEFINED(MPI_LXOR, true, 10),
    PREDEFINED(MPI_MINLOC, true, 11),  PREDEFINED(MPI_MAXLOC, true, 12),
    PREDEFINED(MPI_REPLACE, false, 0), PREDEFINED(MPI_NO_OP, false, 0),
};

struct mp_op *mp_op_get(MPI_Op handle)
{
    uintptr_t index = INDEX(handle);
    if (likely(index < mp_array_length(predefined)))
        return predefined[index].predefined ? &predefined[index] : NULL;
    struct mp_op *op = (struct mp_op *)(void *)handle;
    return mp_object_is(handle, MP_KIND_OP) && !op->freed ? op : NULL;
}

MPI_Op mp_op_handle(const struct mp_op *op)
{
    return op->predefined ? (MPI_Op)(FIRST + (unsigned)op->predefined) : (MPI_Op)(uintptr_t)op;
}

struct mp_op *mp_op_new(bool commutative)
{
    struct mp_op *op = mp_object_new(MP_KIND_OP, sizeof *op);
    if (op) {
        op->commutative = commutative;
        op->code = commutative ? MP_OP_COMMUTES : MP_OP_DOES_NOT;
    }
    return op;
}

void mp_op_hold(struct mp_op *op)
{
    if (!op->object.builtin)
        op->object.refs++;
}

void mp_op_release(struct mp_op *op)
{
    if (!op->object.builtin && --op->object.refs == 0)
        mp_object_delete(op);
}

const char *mp_op_name(const struct mp_op *op)
{
    return op->name ? op->name : "a user-defined operation";
}

const char *mp_op_code_name(unsigned code)
{
    for (size_t i = 0; i < mp_array_length(predefined); i++)
        if (code != MP_OP_NONE && predefined[i].code == code)
            return predefined[i].name;
    return code == MP_OP_COMMUTES   ? "a user-defined operation that commutes"
           : code == MP_OP_DOES_NOT ? "a user-defined operation that does not commute"
                                    : "no operation";
}

#if MP_HAVE_AVX2
static bool have_avx2;
static bool known;

static bool avx2(void)
{
    if (unlikely(!known)) {
        have_avx2 = mp_processor_has_avx2();
        known = true;
    }
    return have_avx2;
}

void mp_op_use_avx2(bool allowed)
{
    known = false;
    if (!allowed || !avx2()) {
        have_avx2 = false;
        known = true;
    }
}
#define BEST(function) (avx2() ? function##_avx2 : (function))
#else
void mp_op_use_avx2(bool allowed)
{
    (void)allowed;
}
#define BEST(function) (function)
#endif

// False where the predefined operation is not defined on the format.
static bool apply(int op, enum mp_format format, const void *left, const void *right, void *out,
                  MPI_Count count)
{
    switch (op) {
#define CASE(handle, function) \
    case INDEX(handle):        \
        return function(format, left, right, out, count)
        CASE(MPI_SUM, BEST(mp_op_sum));
        CASE(MPI_MIN, BEST(mp_op_min));
        CASE(MPI_MAX, BEST(mp_op_max));
        CASE(MPI_PROD, BEST(mp_op_prod));
        CASE(MPI_BAND, BEST(mp_op_band));
        CASE(MPI_BOR, BEST(mp_op_bor));
        CASE(MPI_BXOR, BEST(mp_op_bxor));
        CASE(MPI_LAND, BEST(mp_op_land));
        CASE(MPI_LOR, BEST(mp_op_lor));
        CASE(MPI_LXOR, BEST(mp_op_lxor));
        CASE(MPI_MINLOC, mp_op_minloc);
        CASE(MPI_MAXLOC, mp_op_maxloc);
#undef CASE
    }
    return false;
}

// The format of a predefined type or a duplicate of one, MP_FORMAT_NONE for other types.
static enum mp_format format_of(const struct mp_datatype *type)
{
    if (likely(type->object.builtin != 0))
        return type->format;
    const struct mp_datatype *basic = &mp_datatype_predefined[mp_datatype_place[type->basic]];
    bool same = type->basic && type->size == basic->size && type->extent == basic->extent &&
                type->true_lb == 0;
    return same ? basic->format : MP_FORMAT_NONE;
}

int mp_op_check(const struct mp_op *op, const struct mp_datatype *type)
{
    static uint64_t defined[mp_array_length(predefined)]; // by operation: formats known to be fine
    _Static_assert(MP_FORMATS <= 64, "a bit for each");
    enum mp_format format = format_of(type);
    if (likely(op->predefined && defined[op->predefined] >> format & 1))
        return 0;
    if (!op->predefined || apply(op->predefined, format, NULL, NULL, NULL, 0)) {
        defined[op->predefined] |= UINT64_C(1) << format;
        return 0;
    }
    if (op->predefined == INDEX(MPI_REPLACE) || op->predefined == INDEX(MPI_NO_OP))
        return mp_fail(MPI_ERR_OP, "%s is for one-sided communication only, not for reductions",
                       mp_op_name(op));
    if (type->name[0])
        return mp_fail(MPI_ERR_OP, "%s is not defined on %s", mp_op_name(op), type->name);
    return mp_fail(MPI_ERR_OP, "%s is not defined on a derived datatype", mp_op_name(op));
}

void mp_op_apply(const struct mp_op *op, const void *in, void *inout, MPI_Count count,
                 struct mp_datatype *type)
{
    if (likely(op->predefined != 0)) {
        apply(op->predefined, format_of(type), in, inout, inout, count);
        return;
    }
    MPI_Datatype handle = mp_datatype_handle(type);
    void *operand = (void *)(uintptr_t)in;
    int call = mp_callback_begin();
    if (op->function_large) {
        op->function_large(operand, inout, &count, &handle);
        count = 0;
    }
    while (count > 0) {
        int length = count < INT_MAX ? (int)count : INT_MAX;
        op->function(operand, inout, &length, &handle);
        length = count < INT_MAX ? (int)count : INT_MAX; // the function may have changed it
        operand = (char *)operand + length * type->extent;
        inout = (char *)inout + length * type->extent;
        count -= length;
    }
    mp_callback_end(call);
}

bool mp_op_is_direct(const struct mp_op *op, const struct mp_datatype *type)
{
    return op->predefined && type->contiguous;
}

void mp_op_combine(const struct mp_op *op, const void *left, const void *right, void *out,
                   MPI_Count count, const struct mp_datatype *type)
{
    apply(op->predefined, format_of(type), left, right, out, count);
}
