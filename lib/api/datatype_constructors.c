// SPDX-License-Identifier: MIT
//
// Chapter 5: the constructors of derived datatypes. All but the subarray are one list of blocks to
// the library; a `_c` function differs from its twin in the width of its numbers and in what
// MPI_Type_get_contents tells later.

#include "datatype/datatype_make.h"

#include "api/api.h"
#include "base/calls.h"

#include <stdlib.h>

// What was asked for. Numbers that a combiner does not have are left out.
struct construction {
    int combiner;
    bool large;
    MPI_Count count;
    struct mp_numbers lengths, displacements;
    MPI_Count stride; // of vectors: in elements or, for hvector, in bytes
    MPI_Datatype old;
    const MPI_Datatype *olds; // of a struct
};

#define INTS(array)    ((struct mp_numbers){.ints = (array)})
#define LARGE(array)   ((struct mp_numbers){.large = (array)})
#define ALL(the_value) ((struct mp_numbers){.constant = (the_value)})

// ---- The recipe, in the order of 5.1.13

// Where the next number goes.
struct writer {
    struct mp_recipe *recipe;
    MPI_Count integers, addresses, counts;
};

static void put_count(struct writer *to, MPI_Count value)
{
    if (to->recipe->large)
        to->recipe->counts[to->counts++] = value;
    else
        to->recipe->integers[to->integers++] = (int)value;
}

static void put_address(struct writer *to, MPI_Count value)
{
    if (to->recipe->large)
        to->recipe->counts[to->counts++] = value;
    else
        to->recipe->addresses[to->addresses++] = value;
}

static void put_counts(struct writer *to, struct mp_numbers numbers, MPI_Count count)
{
    for (MPI_Count i = 0; i < count; i++)
        put_count(to, mp_number(numbers, i));
}

static void put_addresses(struct writer *to, struct mp_numbers numbers, MPI_Count count)
{
    for (MPI_Count i = 0; i < count; i++)
        put_address(to, mp_number(numbers, i));
}

// Numbers that are counts (int in the small form), and that are addresses.
static void recipe_size(const struct construction *c, MPI_Count *counts, MPI_Count *addresses)
{
    MPI_Count n = c->count;
    *addresses = 0;
    switch (c->combiner) {
    case MPI_COMBINER_CONTIGUOUS:
        *counts = 1;
        break;
    case MPI_COMBINER_VECTOR:
        *counts = 3;
        break;
    case MPI_COMBINER_HVECTOR:
        *counts = 2;
        *addresses = 1;
        break;
    case MPI_COMBINER_INDEXED:
        *counts = 2 * n + 1;
        break;
    case MPI_COMBINER_INDEXED_BLOCK:
        *counts = n + 2;
        break;
    case MPI_COMBINER_HINDEXED_BLOCK:
        *counts = 2;
        *addresses = n;
        break;
    default: // hindexed, struct
        *counts = n + 1;
        *addresses = n;
    }
}

static void write_recipe(struct mp_recipe *recipe, const struct construction *c)
{
    struct writer to = {.recipe = recipe};
    put_count(&to, c->count);
    switch (c->combiner) {
    case MPI_COMBINER_CONTIGUOUS:
        break;
    case MPI_COMBINER_VECTOR:
        put_count(&to, c->lengths.constant);
        put_count(&to, c->stride);
        break;
    case MPI_COMBINER_HVECTOR:
        put_count(&to, c->lengths.constant);
        put_address(&to, c->stride);
        break;
    case MPI_COMBINER_INDEXED:
        put_counts(&to, c->lengths, c->count);
        put_counts(&to, c->displacements, c->count);
        break;
    case MPI_COMBINER_INDEXED_BLOCK:
        put_count(&to, c->lengths.constant);
        put_counts(&to, c->displacements, c->count);
        break;
    case MPI_COMBINER_HINDEXED_BLOCK:
        put_count(&to, c->lengths.constant);
        put_addresses(&to, c->displacements, c->count);
        break;
    default:
        put_counts(&to, c->lengths, c->count);
        put_addresses(&to, c->displacements, c->count);
    }
}

// ---- Checking and making

static bool is_vector(const struct construction *c)
{
    return c->combiner == MPI_COMBINER_CONTIGUOUS || c->combiner == MPI_COMBINER_VECTOR ||
           c->combiner == MPI_COMBINER_HVECTOR;
}

static bool has_array(struct mp_numbers numbers)
{
    return numbers.ints || numbers.large;
}

