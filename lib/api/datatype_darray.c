// SPDX-License-Identifier: MIT
// Chapter 5.1.4: MPI_Type_create_darray, the part of a distributed array that one process has.
// What is dealt out how becomes a share in each dimension; datatype/datatype_make.c does the rest.
#include "api/api.h"
#include "base/calls.h"
#include "datatype/datatype_make.h"

#include <stdlib.h>
#include <string.h>

// The arguments that both widths have.
struct darray {
    int size, rank, ndims;
    const int *distribs, *dargs, *psizes;
    int order;
};

static int check_dimension(const struct darray *a, int d, long long gsize)
{
    int psize = a->psizes[d], darg = a->dargs[d];
    if (gsize < 1)
        return mp_fail(MPI_ERR_ARG, "array_of_gsizes[%d] is %lld, must be 1 or more", d, gsize);
    if (psize < 1)
        return mp_fail(MPI_ERR_ARG, "array_of_psizes[%d] is %d, must be 1 or more", d, psize);
    if (a->distribs[d] == MPI_DISTRIBUTE_NONE) {
        // The standard also wants the default for darg, which most programs leave unset: no harm.
        if (psize == 1)
            return 0;
        return mp_fail(MPI_ERR_ARG, "array_of_psizes[%d] is %d, must be 1 with MPI_DISTRIBUTE_NONE",
                       d, psize);
    }
    if (a->distribs[d] != MPI_DISTRIBUTE_BLOCK && a->distribs[d] != MPI_DISTRIBUTE_CYCLIC)
        return mp_fail(MPI_ERR_ARG,
                       "array_of_distribs[%d] is %d, must be MPI_DISTRIBUTE_BLOCK, _CYCLIC or "
                       "_NONE",
                       d, a->distribs[d]);
    if (darg == MPI_DISTRIBUTE_DFLT_DARG)
        return 0;
    if (darg < 1)
        return mp_fail(MPI_ERR_ARG,
                       "array_of_dargs[%d] is %d, must be 1 or more, or MPI_DISTRIBUTE_DFLT_DARG",
                       d, darg);
    if (a->distribs[d] == MPI_DISTRIBUTE_BLOCK && (long long)darg * psize < gsize)
        return mp_fail(MPI_ERR_ARG,
                       "array_of_dargs[%d] is %d: %d blocks of so many elements do not cover "
                       "array_of_gsizes[%d], %lld",
                       d, darg, psize, d, gsize);
    return 0;
}

static int check_darray(const struct darray *a, const struct mp_counts *gsizes)
{
    MPI_Count processes = 1;
    int err = 0;
    if (a->size < 1)
        return mp_fail(MPI_ERR_ARG, "size is %d, must be 1 or more", a->size);
    if (a->rank < 0 || a->rank >= a->size)
        return mp_fail(MPI_ERR_ARG, "rank is %d, must be 0 to %d", a->rank, a->size - 1);
    if (a->ndims < 1)
        return mp_fail(MPI_ERR_ARG, "ndims is %d, must be 1 or more", a->ndims);
    if (a->order != MPI_ORDER_C && a->order != MPI_ORDER_FORTRAN)
        return mp_fail(MPI_ERR_ARG, "order is %d, must be MPI_ORDER_C or MPI_ORDER_FORTRAN",
                       a->order);
    if (!gsizes->array || !a->distribs || !a->dargs || !a->psizes)
        return mp_fail(MPI_ERR_ARG, "one of the four arrays is a null pointer");
    for (int d = 0; d < a->ndims && !err; d++) {
        err = check_dimension(a, d, mp_counts_at(gsizes, d));
        if (__builtin_mul_overflow(processes, a->psizes[d], &processes) || processes > a->size)
            break;
    }
    if (!err && processes != a->size)
        err = mp_fail(MPI_ERR_ARG, "size is %d, must be the product of array_of_psizes", a->size);
    return err;
}

