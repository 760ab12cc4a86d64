// SPDX-License-Identifier: MIT
// Operations: each predefined one on each type it is defined for against a plain expression, the
// table of what is defined (6.9.2), and what user functions are called with.
#include "op/op.h"

#include "mpi.h"
#include "object/errhandler.h"
#include "op/op_kernels.h"

#include <complex.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 37 }; // not a multiple of any vector

static uint64_t seed = 88172645463325252ull;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static bool defined(MPI_Op op, MPI_Datatype type)
{
    return mp_op_check(mp_op_get(op), mp_datatype_get(type)) == 0;
}

static void apply(MPI_Op op, MPI_Datatype type, const void *in, void *inout, int count)
{
    assert_int_equal(mp_op_check(mp_op_get(op), mp_datatype_get(type)), 0);
    mp_op_apply(mp_op_get(op), in, inout, count, mp_datatype_get(type));
}

// Checks b = a op b for random values made by `make`; `equal` compares element i with what the
// expression gives, in the type itself.
#define CHECK(op, mpi_type, type, make, expression)                  \
    do {                                                             \
        type in[N], inout[N + 1], before[N + 1];                     \
        for (int i = 0; i <= N; i++) {                               \
            before[i] = inout[i] = (type)(make);                     \
            if (i < N)                                               \
                in[i] = (type)(make);                                \
        }                                                            \
        apply(op, mpi_type, in, inout, N);                           \
        for (int i = 0; i < N; i++) {                                \
            type a = in[i], b = before[i], expected;                 \
            expected = (type)(expression);                           \
            assert_true(inout[i] == expected);                       \
        }                                                            \
        assert_true(inout[N] == before[N]); /* and no more than N */ \
    } while (0)

#define ANY   random_word()
#define SMALL ((int)(random_word() % 2001) - 1000)
#define BIT   (random_word() % 3)

// Sums and products wrap around: reckoned in 128 bits and cut.
#define INTEGER(mpi_type, type)                                                       \
    CHECK(MPI_SUM, mpi_type, type, ANY, (unsigned __int128)a + (unsigned __int128)b); \
    CHECK(MPI_PROD, mpi_type, type, ANY, (unsigned __int128)a *(unsigned __int128)b); \
    CHECK(MPI_MIN, mpi_type, type, ANY, a < b ? a : b);                               \
    CHECK(MPI_MAX, mpi_type, type, ANY, a > b ? a : b);                               \
    CHECK(MPI_BAND, mpi_type, type, ANY, a &b);                                       \
    CHECK(MPI_BOR, mpi_type, type, ANY, a | b);                                       \
    CHECK(MPI_BXOR, mpi_type, type, ANY, a ^ b);                                      \
    CHECK(MPI_LAND, mpi_type, type, BIT, a &&b);                                      \
    CHECK(MPI_LOR, mpi_type, type, BIT, a || b);                                      \
    CHECK(MPI_LXOR, mpi_type, type, BIT, !a != !b)

static void integers(void **state)
{
    (void)state;
    INTEGER(MPI_SIGNED_CHAR, signed char);
    INTEGER(MPI_UNSIGNED_CHAR, unsigned char);
    INTEGER(MPI_SHORT, short);
    INTEGER(MPI_UNSIGNED_SHORT, unsigned short);
    INTEGER(MPI_INT, int);
    INTEGER(MPI_UNSIGNED, unsigned);
    INTEGER(MPI_LONG, long);
    INTEGER(MPI_UNSIGNED_LONG, unsigned long);
    INTEGER(MPI_LONG_LONG, long long);
    INTEGER(MPI_UNSIGNED_LONG_LONG, unsigned long long);
    INTEGER(MPI_INT8_T, int8_t);
    INTEGER(MPI_INT16_T, int16_t);
    INTEGER(MPI_INT32_T, int32_t);
    INTEGER(MPI_INT64_T, int64_t);
    INTEGER(MPI_UINT8_T, uint8_t);
    INTEGER(MPI_UINT16_T, uint16_t);
    INTEGER(MPI_UINT32_T, uint32_t);
    INTEGER(MPI_UINT64_T, uint64_t);
    INTEGER(MPI_INTEGER, int);
    INTEGER(MPI_INTEGER1, int8_t);
    INTEGER(MPI_INTEGER2, int16_t);
    INTEGER(MPI_INTEGER4, int32_t);
    INTEGER(MPI_INTEGER8, int64_t);
    INTEGER(MPI_INTEGER16, __int128);
    INTEGER(MPI_AINT, MPI_Aint);
    INTEGER(MPI_OFFSET, MPI_Offset);
    INTEGER(MPI_COUNT, MPI_Count);
}