static int check_blocks(const struct construction *c)
{
    bool one_length = is_vector(c) || c->combiner == MPI_COMBINER_INDEXED_BLOCK ||
                      c->combiner == MPI_COMBINER_HINDEXED_BLOCK;
    int err = mp_check_count(c->count, "count");
    if (!err && one_length && c->lengths.constant < 0)
        err = mp_fail(MPI_ERR_ARG, "blocklength is %lld, must be 0 or more",
                      (long long)c->lengths.constant);
    if (err || is_vector(c) || c->count == 0)
        return err;
    if (!has_array(c->displacements))
        return mp_fail(MPI_ERR_ARG, "array_of_displacements is a null pointer");
    if (one_length)
        return 0;
    if (!has_array(c->lengths))
        return mp_fail(MPI_ERR_ARG, "array_of_blocklengths is a null pointer");
    for (MPI_Count i = 0; i < c->count; i++) {
        if (mp_number(c->lengths, i) < 0)
            return mp_fail(MPI_ERR_ARG, "array_of_blocklengths[%lld] is %lld, must be 0 or more",
                           (long long)i, (long long)mp_number(c->lengths, i));
    }
    return 0;
}

static int make(const struct construction *c, struct mp_datatype **type)
{
    struct mp_datatype *old;
    int err = mp_check_any_type(c->old, "oldtype", &old);
    if (err)
        return err;
    switch (c->combiner) {
    case MPI_COMBINER_CONTIGUOUS:
        return mp_datatype_vector(c->count, 1, 1, old->extent, old, type);
    case MPI_COMBINER_VECTOR:
        return mp_datatype_vector(c->count, c->lengths.constant, c->stride, old->extent, old, type);
    case MPI_COMBINER_HVECTOR:
        return mp_datatype_vector(c->count, c->lengths.constant, c->stride, 1, old, type);
    case MPI_COMBINER_INDEXED:
    case MPI_COMBINER_INDEXED_BLOCK:
        return mp_datatype_blocks(c->count, c->lengths, c->displacements, old->extent, old, NULL,
                                  type);
    default:
        return mp_datatype_blocks(c->count, c->lengths, c->displacements, 1, old, NULL, type);
    }
}

static int make_struct(const struct construction *c, struct mp_datatype **type)
{
    int err = c->count ? mp_check_pointer((const void *)c->olds, "array_of_types") : 0;
    if (err)
        return err;
    struct mp_datatype **olds = malloc(((size_t)c->count + 1) * sizeof(struct mp_datatype *));
    if (!olds)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a struct of %lld blocks",
                       (long long)c->count);
    for (MPI_Count i = 0; i < c->count && !err; i++)
        err = mp_check_any_type(c->olds[i], "an element of array_of_types", &olds[i]);
    err =
        err ? err : mp_datatype_blocks(c->count, c->lengths, c->displacements, 1, NULL, olds, type);
    free((void *)olds);
    return err;
}

static int construct(int call, const struct construction *c, MPI_Datatype *newtype)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : check_blocks(c);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    if (!err)
        err = c->combiner == MPI_COMBINER_STRUCT ? make_struct(c, &type) : make(c, &type);
    if (!err) {
        MPI_Count counts, addresses;
        recipe_size(c, &counts, &addresses);
        err = c->large ? mp_datatype_record(type, c->combiner, true, 0, 0, counts + addresses)
                       : mp_datatype_record(type, c->combiner, false, counts, addresses, 0);
    }
    if (!err) {
        write_recipe(&type->recipe, c);
        *newtype = mp_datatype_handle(type);
    }
    return mp_leave(call, NULL, err);
}

// ---- Contiguous and vectors

int PMPI_Type_contiguous(int count, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_CONTIGUOUS, false, count, .old = oldtype};
    return construct(MP_CALL_Type_contiguous, &c, newtype);
}
MP_WEAK(Type_contiguous);

int PMPI_Type_contiguous_c(MPI_Count count, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_CONTIGUOUS, true, count, .old = oldtype};
    return construct(MP_CALL_Type_contiguous_c, &c, newtype);
}
MP_WEAK(Type_contiguous_c);

int PMPI_Type_vector(int count, int blocklength, int stride, MPI_Datatype oldtype,
                     MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_VECTOR, false,         count, .lengths = ALL(blocklength),
                             .stride = stride,    .old = oldtype};
    return construct(MP_CALL_Type_vector, &c, newtype);
}
MP_WEAK(Type_vector);

int PMPI_Type_vector_c(MPI_Count count, MPI_Count blocklength, MPI_Count stride,
                       MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_VECTOR, true,          count, .lengths = ALL(blocklength),
                             .stride = stride,    .old = oldtype};
    return construct(MP_CALL_Type_vector_c, &c, newtype);
}
MP_WEAK(Type_vector_c);

