// SPDX-License-Identifier: MIT
//
// MPI_SUM, MPI_PROD, MPI_MIN and MPI_MAX. Integers wrap around: their sums and products are taken
// unsigned, in a type that is at least as wide as unsigned, so that nothing overflows in the eyes
// of C. Complex products are written out, (a + bi)(c + di) = (ac - bd) + (ad + bc)i: C's operator
// would call a function for each to mend infinities.

#include "op/op_kernels.h"

// ---- Half precision: computed in float, rounded to nearest even

static inline float half_to_float(uint16_t half)
{
    union {
        uint32_t bits;
        float value;
    } result, scale;
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t rest = (uint32_t)(half & 0x7fff) << 13;
    if (rest >= 0x0f800000) { // infinity or NaN
        result.bits = sign | 0x7f800000 | (rest & 0x007fffff);
        return result.value;
    }
    // Multiplying by 2^112 mends the exponent's bias, subnormal numbers included.
    result.bits = rest;
    scale.bits = (127 + 112) << 23;
    result.value *= scale.value;
    result.bits |= sign;
    return result.value;
}

static inline uint16_t float_to_half(float value)
{
    union {
        float value;
        uint32_t bits;
    } from = {value}, magic;
    uint16_t sign = (uint16_t)(from.bits >> 16 & 0x8000);
    uint32_t rest = from.bits & 0x7fffffff;
    if (rest > 0x7f800000) // NaN: keep it one
        return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x1ff));
    if (rest >= 0x477ff000) // rounds to 65520 or more: infinity
        return (uint16_t)(sign | 0x7c00);
    if (rest < 0x38800000) { // subnormal: the addition rounds at the right bit
        from.bits = rest;
        magic.bits = 126 << 23; // 0.5, whose last bit is 2^-24
        from.value += magic.value;
        return (uint16_t)(sign | (from.bits - magic.bits));
    }
    rest += 0xfff + (rest >> 13 & 1); // to nearest, ties to even
    return (uint16_t)(sign | ((rest - (112u << 23)) >> 13));
}

// ---- Complex numbers

struct half_complex {
    uint16_t re, im;
};
struct float_complex {
    float re, im;
};
struct double_complex {
    double re, im;
};
struct long_double_complex {
    long double re, im;
};

#define COMPLEX_SUM(type) MP_EACH(type, ((type){a.re + b.re, a.im + b.im}))
#define COMPLEX_PROD(type) \
    MP_EACH(type, ((type){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}))

#if MP_HAVE_QUAD
struct quad_complex {
    mp_quad re, im;
};
#endif

static struct half_complex half_complex_sum(struct half_complex a, struct half_complex b)
{
    return (struct half_complex){float_to_half(half_to_float(a.re) + half_to_float(b.re)),
                                 float_to_half(half_to_float(a.im) + half_to_float(b.im))};
}

static struct half_complex half_complex_prod(struct half_complex a, struct half_complex b)
{
    float are = half_to_float(a.re), aim = half_to_float(a.im);
    float bre = half_to_float(b.re), bim = half_to_float(b.im);
    return (struct half_complex){float_to_half(are * bre - aim * bim),
                                 float_to_half(are * bim + aim * bre)};
}

// ---- The operations