#define REAL(mpi_type, type)                              \
    CHECK(MPI_SUM, mpi_type, type, SMALL / 7.0, a + b);   \
    CHECK(MPI_PROD, mpi_type, type, SMALL / 7.0, a * b);  \
    CHECK(MPI_MIN, mpi_type, type, SMALL, a < b ? a : b); \
    CHECK(MPI_MAX, mpi_type, type, SMALL, a > b ? a : b)

#define COMPLEX(mpi_type, type)                                           \
    CHECK(MPI_SUM, mpi_type, type, SMALL / 7.0 + SMALL / 3.0 * I, a + b); \
    CHECK(MPI_PROD, mpi_type, type, SMALL + SMALL * I, a * b)

static void reals_and_complex(void **state)
{
    (void)state;
    REAL(MPI_FLOAT, float);
    REAL(MPI_DOUBLE, double);
    REAL(MPI_LONG_DOUBLE, long double);
    REAL(MPI_REAL, float);
    REAL(MPI_DOUBLE_PRECISION, double);
    REAL(MPI_REAL4, float);
    REAL(MPI_REAL8, double);
    COMPLEX(MPI_C_COMPLEX, float complex);
    COMPLEX(MPI_C_DOUBLE_COMPLEX, double complex);
    COMPLEX(MPI_C_LONG_DOUBLE_COMPLEX, long double complex);
    COMPLEX(MPI_CXX_FLOAT_COMPLEX, float complex);
    COMPLEX(MPI_CXX_DOUBLE_COMPLEX, double complex);
    COMPLEX(MPI_CXX_LONG_DOUBLE_COMPLEX, long double complex);
    COMPLEX(MPI_COMPLEX, float complex);
    COMPLEX(MPI_DOUBLE_COMPLEX, double complex);
    COMPLEX(MPI_COMPLEX8, float complex);
    COMPLEX(MPI_COMPLEX16, double complex);
#ifdef __SIZEOF_FLOAT128__
    REAL(MPI_REAL16, __float128);
    struct quad {
        __float128 re, im;
    } a = {1.5, -2}, b = {0.25, 3};
    apply(MPI_PROD, MPI_COMPLEX32, &a, &b, 1);
    assert_true(b.re == 6.375 && b.im == 4);
#endif
}

// The value of a binary16, by its definition.
static double half_value(uint16_t half)
{
    int exponent = half >> 10 & 31;
    double fraction = half & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                                    : ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -value : value;
}

