// SPDX-License-Identifier: MIT
// The predefined operations on arrays without gaps between their elements: one function for each
// operation (out = left op right, element by element), a loop in it for each format, so that the
// compiler can vectorize. They return false, and do nothing, where the operation is not defined on
// the format (6.9.2); with a count of 0 that is all one learns.
#ifndef MP_OP_OP_KERNELS_H
#define MP_OP_OP_KERNELS_H

#include "base/processor.h"
#include "datatype/datatype.h"
#include "mpi.h"

#include <stdbool.h>

// The loops are compiled for several instruction sets: op_arithmetic.c and op_bits.c for the one
// that every processor of this kind has, op_avx2.c includes them again for AVX2. (Not for one that
// fuses a multiplication and an addition: sums of products would depend on the machine.)
#define MP_OP_DECLARE(name)                                                          \
    bool name(enum mp_format format, const void *left, const void *right, void *out, \
              MPI_Count count);
#define MP_OP_DECLARE_SET(suffix)     \
    MP_OP_DECLARE(mp_op_sum##suffix)  \
    MP_OP_DECLARE(mp_op_prod##suffix) \
    MP_OP_DECLARE(mp_op_min##suffix)  \
    MP_OP_DECLARE(mp_op_max##suffix)  \
    MP_OP_DECLARE(mp_op_band##suffix) \
    MP_OP_DECLARE(mp_op_bor##suffix)  \
    MP_OP_DECLARE(mp_op_bxor##suffix) \
    MP_OP_DECLARE(mp_op_land##suffix) \
    MP_OP_DECLARE(mp_op_lor##suffix)  \
    MP_OP_DECLARE(mp_op_lxor##suffix)

MP_OP_DECLARE_SET()
// For tests: do without the AVX2 set, or use it again where there is one.
void mp_op_use_avx2(bool allowed);
#if MP_HAVE_AVX2
MP_OP_DECLARE_SET(_avx2)
#endif

// op_location.c, which does not vectorize
MP_OP_DECLARE(mp_op_minloc)
MP_OP_DECLARE(mp_op_maxloc)

// The name of a function in the set that is being compiled.
#if !defined(MP_OP_NAME)
#define MP_OP_NAME(name) name
#endif

// The 16-byte floating-point type of REAL*16, where there is one.
#include <float.h>
#if LDBL_MANT_DIG == 113
#define MP_HAVE_QUAD 1
typedef long double mp_quad;
#elif defined(__SIZEOF_FLOAT128__)
#define MP_HAVE_QUAD 1
typedef __float128 mp_quad;
#else
#define MP_HAVE_QUAD 0
#endif

#if defined(__SIZEOF_INT128__)
#define MP_HAVE_INT128 1
typedef __int128 mp_int128;
typedef unsigned __int128 mp_uint128;
#else
#define MP_HAVE_INT128 0
#endif

// `out` may be one of the operands, or apart from both, so no iteration depends on another: tells
// the compiler, which could not know.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" // some types do not vectorize, and need not
#define MP_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define MP_INDEPENDENT _Pragma("GCC ivdep")
#endif

// The loop of a format: element i of `left` is a, of `right` b; that of `out` the expression.
#define MP_EACH(type, expression)                   \
    {                                               \
        const type *left_ = left;                   \
        const type *right_ = right;                 \
        type *out_ = out;                           \
        MP_INDEPENDENT                              \
        for (MPI_Count i = 0; i < count; i++) {     \
            const type a = left_[i], b = right_[i]; \
            out_[i] = (type)(expression);           \
        }                                           \
        return true;                                \
    }

// These files are nothing but loops: have them vectorized at any level of optimization.
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#endif
