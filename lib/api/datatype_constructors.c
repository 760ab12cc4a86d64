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
    struct mp_counts lengths, displacements;
    MPI_Count stride; // of vectors: in elements or, for hvector, in bytes
    MPI_Datatype old;
    const MPI_Datatype *olds; // of a struct
};

// ---- The recipe, in the order of 5.1.13

// Where the next number goes. Without a recipe they are counted only.
struct writer {
    struct mp_recipe *recipe;
    bool large;
    MPI_Count integers, addresses, counts;
};

static void put_count(struct writer *to, MPI_Count value)
{
    if (to->recipe && to->large)
        to->recipe->counts[to->counts] = value;
    else if (to->recipe)
        to->recipe->integers[to->integers] = (int)value;
    *(to->large ? &to->counts : &to->integers) += 1;
}

static void put_address(struct writer *to, MPI_Count value)
{
    if (to->recipe && to->large)
        to->recipe->counts[to->counts] = value;
    else if (to->recipe)
        to->recipe->addresses[to->addresses] = value;
    *(to->large ? &to->counts : &to->addresses) += 1;
}

static void put_all(struct writer *to, void (*put)(struct writer *, MPI_Count),
                    struct mp_counts numbers, MPI_Count count)
{
    for (MPI_Count i = 0; i < count; i++)
        put(to, mp_counts_at(&numbers, i));
}

static bool is_vector(const struct construction *c)
{
    return c->combiner == MPI_COMBINER_CONTIGUOUS || c->combiner == MPI_COMBINER_VECTOR ||
           c->combiner == MPI_COMBINER_HVECTOR;
}

static bool has_one_length(const struct construction *c)
{
    return is_vector(c) || c->combiner == MPI_COMBINER_INDEXED_BLOCK ||
           c->combiner == MPI_COMBINER_HINDEXED_BLOCK;
}

// Strides and displacements are counted in elements, or else in bytes.
static bool is_in_elements(const struct construction *c)
{
    return c->combiner == MPI_COMBINER_VECTOR || c->combiner == MPI_COMBINER_INDEXED ||
           c->combiner == MPI_COMBINER_INDEXED_BLOCK;
}

static void write_recipe(struct writer *to, const struct construction *c)
{
    void (*put)(struct writer *, MPI_Count) = is_in_elements(c) ? put_count : put_address;
    put_count(to, c->count);
    if (c->combiner == MPI_COMBINER_CONTIGUOUS)
        return;
    put_all(to, put_count, c->lengths, has_one_length(c) ? 1 : c->count);
    if (is_vector(c))
        put(to, c->stride);
    else
        put_all(to, put, c->displacements, c->count);
}

// ---- Checking and making

static int check_blocks(const struct construction *c)
{
    int err = mp_check_count(c->count, "count");
    if (!err && has_one_length(c) && c->lengths.each < 0)
        err = mp_fail(MPI_ERR_ARG, "blocklength is %lld, must be 0 or more",
                      (long long)c->lengths.each);
    if (err || is_vector(c) || c->count == 0)
        return err;
    if (!c->displacements.array)
        return mp_fail(MPI_ERR_ARG, "array_of_displacements is a null pointer");
    if (has_one_length(c))
        return 0;
    if (!c->lengths.array)
        return mp_fail(MPI_ERR_ARG, "array_of_blocklengths is a null pointer");
    for (MPI_Count i = 0; i < c->count; i++) {
        if (mp_counts_at(&c->lengths, i) < 0)
            return mp_fail(MPI_ERR_ARG, "array_of_blocklengths[%lld] is %lld, must be 0 or more",
                           (long long)i, (long long)mp_counts_at(&c->lengths, i));
    }
    return 0;
}