// The sum is the nearest half: no other is nearer, and of two the even one.
static void halves_round_to_nearest(void **state)
{
    (void)state;
    for (int round = 0; round < 200000; round++) {
        uint16_t a = (uint16_t)random_word(), b = (uint16_t)random_word(), sum = b;
        if (round < 65536) { // each value added to 0 stays what it is
            a = 0;
            b = sum = (uint16_t)round;
        }
        apply(MPI_SUM, MPI_REAL2, &a, &sum, 1);
        double exact = half_value(a) + half_value(b), found = half_value(sum);
        if (isnan(exact)) {
            assert_true(isnan(found));
            continue;
        }
        if (isinf(found)) {
            assert_true(fabs(exact) >= 65520 && signbit(exact) == signbit(found));
            continue;
        }
        assert_true(fabs(exact) < 65520);
        double error = fabs(found - exact);
        double up = fabs(half_value((uint16_t)(sum + 1)) - exact);
        assert_true(!(up < error) && (up != error || !(sum & 1)));
        if (sum & 0x7fff) {
            double down = fabs(half_value((uint16_t)(sum - 1)) - exact);
            assert_true(!(down < error) && (down != error || !(sum & 1)));
        }
    }
    uint16_t three = 0x4200, two = 0x4000, one = 0x3c00;
    apply(MPI_PROD, MPI_REAL2, &three, &two, 1);
    assert_int_equal(two, 0x4600); // 6
    apply(MPI_MIN, MPI_REAL2, &three, &one, 1);
    assert_int_equal(one, 0x3c00);
    uint16_t z[2] = {0x3c00, 0x4000}, w[2] = {0x4200, 0xbc00}; // (1 + 2i)(3 - i) = 5 + 5i
    apply(MPI_PROD, MPI_COMPLEX4, z, w, 1);
    assert_int_equal(w[0], 0x4500);
    assert_int_equal(w[1], 0x4500);
}

#define LOGICAL(mpi_type, type)                                 \
    CHECK(MPI_LAND, mpi_type, type, BIT, (a != 0) && (b != 0)); \
    CHECK(MPI_LOR, mpi_type, type, BIT, (a != 0) || (b != 0));  \
    CHECK(MPI_LXOR, mpi_type, type, BIT, (a != 0) != (b != 0))

static void logicals(void **state)
{
    (void)state;
    LOGICAL(MPI_C_BOOL, bool);
    LOGICAL(MPI_CXX_BOOL, bool);
    LOGICAL(MPI_LOGICAL, int);
    LOGICAL(MPI_LOGICAL1, int8_t);
    LOGICAL(MPI_LOGICAL2, int16_t);
    LOGICAL(MPI_LOGICAL4, int32_t);
    LOGICAL(MPI_LOGICAL8, int64_t);
    LOGICAL(MPI_LOGICAL16, __int128);
    // A compiler whose .true. is -1.
    mp_logical_true = -1;
    int a[4] = {0, 0, -1, -1}, b[4] = {0, -1, 0, -1};
    apply(MPI_LXOR, MPI_LOGICAL, a, b, 4);
    assert_memory_equal(b, ((int[]){0, -1, -1, 0}), sizeof b);
    mp_logical_true = 1;
}

#define LOCATION(mpi_type, value_type, index_type)                              \
    do {                                                                        \
        struct {                                                                \
            value_type value;                                                   \
            index_type index;                                                   \
        } in[N], least[N], most[N];                                             \
        memset(least, 0x77, sizeof least);                                      \
        memset(most, 0x77, sizeof most);                                        \
        for (int i = 0; i < N; i++) {                                           \
            in[i].value = (value_type)(random_word() % 4);                      \
            in[i].index = (index_type)(random_word() % 100);                    \
            least[i].value = most[i].value = (value_type)(random_word() % 4);   \
            least[i].index = most[i].index = (index_type)(random_word() % 100); \
        }                                                                       \
        for (int i = 0; i < N; i++) {                                           \
            value_type a = in[i].value, b = least[i].value;                     \
            index_type j = in[i].index, k = least[i].index;                     \
            apply(MPI_MINLOC, mpi_type, &in[i], &least[i], 1);                  \
            apply(MPI_MAXLOC, mpi_type, &in[i], &most[i], 1);                   \
            index_type lower = j < k ? j : k;                                   \
            assert_true(least[i].value == (a < b ? a : b));                     \
            assert_true(most[i].value == (a > b ? a : b));                      \
            assert_true(least[i].index == (a < b ? j : a > b ? k : lower));     \
            assert_true(most[i].index == (a > b ? j : a < b ? k : lower));      \
        }                                                                       \
    } while (0)