bool MP_OP_NAME(mp_op_sum)(enum mp_format format, const void *left, const void *right, void *out,
                           MPI_Count count)
{
    switch (format) {
    case MP_FORMAT_INT8:
    case MP_FORMAT_UINT8:
        MP_EACH(uint8_t, a + b)
    case MP_FORMAT_INT16:
    case MP_FORMAT_UINT16:
        MP_EACH(uint16_t, a + b)
    case MP_FORMAT_INT32:
    case MP_FORMAT_UINT32:
        MP_EACH(uint32_t, a + b)
    case MP_FORMAT_INT64:
    case MP_FORMAT_UINT64:
        MP_EACH(uint64_t, a + b)
    case MP_FORMAT_HALF:
        MP_EACH(uint16_t, float_to_half(half_to_float(a) + half_to_float(b)))
    case MP_FORMAT_FLOAT:
        MP_EACH(float, a + b)
    case MP_FORMAT_DOUBLE:
        MP_EACH(double, a + b)
    case MP_FORMAT_LONG_DOUBLE:
        MP_EACH(long double, a + b)
    case MP_FORMAT_HALF_COMPLEX:
        MP_EACH(struct half_complex, half_complex_sum(a, b))
    case MP_FORMAT_FLOAT_COMPLEX:
        COMPLEX_SUM(struct float_complex)
    case MP_FORMAT_DOUBLE_COMPLEX:
        COMPLEX_SUM(struct double_complex)
    case MP_FORMAT_LONG_DOUBLE_COMPLEX:
        COMPLEX_SUM(struct long_double_complex)
#if MP_HAVE_INT128
    case MP_FORMAT_INT128:
        MP_EACH(mp_uint128, a + b)
#endif
#if MP_HAVE_QUAD
    case MP_FORMAT_QUAD:
        MP_EACH(mp_quad, a + b)
    case MP_FORMAT_QUAD_COMPLEX:
        COMPLEX_SUM(struct quad_complex)
#endif
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_prod)(enum mp_format format, const void *left, const void *right, void *out,
                            MPI_Count count)
{
    switch (format) {
    case MP_FORMAT_INT8:
    case MP_FORMAT_UINT8:
        MP_EACH(uint8_t, a * b)
    case MP_FORMAT_INT16:
    case MP_FORMAT_UINT16:
        MP_EACH(uint16_t, (uint32_t)a * b)
    case MP_FORMAT_INT32:
    case MP_FORMAT_UINT32:
        MP_EACH(uint32_t, a * b)
    case MP_FORMAT_INT64:
    case MP_FORMAT_UINT64:
        MP_EACH(uint64_t, a * b)
    case MP_FORMAT_HALF:
        MP_EACH(uint16_t, float_to_half(half_to_float(a) * half_to_float(b)))
    case MP_FORMAT_FLOAT:
        MP_EACH(float, a *b)
    case MP_FORMAT_DOUBLE:
        MP_EACH(double, a *b)
    case MP_FORMAT_LONG_DOUBLE:
        MP_EACH(long double, a *b)
    case MP_FORMAT_HALF_COMPLEX:
        MP_EACH(struct half_complex, half_complex_prod(a, b))
    case MP_FORMAT_FLOAT_COMPLEX:
        COMPLEX_PROD(struct float_complex)
    case MP_FORMAT_DOUBLE_COMPLEX:
        COMPLEX_PROD(struct double_complex)
    case MP_FORMAT_LONG_DOUBLE_COMPLEX:
        COMPLEX_PROD(struct long_double_complex)
#if MP_HAVE_INT128
    case MP_FORMAT_INT128:
        MP_EACH(mp_uint128, a * b)
#endif
#if MP_HAVE_QUAD
    case MP_FORMAT_QUAD:
        MP_EACH(mp_quad, a * b)
    case MP_FORMAT_QUAD_COMPLEX:
        COMPLEX_PROD(struct quad_complex)
#endif
    default:
        return false;
    }
}

#if MP_HAVE_INT128
#define EXTREME_INT128(compare) \
    case MP_FORMAT_INT128:      \
        MP_EACH(mp_int128, a compare b ? a : b)
#else
#define EXTREME_INT128(compare)
#endif
#if MP_HAVE_QUAD
#define EXTREME_QUAD(compare) \
    case MP_FORMAT_QUAD:      \
        MP_EACH(mp_quad, a compare b ? a : b)
#else
#define EXTREME_QUAD(compare)
#endif

// The cases of MPI_MIN and MPI_MAX differ in one sign.
#define EXTREME(compare)                                                     \
    case MP_FORMAT_INT8:                                                     \
        MP_EACH(int8_t, a compare b ? a : b)                                 \
    case MP_FORMAT_INT16:                                                    \
        MP_EACH(int16_t, a compare b ? a : b)                                \
    case MP_FORMAT_INT32:                                                    \
        MP_EACH(int32_t, a compare b ? a : b)                                \
    case MP_FORMAT_INT64:                                                    \
        MP_EACH(int64_t, a compare b ? a : b)                                \
    case MP_FORMAT_UINT8:                                                    \
        MP_EACH(uint8_t, a compare b ? a : b)                                \
    case MP_FORMAT_UINT16:                                                   \
        MP_EACH(uint16_t, a compare b ? a : b)                               \
    case MP_FORMAT_UINT32:                                                   \
        MP_EACH(uint32_t, a compare b ? a : b)                               \
    case MP_FORMAT_UINT64:                                                   \
        MP_EACH(uint64_t, a compare b ? a : b)                               \
    case MP_FORMAT_HALF:                                                     \
        MP_EACH(uint16_t, half_to_float(a) compare half_to_float(b) ? a : b) \
    case MP_FORMAT_FLOAT:                                                    \
        MP_EACH(float, a compare b ? a : b)                                  \
    case MP_FORMAT_DOUBLE:                                                   \
        MP_EACH(double, a compare b ? a : b)                                 \
    case MP_FORMAT_LONG_DOUBLE:                                              \
        MP_EACH(long double, a compare b ? a : b)                            \
        EXTREME_INT128(compare)                                              \
        EXTREME_QUAD(compare)

bool MP_OP_NAME(mp_op_min)(enum mp_format format, const void *left, const void *right, void *out,
                           MPI_Count count)
{
    switch (format) {
        EXTREME(<)
    default:
        return false;
    }
}

bool MP_OP_NAME(mp_op_max)(enum mp_format format, const void *left, const void *right, void *out,
                           MPI_Count count)
{
    switch (format) {
        EXTREME(>)
    default:
        return false;
    }
}
