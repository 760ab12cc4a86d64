// SPDX-License-Identifier: MIT
//
// The bitwise and the logical operations. Logical results of C types are 0 or 1, those of Fortran's
// LOGICAL the two values that its compiler uses.

#include "op/op_kernels.h"

#include "op/op.h"

#if !defined(MP_OP_AGAIN)
int64_t mp_logical_true = 1;
int64_t mp_logical_false = 0;
#endif

#if MP_HAVE_INT128
#define BITWISE_INT128(operator) \
    case MP_FORMAT_INT128:       \
        MP_EACH(mp_uint128, a operator b)
#else
#define BITWISE_INT128(operator)
#endif

// The sign does not matter here.
#define BITWISE(operator)               \
    case MP_FORMAT_INT8:                \
    case MP_FORMAT_UINT8:               \
    case MP_FORMAT_BYTE:                \
        MP_EACH(uint8_t, a operator b)  \
    case MP_FORMAT_INT16:               \
    case MP_FORMAT_UINT16:              \
        MP_EACH(uint16_t, a operator b) \
    case MP_FORMAT_INT32:               \
    case MP_FORMAT_UINT32:              \
        MP_EACH(uint32_t, a operator b) \
    case MP_FORMAT_INT64:               \
    case MP_FORMAT_UINT64:              \
        MP_EACH(uint64_t, a operator b) \
        BITWISE_INT128(operator)

bool MP_OP_NAME(mp_op_band)(enum mp_format format, const void *left, const void *right, void *out,
                            MPI_Count count)
{
    switch (format) {
        BITWISE(&)
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_bor)(enum mp_format format, const void *left, const void *right, void *out,
                           MPI_Count count)
{
    switch (format) {
        BITWISE(|)
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_bxor)(enum mp_format format, const void *left, const void *right, void *out,
                            MPI_Count count)
{
    switch (format) {
        BITWISE(^)
    default:
        return false;
    }
}

// A LOGICAL of that width: false is one value, anything else is true.
#define LOGICAL(type, operator)                                              \
    {                                                                        \
        const type yes = (type)mp_logical_true, no = (type)mp_logical_false; \
        MP_EACH(type, ((a != no) operator(b != no)) ? yes : no)              \
    }

#if MP_HAVE_INT128
#define TRUTH_INT128(operator)               \
    case MP_FORMAT_INT128:                   \
        MP_EACH(mp_uint128, !!a operator!!b) \
    case MP_FORMAT_LOGICAL128:               \
        LOGICAL(mp_int128, operator)
#else
#define TRUTH_INT128(operator)
#endif

// `&` and `|` of truth values: no branch, so that the loops vectorize.
#define TRUTH(operator)                    \
    case MP_FORMAT_BOOL:                   \
    case MP_FORMAT_INT8:                   \
    case MP_FORMAT_UINT8:                  \
        MP_EACH(uint8_t, !!a operator!!b)  \
    case MP_FORMAT_INT16:                  \
    case MP_FORMAT_UINT16:                 \
        MP_EACH(uint16_t, !!a operator!!b) \
    case MP_FORMAT_INT32:                  \
    case MP_FORMAT_UINT32:                 \
        MP_EACH(uint32_t, !!a operator!!b) \
    case MP_FORMAT_INT64:                  \
    case MP_FORMAT_UINT64:                 \
        MP_EACH(uint64_t, !!a operator!!b) \
    case MP_FORMAT_LOGICAL8:               \
        LOGICAL(int8_t, operator)          \
    case MP_FORMAT_LOGICAL16:              \
        LOGICAL(int16_t, operator)         \
    case MP_FORMAT_LOGICAL32:              \
        LOGICAL(int32_t, operator)         \
    case MP_FORMAT_LOGICAL64:              \
        LOGICAL(int64_t, operator)         \
        TRUTH_INT128(operator)

bool MP_OP_NAME(mp_op_land)(enum mp_format format, const void *left, const void *right, void *out,
                            MPI_Count count)
{
    switch (format) {
        TRUTH(&)
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_lor)(enum mp_format format, const void *left, const void *right, void *out,
                           MPI_Count count)
{
    switch (format) {
        TRUTH(|)
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_lxor)(enum mp_format format, const void *left, const void *right, void *out,
                            MPI_Count count)
{
    switch (format) {
        TRUTH(^)
    default:
        return false;
    }
}