static int make(const struct construction *c, struct mp_datatype **type)
{
    struct mp_datatype *old;
    int err = mp_check_any_type(c->old, "oldtype", &old);
    if (err)
        return err;
    if (c->combiner == MPI_COMBINER_CONTIGUOUS)
        return mp_datatype_vector(c->count, 1, 1, old->extent, old, type);
    MPI_Count scale = is_in_elements(c) ? old->extent : 1;
    if (is_vector(c))
        return mp_datatype_vector(c->count, c->lengths.each, c->stride, scale, old, type);
    return mp_datatype_blocks(c->count, &c->lengths, &c->displacements, scale, old, NULL, type);
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
    err = err ? err
              : mp_datatype_blocks(c->count, &c->lengths, &c->displacements, 1, NULL, olds, type);
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
        struct writer room = {.large = c->large};
        write_recipe(&room, c);
        err = mp_datatype_record(type, c->combiner, c->large, room.integers, room.addresses,
                                 room.counts);
    }
    if (!err) {
        write_recipe(&(struct writer){.recipe = &type->recipe, .large = c->large}, c);
        *newtype = mp_datatype_handle(type);
        mp_owned_made(MP_OWNED_DATATYPE, *newtype, call);
    }
    return mp_leave(call, NULL, err);
}

// ---- Contiguous and vectors

static int vector(int call, int combiner, bool large, MPI_Count count, MPI_Count blocklength,
                  MPI_Count stride, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {
        combiner,         large,         count, .lengths = mp_counts_each(blocklength),
        .stride = stride, .old = oldtype};
    return construct(call, &c, newtype);
}

int PMPI_Type_contiguous(int count, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_contiguous, MPI_COMBINER_CONTIGUOUS, false, count, 1, 1, oldtype,
                  newtype);
}
MP_WEAK(Type_contiguous);

int PMPI_Type_contiguous_c(MPI_Count count, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_contiguous_c, MPI_COMBINER_CONTIGUOUS, true, count, 1, 1, oldtype,
                  newtype);
}
MP_WEAK(Type_contiguous_c);

int PMPI_Type_vector(int count, int blocklength, int stride, MPI_Datatype oldtype,
                     MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_vector, MPI_COMBINER_VECTOR, false, count, blocklength, stride,
                  oldtype, newtype);
}
MP_WEAK(Type_vector);

int PMPI_Type_vector_c(MPI_Count count, MPI_Count blocklength, MPI_Count stride,
                       MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_vector_c, MPI_COMBINER_VECTOR, true, count, blocklength, stride,
                  oldtype, newtype);
}
MP_WEAK(Type_vector_c);

int PMPI_Type_create_hvector(int count, int blocklength, MPI_Aint stride, MPI_Datatype oldtype,
                             MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_create_hvector, MPI_COMBINER_HVECTOR, false, count, blocklength,
                  stride, oldtype, newtype);
}
MP_WEAK(Type_create_hvector);

int PMPI_Type_create_hvector_c(MPI_Count count, MPI_Count blocklength, MPI_Count stride,
                               MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return vector(MP_CALL_Type_create_hvector_c, MPI_COMBINER_HVECTOR, true, count, blocklength,
                  stride, oldtype, newtype);
}
MP_WEAK(Type_create_hvector_c);

// ---- Indexed

static int blocks(int call, int combiner, bool large, MPI_Count count, struct mp_counts lengths,
                  struct mp_counts displacements, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct construction c = {combiner, large, count, lengths, displacements, .old = oldtype};
    return construct(call, &c, newtype);
}

int PMPI_Type_indexed(int count, const int array_of_blocklengths[],
                      const int array_of_displacements[], MPI_Datatype oldtype,
                      MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_indexed, MPI_COMBINER_INDEXED, false, count,
                  mp_counts_int(array_of_blocklengths), mp_counts_int(array_of_displacements),
                  oldtype, newtype);
}
MP_WEAK(Type_indexed);

int PMPI_Type_indexed_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                        const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                        MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_indexed_c, MPI_COMBINER_INDEXED, true, count,
                  mp_counts_wide(array_of_blocklengths), mp_counts_wide(array_of_displacements),
                  oldtype, newtype);
}
MP_WEAK(Type_indexed_c);