static void locations(void **state)
{
    (void)state;
    LOCATION(MPI_FLOAT_INT, float, int);
    LOCATION(MPI_DOUBLE_INT, double, int);
    LOCATION(MPI_LONG_INT, long, int);
    LOCATION(MPI_2INT, int, int);
    LOCATION(MPI_SHORT_INT, short, int);
    LOCATION(MPI_LONG_DOUBLE_INT, long double, int);
    LOCATION(MPI_2REAL, float, float);
    LOCATION(MPI_2DOUBLE_PRECISION, double, double);
    LOCATION(MPI_2INTEGER, int, int);
}

// The table of 6.9.2, class by class.
static void defined_where_the_standard_says(void **state)
{
    (void)state;
    const MPI_Op arithmetic[] = {MPI_SUM, MPI_PROD}, order[] = {MPI_MIN, MPI_MAX},
                 logical[] = {MPI_LAND, MPI_LOR, MPI_LXOR}, bits[] = {MPI_BAND, MPI_BOR, MPI_BXOR},
                 place[] = {MPI_MINLOC, MPI_MAXLOC};
    const struct {
        MPI_Datatype type;
        bool arithmetic, order, logical, bits, place;
    } rows[] = {{MPI_INT, true, true, true, true, false},
                {MPI_UINT64_T, true, true, true, true, false},
                {MPI_INTEGER, true, true, true, true, false},
                {MPI_AINT, true, true, true, true, false},
                {MPI_FLOAT, true, true, false, false, false},
                {MPI_REAL16, true, true, false, false, false},
                {MPI_REAL2, true, true, false, false, false},
                {MPI_C_COMPLEX, true, false, false, false, false},
                {MPI_DOUBLE_COMPLEX, true, false, false, false, false},
                {MPI_COMPLEX32, true, false, false, false, false},
                {MPI_C_BOOL, false, false, true, false, false},
                {MPI_LOGICAL, false, false, true, false, false},
                {MPI_LOGICAL16, false, false, true, false, false},
                {MPI_BYTE, false, false, false, true, false},
                {MPI_2INT, false, false, false, false, true},
                {MPI_LONG_DOUBLE_INT, false, false, false, false, true},
                {MPI_WCHAR, false, false, false, false, false},
                {MPI_CHARACTER, false, false, false, false, false},
                {MPI_PACKED, false, false, false, false, false}};
    for (size_t i = 0; i < mp_array_length(rows); i++) {
        MPI_Datatype type = rows[i].type;
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(defined(arithmetic[j], type), rows[i].arithmetic);
            assert_int_equal(defined(order[j], type), rows[i].order);
            assert_int_equal(defined(place[j], type), rows[i].place);
        }
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(defined(logical[j], type), rows[i].logical);
            assert_int_equal(defined(bits[j], type), rows[i].bits);
        }
        assert_false(defined(MPI_REPLACE, type));
        assert_false(defined(MPI_NO_OP, type));
    }
    assert_int_equal(mp_op_check(mp_op_get(MPI_BAND), mp_datatype_get(MPI_DOUBLE)), MPI_ERR_OP);
    assert_string_equal(mp_fail_text(MPI_ERR_OP), "MPI_BAND is not defined on MPI_DOUBLE");
}

static void duplicates_reduce_and_derived_types_do_not(void **state)
{
    (void)state;
    MPI_Datatype copy, two;
    MPI_Type_dup(MPI_INT, &copy);
    MPI_Type_contiguous(2, MPI_INT, &two);
    assert_true(defined(MPI_SUM, copy));
    assert_false(defined(MPI_SUM, two));
    int a = 2, b = 3;
    apply(MPI_SUM, copy, &a, &b, 1);
    assert_int_equal(b, 5);
    MPI_Type_free(&copy);
    MPI_Type_free(&two);
}