int PMPI_Type_create_hvector(int count, int blocklength, MPI_Aint stride, MPI_Datatype oldtype,
                             MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_HVECTOR, false,         count, .lengths = ALL(blocklength),
        .stride = stride,     .old = oldtype};
    return construct(MP_CALL_Type_create_hvector, &c, newtype);
}
MP_WEAK(Type_create_hvector);

int PMPI_Type_create_hvector_c(MPI_Count count, MPI_Count blocklength, MPI_Count stride,
                               MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_HVECTOR, true,          count, .lengths = ALL(blocklength),
        .stride = stride,     .old = oldtype};
    return construct(MP_CALL_Type_create_hvector_c, &c, newtype);
}
MP_WEAK(Type_create_hvector_c);

// ---- Indexed

int PMPI_Type_indexed(int count, const int array_of_blocklengths[],
                      const int array_of_displacements[], MPI_Datatype oldtype,
                      MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_INDEXED,         false,         count, INTS(array_of_blocklengths),
        INTS(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_indexed, &c, newtype);
}
MP_WEAK(Type_indexed);

int PMPI_Type_indexed_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                        const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                        MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_INDEXED,          true,          count, LARGE(array_of_blocklengths),
        LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_indexed_c, &c, newtype);
}
MP_WEAK(Type_indexed_c);

int PMPI_Type_create_hindexed(int count, const int array_of_blocklengths[],
                              const MPI_Aint array_of_displacements[], MPI_Datatype oldtype,
                              MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_HINDEXED,         false,         count, INTS(array_of_blocklengths),
        LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_hindexed, &c, newtype);
}
MP_WEAK(Type_create_hindexed);

int PMPI_Type_create_hindexed_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                                const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                                MPI_Datatype *newtype)
{
    struct construction c = {
        MPI_COMBINER_HINDEXED,         true,          count, LARGE(array_of_blocklengths),
        LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_hindexed_c, &c, newtype);
}
MP_WEAK(Type_create_hindexed_c);

int PMPI_Type_create_indexed_block(int count, int blocklength, const int array_of_displacements[],
                                   MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_INDEXED_BLOCK,   false,         count, ALL(blocklength),
                             INTS(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_indexed_block, &c, newtype);
}
MP_WEAK(Type_create_indexed_block);

int PMPI_Type_create_indexed_block_c(MPI_Count count, MPI_Count blocklength,
                                     const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                                     MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_INDEXED_BLOCK,    true,          count, ALL(blocklength),
                             LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_indexed_block_c, &c, newtype);
}
MP_WEAK(Type_create_indexed_block_c);

int PMPI_Type_create_hindexed_block(int count, int blocklength,
                                    const MPI_Aint array_of_displacements[], MPI_Datatype oldtype,
                                    MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_HINDEXED_BLOCK,   false,         count, ALL(blocklength),
                             LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_hindexed_block, &c, newtype);
}
MP_WEAK(Type_create_hindexed_block);

int PMPI_Type_create_hindexed_block_c(MPI_Count count, MPI_Count blocklength,
                                      const MPI_Count array_of_displacements[],
                                      MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_HINDEXED_BLOCK,   true,          count, ALL(blocklength),
                             LARGE(array_of_displacements), .old = oldtype};
    return construct(MP_CALL_Type_create_hindexed_block_c, &c, newtype);
}
MP_WEAK(Type_create_hindexed_block_c);

// ---- Struct

int PMPI_Type_create_struct(int count, const int array_of_blocklengths[],
                            const MPI_Aint array_of_displacements[],
                            const MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_STRUCT,
                             false,
                             count,
                             INTS(array_of_blocklengths),
                             LARGE(array_of_displacements),
                             .olds = array_of_types};
    return construct(MP_CALL_Type_create_struct, &c, newtype);
}
MP_WEAK(Type_create_struct);

int PMPI_Type_create_struct_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                              const MPI_Count array_of_displacements[],
                              const MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_STRUCT,
                             true,
                             count,
                             LARGE(array_of_blocklengths),
                             LARGE(array_of_displacements),
                             .olds = array_of_types};
    return construct(MP_CALL_Type_create_struct_c, &c, newtype);
}
MP_WEAK(Type_create_struct_c);

// ---- Subarray