int PMPI_Type_create_hindexed(int count, const int array_of_blocklengths[],
                              const MPI_Aint array_of_displacements[], MPI_Datatype oldtype,
                              MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_hindexed, MPI_COMBINER_HINDEXED, false, count,
                  mp_counts_int(array_of_blocklengths),
                  mp_displacements_wide(array_of_displacements), oldtype, newtype);
}
MP_WEAK(Type_create_hindexed);

int PMPI_Type_create_hindexed_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                                const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                                MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_hindexed_c, MPI_COMBINER_HINDEXED, true, count,
                  mp_counts_wide(array_of_blocklengths), mp_counts_wide(array_of_displacements),
                  oldtype, newtype);
}
MP_WEAK(Type_create_hindexed_c);

int PMPI_Type_create_indexed_block(int count, int blocklength, const int array_of_displacements[],
                                   MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_indexed_block, MPI_COMBINER_INDEXED_BLOCK, false, count,
                  mp_counts_each(blocklength), mp_counts_int(array_of_displacements), oldtype,
                  newtype);
}
MP_WEAK(Type_create_indexed_block);

int PMPI_Type_create_indexed_block_c(MPI_Count count, MPI_Count blocklength,
                                     const MPI_Count array_of_displacements[], MPI_Datatype oldtype,
                                     MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_indexed_block_c, MPI_COMBINER_INDEXED_BLOCK, true, count,
                  mp_counts_each(blocklength), mp_counts_wide(array_of_displacements), oldtype,
                  newtype);
}
MP_WEAK(Type_create_indexed_block_c);

int PMPI_Type_create_hindexed_block(int count, int blocklength,
                                    const MPI_Aint array_of_displacements[], MPI_Datatype oldtype,
                                    MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_hindexed_block, MPI_COMBINER_HINDEXED_BLOCK, false, count,
                  mp_counts_each(blocklength), mp_displacements_wide(array_of_displacements),
                  oldtype, newtype);
}
MP_WEAK(Type_create_hindexed_block);

int PMPI_Type_create_hindexed_block_c(MPI_Count count, MPI_Count blocklength,
                                      const MPI_Count array_of_displacements[],
                                      MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    return blocks(MP_CALL_Type_create_hindexed_block_c, MPI_COMBINER_HINDEXED_BLOCK, true, count,
                  mp_counts_each(blocklength), mp_counts_wide(array_of_displacements), oldtype,
                  newtype);
}
MP_WEAK(Type_create_hindexed_block_c);

// ---- Struct

static int structure(int call, bool large, MPI_Count count, struct mp_counts lengths,
                     struct mp_counts displacements, const MPI_Datatype *types,
                     MPI_Datatype *newtype)
{
    struct construction c = {MPI_COMBINER_STRUCT, large,        count, lengths,
                             displacements,       .olds = types};
    return construct(call, &c, newtype);
}

int PMPI_Type_create_struct(int count, const int array_of_blocklengths[],
                            const MPI_Aint array_of_displacements[],
                            const MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    return structure(MP_CALL_Type_create_struct, false, count, mp_counts_int(array_of_blocklengths),
                     mp_displacements_wide(array_of_displacements), array_of_types, newtype);
}
MP_WEAK(Type_create_struct);

int PMPI_Type_create_struct_c(MPI_Count count, const MPI_Count array_of_blocklengths[],
                              const MPI_Count array_of_displacements[],
                              const MPI_Datatype array_of_types[], MPI_Datatype *newtype)
{
    return structure(MP_CALL_Type_create_struct_c, true, count,
                     mp_counts_wide(array_of_blocklengths), mp_counts_wide(array_of_displacements),
                     array_of_types, newtype);
}
MP_WEAK(Type_create_struct_c);

// ---- Subarray

