// SPDX-License-Identifier: MIT
//
// MPI_MINLOC and MPI_MAXLOC (6.9.4): of two pairs the one with the better value, and of equal
// values the lower index.

#include "op/op_kernels.h"

#define PAIR(tag, value_type, index_type) \
    struct tag {                          \
        value_type value;                 \
        index_type index;                 \
    }
PAIR(float_int, float, int);
PAIR(double_int, double, int);
PAIR(long_int, long, int);
PAIR(int_int, int, int);
PAIR(short_int, short, int);
PAIR(long_double_int, long double, int);
PAIR(float_float, float, float);
PAIR(double_double, double, double);

#define LOCATE(type, better)                                                                \
    {                                                                                       \
        const struct type *a = left;                                                        \
        const struct type *b = right;                                                       \
        struct type *to = out;                                                              \
        for (MPI_Count i = 0; i < count; i++) {                                             \
            bool same = a[i].value == b[i].value;                                           \
            bool first = a[i].value better b[i].value || (same && a[i].index < b[i].index); \
            const struct type *from = first ? &a[i] : &b[i];                                \
            to[i].value = from->value;                                                      \
            to[i].index = from->index;                                                      \
        }                                                                                   \
        return true;                                                                        \
    }

#define LOCATE_CASES(better)            \
    case MP_FORMAT_FLOAT_INT:           \
        LOCATE(float_int, better)       \
    case MP_FORMAT_DOUBLE_INT:          \
        LOCATE(double_int, better)      \
    case MP_FORMAT_LONG_INT:            \
        LOCATE(long_int, better)        \
    case MP_FORMAT_INT_INT:             \
        LOCATE(int_int, better)         \
    case MP_FORMAT_SHORT_INT:           \
        LOCATE(short_int, better)       \
    case MP_FORMAT_LONG_DOUBLE_INT:     \
        LOCATE(long_double_int, better) \
    case MP_FORMAT_FLOAT_FLOAT:         \
        LOCATE(float_float, better)     \
    case MP_FORMAT_DOUBLE_DOUBLE:       \
        LOCATE(double_double, better)

bool mp_op_minloc(enum mp_format format, const void *left, const void *right, void *out,
                  MPI_Count count)
{
    switch (format) {
        LOCATE_CASES(<)
    default:
        return false;
    }
}

bool mp_op_maxloc(enum mp_format format, const void *left, const void *right, void *out,
                  MPI_Count count)
{
    switch (format) {
        LOCATE_CASES(>)
    default:
        return false;
    }
}
