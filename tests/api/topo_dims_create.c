// SPDX-License-Identifier: MIT
// MPI_Dims_create: the product is right, free entries do not increase, no other factors are closer
// to each other, fixed entries stay; and large numbers do not take long.
//
// ranks: 1
#include "check.h"

// The smallest difference between the largest and the smallest of `left` factors of `rest`, each at
// most `before`.
static int best_spread(int rest, int left, int largest, int before)
{
    int best = 1 << 30;
    if (left == 1) {
        return rest <= before ? largest - rest : best;
    }
    for (int d = 1; d <= rest && d <= before; d++) {
        if (rest % d == 0) {
            int spread = best_spread(rest / d, left - 1, largest ? largest : d, d);
            best = spread < best ? spread : best;
        }
    }
    return best;
}

static void check_product(int nnodes, int ndims, const int *dims)
{
    long long product = 1;
    for (int d = 0; d < ndims; d++) {
        CHECK(dims[d] > 0, "dims[%d] is %d for %d", d, dims[d], nnodes);
        CHECK(d == 0 || dims[d] <= dims[d - 1], "dims[%d] is %d after %d, for %d in %d", d, dims[d],
              dims[d - 1], nnodes, ndims);
        product *= dims[d];
    }
    CHECK(product == nnodes, "the product is %lld, not %d, in %d", product, nnodes, ndims);
}

static void is_balanced(int nnodes, int ndims)
{
    int dims[8] = {0};
    OK(MPI_Dims_create(nnodes, ndims, dims));
    check_product(nnodes, ndims, dims);
    int best = best_spread(nnodes, ndims, ndims == 1 ? nnodes : 0, nnodes);
    CHECK(dims[0] - dims[ndims - 1] == best, "%d in %d dimensions: %d to %d, a spread of %d can be",
          nnodes, ndims, dims[ndims - 1], dims[0], best);
}

static void gives(int nnodes, int ndims, const int *in, const int *out)
{
    int dims[8];
    memcpy(dims, in, (size_t)ndims * sizeof *dims);
    OK(MPI_Dims_create(nnodes, ndims, dims));
    for (int d = 0; d < ndims; d++) {
        CHECK(dims[d] == out[d], "%d: dims[%d] is %d, expected %d", nnodes, d, dims[d], out[d]);
    }
}

#define LIST(...)   \
    (const int[])   \
    {               \
        __VA_ARGS__ \
    }

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int nnodes = 1; nnodes <= 400; nnodes++) {
        for (int ndims = 1; ndims <= 5; ndims++) {
            is_balanced(nnodes, ndims);
        }
    }
    gives(6, 2, LIST(0, 0), LIST(3, 2)); // the examples of the standard
    gives(7, 2, LIST(0, 0), LIST(7, 1));
    gives(6, 3, LIST(0, 3, 0), LIST(2, 3, 1));
    gives(12, 4, LIST(0, 1, 0, 2), LIST(3, 1, 2, 2)); // fixed ones may be anywhere and anything
    gives(8, 3, LIST(2, 2, 2), LIST(2, 2, 2));
    gives(5040, 3, LIST(0, 0, 0), LIST(21, 16, 15));
    gives(1000000000, 3, LIST(0, 0, 0), LIST(1000, 1000, 1000));
    gives(2147483647, 2, LIST(0, 0), LIST(2147483647, 1)); // a prime

    // Numbers with very many divisors, and all numbers of dimensions.
    static const int many[] = {735134400, 1396755360, 2095133040, 1 << 30, 2147483646, 1934917632};
    double before = seconds();
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        for (int ndims = 1; ndims <= 40; ndims++) {
            int dims[40] = {0};
            OK(MPI_Dims_create(many[i], ndims, dims));
            check_product(many[i], ndims, dims);
        }
    }
    CHECK(seconds() - before < 30, "%g s", seconds() - before); // the time of a search gone wild

    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(7, 3, (int[]){0, 3, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(8, 2, (int[]){2, 2}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(8, 2, (int[]){-2, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(8, 3, (int[]){2147483647, 2147483647, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(0, 2, (int[]){0, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(-3, 2, (int[]){0, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(8, -1, (int[]){0, 0}));
    FAILS(MPI_ERR_DIMS, MPI_Dims_create(8, 0, NULL));
    FAILS(MPI_ERR_ARG, MPI_Dims_create(8, 2, NULL));
    OK(MPI_Dims_create(1, 0, NULL));
    return finish();
}