static int check_subarray(int ndims, struct mp_counts sizes, struct mp_counts subsizes,
                          struct mp_counts starts, int order)
{
    if (ndims < 1)
        return mp_fail(MPI_ERR_ARG, "ndims is %d, must be 1 or more", ndims);
    if (!sizes.array || !subsizes.array || !starts.array)
        return mp_fail(MPI_ERR_ARG, "one of the three arrays is a null pointer");
    if (order != MPI_ORDER_C && order != MPI_ORDER_FORTRAN)
        return mp_fail(MPI_ERR_ARG, "order is %d, must be MPI_ORDER_C or MPI_ORDER_FORTRAN", order);
    for (int d = 0; d < ndims; d++) {
        long long size = mp_counts_at(&sizes, d), subsize = mp_counts_at(&subsizes, d),
                  start = mp_counts_at(&starts, d);
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

// One run of elements in each dimension.
static int make_subarray(int ndims, struct mp_counts sizes, struct mp_counts subsizes,
                         struct mp_counts starts, int order, struct mp_datatype *old,
                         struct mp_datatype **type)
{
    struct mp_share *shares = malloc((size_t)ndims * sizeof *shares);
    if (!shares)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for %d dimensions", ndims);
    for (int d = 0; d < ndims; d++)
        shares[d] = (struct mp_share){.first = mp_counts_at(&starts, d),
                                      .rest = mp_counts_at(&subsizes, d)};
    int err = mp_datatype_array(ndims, &sizes, shares, order, old, type);
    free(shares);
    return err;
}

static int subarray(int call, int ndims, struct mp_counts sizes, struct mp_counts subsizes,
                    struct mp_counts starts, int order, MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct mp_datatype *old, *type;
    bool large = sizes.wide;
    int err = mp_enter(call);
    err = err ? err : check_subarray(ndims, sizes, subsizes, starts, order);
    err = err ? err : mp_check_any_type(oldtype, "oldtype", &old);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : make_subarray(ndims, sizes, subsizes, starts, order, old, &type);
    if (!err)
        err = large ? mp_datatype_record(type, MPI_COMBINER_SUBARRAY, true, 2, 0, 3 * ndims)
                    : mp_datatype_record(type, MPI_COMBINER_SUBARRAY, false, 3 * ndims + 2, 0, 0);
    if (!err) {
        struct writer to = {.recipe = &type->recipe, .large = large, .integers = 1};
        put_all(&to, put_count, sizes, ndims);
        put_all(&to, put_count, subsizes, ndims);
        put_all(&to, put_count, starts, ndims);
        type->recipe.integers[0] = ndims;
        type->recipe.integers[type->recipe.integer_count - 1] = order;
        *newtype = mp_datatype_handle(type);
        mp_owned_made(MP_OWNED_DATATYPE, *newtype, call);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_create_subarray(int ndims, const int array_of_sizes[], const int array_of_subsizes[],
                              const int array_of_starts[], int order, MPI_Datatype oldtype,
                              MPI_Datatype *newtype)
{
    return subarray(MP_CALL_Type_create_subarray, ndims, mp_counts_int(array_of_sizes),
                    mp_counts_int(array_of_subsizes), mp_counts_int(array_of_starts), order,
                    oldtype, newtype);
}
MP_WEAK(Type_create_subarray);

int PMPI_Type_create_subarray_c(int ndims, const MPI_Count array_of_sizes[],
                                const MPI_Count array_of_subsizes[],
                                const MPI_Count array_of_starts[], int order, MPI_Datatype oldtype,
                                MPI_Datatype *newtype)
{
    return subarray(MP_CALL_Type_create_subarray_c, ndims, mp_counts_wide(array_of_sizes),
                    mp_counts_wide(array_of_subsizes), mp_counts_wide(array_of_starts), order,
                    oldtype, newtype);
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
        struct writer to = {.recipe = &type->recipe, .large = large};
        put_address(&to, lb);
        put_address(&to, extent);
        *newtype = mp_datatype_handle(type);
        mp_owned_made(MP_OWNED_DATATYPE, *newtype, call);
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