static int check_subarray(int ndims, struct mp_numbers sizes, struct mp_numbers subsizes,
                          struct mp_numbers starts, int order)
{
    if (ndims < 1)
        return mp_fail(MPI_ERR_ARG, "ndims is %d, must be 1 or more", ndims);
    if (!has_array(sizes) || !has_array(subsizes) || !has_array(starts))
        return mp_fail(MPI_ERR_ARG, "one of the three arrays is a null pointer");
    if (order != MPI_ORDER_C && order != MPI_ORDER_FORTRAN)
        return mp_fail(MPI_ERR_ARG, "order is %d, must be MPI_ORDER_C or MPI_ORDER_FORTRAN", order);
    for (int d = 0; d < ndims; d++) {
        long long size = mp_number(sizes, d), subsize = mp_number(subsizes, d),
                  start = mp_number(starts, d);
        if (size < 1)
            return mp_fail(MPI_ERR_ARG, "array_of_sizes[%d] is %lld, must be 1 or more", d, size);
        if (subsize < 1 || subsize > size)
            return mp_fail(MPI_ERR_ARG, "array_of_subsizes[%d] is %lld, must be 1 to %lld", d,
                           subsize, size);
        if (start < 0 || start > size - subsize)
            return mp_fail(MPI_ERR_ARG, "array_of_starts[%d] is %lld, must be 0 to %lld", d, start,
                           size - subsize);
    }
    return 0;
}

static int subarray(int call, int ndims, bool large, struct mp_numbers sizes,
                    struct mp_numbers subsizes, struct mp_numbers starts, int order,
                    MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct mp_datatype *old, *type;
    int err = mp_enter(call);
    err = err ? err : check_subarray(ndims, sizes, subsizes, starts, order);
    err = err ? err : mp_check_any_type(oldtype, "oldtype", &old);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : mp_datatype_subarray(ndims, sizes, subsizes, starts, order, old, &type);
    if (!err)
        err = large ? mp_datatype_record(type, MPI_COMBINER_SUBARRAY, true, 2, 0, 3 * ndims)
                    : mp_datatype_record(type, MPI_COMBINER_SUBARRAY, false, 3 * ndims + 2, 0, 0);
    if (!err) {
        struct writer to = {.recipe = &type->recipe, .integers = 1};
        put_counts(&to, sizes, ndims);
        put_counts(&to, subsizes, ndims);
        put_counts(&to, starts, ndims);
        type->recipe.integers[0] = ndims;
        type->recipe.integers[type->recipe.integer_count - 1] = order;
        *newtype = mp_datatype_handle(type);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_create_subarray(int ndims, const int array_of_sizes[], const int array_of_subsizes[],
                              const int array_of_starts[], int order, MPI_Datatype oldtype,
                              MPI_Datatype *newtype)
{
    return subarray(MP_CALL_Type_create_subarray, ndims, false, INTS(array_of_sizes),
                    INTS(array_of_subsizes), INTS(array_of_starts), order, oldtype, newtype);
}
MP_WEAK(Type_create_subarray);

int PMPI_Type_create_subarray_c(int ndims, const MPI_Count array_of_sizes[],
                                const MPI_Count array_of_subsizes[],
                                const MPI_Count array_of_starts[], int order, MPI_Datatype oldtype,
                                MPI_Datatype *newtype)
{
    return subarray(MP_CALL_Type_create_subarray_c, ndims, true, LARGE(array_of_sizes),
                    LARGE(array_of_subsizes), LARGE(array_of_starts), order, oldtype, newtype);
}
MP_WEAK(Type_create_subarray_c);

// ---- Resized

static int resized(int call, MPI_Datatype oldtype, bool large, MPI_Count lb, MPI_Count extent,
                   MPI_Datatype *newtype)
{
    struct mp_datatype *old, *type;
    int err = mp_enter(call);
    err = err ? err : mp_check_any_type(oldtype, "oldtype", &old);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : mp_datatype_resized(old, lb, extent, &type);
    if (!err)
        err =
            mp_datatype_record(type, MPI_COMBINER_RESIZED, large, 0, large ? 0 : 2, large ? 2 : 0);
    if (!err) {
        struct writer to = {.recipe = &type->recipe};
        put_address(&to, lb);
        put_address(&to, extent);
        *newtype = mp_datatype_handle(type);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_create_resized(MPI_Datatype oldtype, MPI_Aint lb, MPI_Aint extent,
                             MPI_Datatype *newtype)
{
    return resized(MP_CALL_Type_create_resized, oldtype, false, lb, extent, newtype);
}
MP_WEAK(Type_create_resized);

int PMPI_Type_create_resized_c(MPI_Datatype oldtype, MPI_Count lb, MPI_Count extent,
                               MPI_Datatype *newtype)
{
    return resized(MP_CALL_Type_create_resized_c, oldtype, true, lb, extent, newtype);
}
MP_WEAK(Type_create_resized_c);