// ---- Operations of the program

static int calls;
static MPI_Datatype seen;

static void concatenate(void *in, void *inout, int *length, MPI_Datatype *type)
{
    int *a = in, *b = inout;
    for (int i = 0; i < *length; i++)
        b[i] = 10 * a[i] + b[i];
    calls++;
    seen = *type;
}

static void concatenate_large(void *in, void *inout, MPI_Count *length, MPI_Datatype *type)
{
    int small = (int)*length;
    concatenate(in, inout, &small, type);
}

static MPI_Count total;

static void count_only(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)in, (void)inout, (void)type;
    calls++;
    assert_true(*length > 0);
    total += *length;
}

static void user_functions_are_called(void **state)
{
    (void)state;
    MPI_Op op, large, counter;
    int commutes, a[3] = {1, 2, 3}, b[3] = {4, 5, 6};
    MPI_Op_create(concatenate, 0, &op);
    MPI_Op_create_c(concatenate_large, 1, &large);
    MPI_Op_create(count_only, 1, &counter);
    MPI_Op_commutative(op, &commutes);
    assert_int_equal(commutes, 0);
    MPI_Op_commutative(large, &commutes);
    assert_int_equal(commutes, 1);
    apply(op, MPI_INT, a, b, 3);
    assert_memory_equal(b, ((int[]){14, 25, 36}), sizeof b);
    assert_ptr_equal(seen, MPI_INT);
    apply(large, MPI_INTEGER, a, b, 3);
    assert_memory_equal(b, ((int[]){24, 45, 66}), sizeof b);
    assert_ptr_equal(seen, MPI_INTEGER);

    // More than an int counts: several calls.
    calls = 0;
    total = 0;
    mp_op_apply(mp_op_get(counter), a, b, (MPI_Count)INT_MAX * 2 + 5, mp_datatype_get(MPI_CHAR));
    assert_int_equal(calls, 3);
    assert_int_equal(total, (MPI_Count)INT_MAX * 2 + 5);

    MPI_Op stale = op;
    MPI_Op_free(&op);
    assert_ptr_equal(op, MPI_OP_NULL);
    assert_null(mp_op_get(stale));
    MPI_Op_free(&large);
    MPI_Op_free(&counter);
}

static void wrong_handles_are_refused(void **state)
{
    (void)state;
    assert_null(mp_op_get(MPI_OP_NULL));
    assert_null(mp_op_get((MPI_Op)0x3f));
    assert_null(mp_op_get((MPI_Op)MPI_COMM_WORLD));
    MPI_Op op = MPI_SUM;
    assert_int_equal(MPI_Op_free(&op), MPI_ERR_OP);
    assert_int_equal(MPI_Op_create(NULL, 1, &op), MPI_ERR_ARG);
    int a = 1, b = 2;
    assert_int_equal(MPI_Reduce_local(&a, &b, 1, MPI_DOUBLE, MPI_BAND), MPI_ERR_OP);
    assert_int_equal(MPI_Reduce_local(&a, &b, -1, MPI_INT, MPI_SUM), MPI_ERR_COUNT);
    assert_int_equal(MPI_Reduce_local(&a, &b, 1, MPI_INT, MPI_SUM), MPI_SUCCESS);
    assert_int_equal(b, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(reals_and_complex),
        cmocka_unit_test(halves_round_to_nearest),
        cmocka_unit_test(logicals),
        cmocka_unit_test(locations),
        cmocka_unit_test(defined_where_the_standard_says),
        cmocka_unit_test(duplicates_reduce_and_derived_types_do_not),
        cmocka_unit_test(user_functions_are_called),
        cmocka_unit_test(wrong_handles_are_refused),
    };
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mp_op_use_avx2(false); // the instructions that every processor has
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    mp_op_use_avx2(true);
    MPI_Finalize();
    return failed;
}