// What the process at that coordinate has of one dimension.
static struct mp_share share_of(const struct darray *a, int d, MPI_Count gsize, MPI_Count place)
{
    MPI_Count psize = a->psizes[d], darg = a->dargs[d];
    bool by_default = darg == MPI_DISTRIBUTE_DFLT_DARG;
    struct mp_share share = {0};
    if (a->distribs[d] == MPI_DISTRIBUTE_NONE) {
        share.rest = gsize;
        return share;
    }
    if (a->distribs[d] == MPI_DISTRIBUTE_BLOCK)
        share.block = by_default ? (gsize - 1) / psize + 1 : darg;
    else
        share.block = by_default ? 1 : darg;
    share.step = psize * share.block;
    share.first = place * share.block;
    MPI_Count left = gsize - share.first;
    if (left <= 0)
        return (struct mp_share){0};
    share.full = left < share.block ? 0 : (left - share.block) / share.step + 1;
    left -= share.full * share.step;
    share.rest = left > 0 ? left : 0;
    return share;
}

static int make(const struct darray *a, const struct mp_counts *gsizes, struct mp_datatype *old,
                struct mp_datatype **type)
{
    struct mp_share *shares = malloc((size_t)a->ndims * sizeof *shares);
    int rank = a->rank;
    if (!shares)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for %d dimensions", a->ndims);
    // Processes are counted in row-major order, whatever the order of the array.
    for (int d = a->ndims - 1; d >= 0; d--) {
        shares[d] = share_of(a, d, mp_counts_at(gsizes, d), rank % a->psizes[d]);
        rank /= a->psizes[d];
    }
    int err = mp_datatype_array(a->ndims, gsizes, shares, a->order, old, type);
    free(shares);
    return err;
}

// For MPI_Type_get_contents, in the order of the arguments; with large counts, gsizes are apart.
static int record(const struct darray *a, const struct mp_counts *gsizes, struct mp_datatype *type)
{
    bool large = gsizes->wide;
    int n = a->ndims;
    int err = mp_datatype_record(type, MPI_COMBINER_DARRAY, large, (large ? 3 : 4) * n + 4, 0,
                                 large ? n : 0);
    if (err)
        return err;
    int *to = type->recipe.integers;
    *to++ = a->size;
    *to++ = a->rank;
    *to++ = n;
    if (large)
        memcpy(type->recipe.counts, gsizes->array, (size_t)n * sizeof(MPI_Count));
    const int *arrays[] = {gsizes->array, a->distribs, a->dargs, a->psizes};
    for (int i = large ? 1 : 0; i < 4; i++, to += n)
        memcpy(to, arrays[i], (size_t)n * sizeof(int));
    *to = a->order;
    return 0;
}

static int darray(int call, struct darray a, struct mp_counts gsizes, MPI_Datatype oldtype,
                  MPI_Datatype *newtype)
{
    struct mp_datatype *old, *type;
    int err = mp_enter(call);
    err = err ? err : check_darray(&a, &gsizes);
    err = err ? err : mp_check_any_type(oldtype, "oldtype", &old);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : make(&a, &gsizes, old, &type);
    err = err ? err : record(&a, &gsizes, type);
    if (!err) {
        *newtype = mp_datatype_handle(type);
        mp_owned_made(MP_OWNED_DATATYPE, *newtype, call);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_create_darray(int size, int rank, int ndims, const int array_of_gsizes[],
                            const int array_of_distribs[], const int array_of_dargs[],
                            const int array_of_psizes[], int order, MPI_Datatype oldtype,
                            MPI_Datatype *newtype)
{
    struct darray a = {size, rank, ndims, array_of_distribs, array_of_dargs, array_of_psizes,
                       order};
    return darray(MP_CALL_Type_create_darray, a, mp_counts_int(array_of_gsizes), oldtype, newtype);
}
MP_WEAK(Type_create_darray);

int PMPI_Type_create_darray_c(int size, int rank, int ndims, const MPI_Count array_of_gsizes[],
                              const int array_of_distribs[], const int array_of_dargs[],
                              const int array_of_psizes[], int order, MPI_Datatype oldtype,
                              MPI_Datatype *newtype)
{
    struct darray a = {size, rank, ndims, array_of_distribs, array_of_dargs, array_of_psizes,
                       order};
    return darray(MP_CALL_Type_create_darray_c, a, mp_counts_wide(array_of_gsizes), oldtype,
                  newtype);
}
MP_WEAK(Type_create_darray_c);
