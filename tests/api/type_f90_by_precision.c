// SPDX-License-Identifier: MIT
// MPI_Type_create_f90_xxx: the same type for the same parameters, another for others; what
// Fortran's selected kinds would be; predefined, so it needs no commit, cannot be freed, and
// reductions know it; contents tell the parameters.
// ranks: 1 2
#include "check.h"

static MPI_Datatype make(int combiner, int p, int r)
{
    MPI_Datatype type = MPI_DATATYPE_NULL;
    switch (combiner) {
    case MPI_COMBINER_F90_REAL:
        OK(MPI_Type_create_f90_real(p, r, &type));
        break;
    case MPI_COMBINER_F90_COMPLEX:
        OK(MPI_Type_create_f90_complex(p, r, &type));
        break;
    default:
        OK(MPI_Type_create_f90_integer(r, &type));
    }
    return type;
}

static void check(int combiner, int p, int r, int bytes)
{
    MPI_Datatype type = make(combiner, p, r), other = make(combiner, p, r == 2 ? 1 : 2), none;
    int ni, na, nt, got, length, integers[2], n;
    char name[MPI_MAX_OBJECT_NAME];
    CHECK(make(combiner, p, r) == type, "another type for p %d and r %d", p, r);
    CHECK(other != type, "one type for r %d and another", r);
    OK(MPI_Type_size(type, &n));
    CHECK(n == bytes, "p %d and r %d give %d bytes, must be %d", p, r, n, bytes);
    OK(MPI_Type_get_envelope(type, &ni, &na, &nt, &got));
    CHECK(got == combiner && na == 0 && nt == 0, "combiner %d", got);
    CHECK(ni == (combiner == MPI_COMBINER_F90_INTEGER ? 1 : 2), "%d integers", ni);
    OK(MPI_Type_get_contents(type, ni, 0, 0, integers, NULL, NULL));
    CHECK(integers[ni - 1] == r && (ni == 1 || integers[0] == p), "%d", integers[0]);
    OK(MPI_Type_get_name(type, name, &length));
    CHECK(length == 0, "named %s", name);
    none = type;
    FAILS(MPI_ERR_TYPE, MPI_Type_free(&none));
}

static MPI_Datatype seen;

static void note_type(void *in, void *inout, int *length, MPI_Datatype *type)
{
    seen = *type;
    memcpy(inout, in, (size_t)*length * 8);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    MPI_Datatype type;
    for (int c = 0; c < 2; c++) {
        int combiner = c ? MPI_COMBINER_F90_COMPLEX : MPI_COMBINER_F90_REAL;
        check(combiner, 6, 37, 4 << c);
        check(combiner, 3, MPI_UNDEFINED, 4 << c);
        check(combiner, MPI_UNDEFINED, 38, 8 << c);
        check(combiner, 7, 30, 8 << c);
        check(combiner, 15, 307, 8 << c);
        check(combiner, 16, MPI_UNDEFINED, 16 << c);
        check(combiner, 33, 4931, 16 << c);
        check(combiner, 0, 0, 4 << c);
    }
    static const int ranges[][2] = {{0, 1}, {2, 1},  {3, 2},  {4, 2},   {5, 4},
                                    {9, 4}, {10, 8}, {18, 8}, {19, 16}, {38, 16}};
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        check(MPI_COMBINER_F90_INTEGER, 0, ranges[i][0], ranges[i][1]);
    }
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_integer(39, &type));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_integer(-1, &type));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_integer(3, NULL));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_real(34, 2, &type));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_real(2, 4932, &type));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_real(-2, 4, &type));
    FAILS(MPI_ERR_ARG, MPI_Type_create_f90_complex(MPI_UNDEFINED, MPI_UNDEFINED, &type));

    // In use: a reduction of the library's and one of ours, and as part of another type.
    double x = rank + 1.5, sum;
    long long y = rank + 1, product = 0;
    MPI_Op op;
    MPI_Datatype pair;
    int got, length;
    type = make(MPI_COMBINER_F90_REAL, 12, 100);
    OK(MPI_Allreduce(&x, &sum, 1, type, MPI_SUM, MPI_COMM_WORLD));
    CHECK(sum == (size == 1 ? 1.5 : 4.0), "the sum is %g", sum);
    type = make(MPI_COMBINER_F90_INTEGER, 0, 12);
    OK(MPI_Allreduce(&y, &product, 1, type, MPI_PROD, MPI_COMM_WORLD));
    CHECK(product == size, "the product is %lld", product);
    OK(MPI_Op_create(note_type, 1, &op));
    OK(MPI_Reduce_local(&y, &product, 1, type, op));
    CHECK(seen == type && product == y, "the function was given another type");
    OK(MPI_Op_free(&op));
    OK(MPI_Type_contiguous(2, type, &pair));
    OK(MPI_Type_get_contents(pair, 1, 0, 1, &length, NULL, &seen));
    CHECK(seen == type && length == 2, "made of another type");
    OK(MPI_Type_size(pair, &got));
    CHECK(got == 16, "%d bytes", got);
    OK(MPI_Type_free(&pair));
    return finish();
}
