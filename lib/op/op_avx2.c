// SPDX-License-Identifier: MIT
// The loops of op_arithmetic.c and op_bits.c once more, for processors with AVX2. op.c chooses.
#if defined(__x86_64__) && defined(__GNUC__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#define MP_OP_AGAIN
#define MP_OP_NAME(name) name##_avx2
#include "op/op_arithmetic.c"
#include "op/op_bits.c"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int mp_op_avx2_is_empty;
#endif
