// SPDX-License-Identifier: MIT
//
// Chapter 5.1.13: how a datatype was made.

#include "api/api.h"
#include "base/calls.h"

#include <string.h>

// For the functions without large counts, which cannot tell of a type that was made with them.
static int check_small(const struct mp_datatype *type)
{
    if (!type->recipe.large)
        return 0;
    return mp_fail(MPI_ERR_TYPE,
                   "datatype was made with large counts; use the function whose name ends in _c");
}

struct envelope {
    MPI_Count integers, addresses, counts, types;
    int combiner;
};

static int get_envelope(int call, MPI_Datatype datatype, bool small, bool pointers,
                        struct envelope *envelope)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    if (!err && !pointers)
        err = mp_fail(MPI_ERR_ARG, "one of the results is a null pointer");
    if (!err && small)
        err = check_small(type);
    if (!err)
        *envelope = (struct envelope){type->recipe.integer_count, type->recipe.address_count,
                                      type->recipe.large_count, (MPI_Count)type->part_count,
                                      type->recipe.combiner};
    return mp_leave(call, NULL, err);
}

int PMPI_Type_get_envelope(MPI_Datatype datatype, int *num_integers, int *num_addresses,
                           int *num_datatypes, int *combiner)
{
    struct envelope e;
    int err = get_envelope(MP_CALL_Type_get_envelope, datatype, true,
                           num_integers && num_addresses && num_datatypes && combiner, &e);
    if (!err) {
        *num_integers = (int)e.integers;
        *num_addresses = (int)e.addresses;
        *num_datatypes = (int)e.types;
        *combiner = e.combiner;
    }
    return err;
}
MP_WEAK(Type_get_envelope);

int PMPI_Type_get_envelope_c(MPI_Datatype datatype, MPI_Count *num_integers,
                             MPI_Count *num_addresses, MPI_Count *num_large_counts,
                             MPI_Count *num_datatypes, int *combiner)
{
    struct envelope e;
    int err = get_envelope(
        MP_CALL_Type_get_envelope_c, datatype, false,
        num_integers && num_addresses && num_large_counts && num_datatypes && combiner, &e);
    if (!err) {
        *num_integers = e.integers;
        *num_addresses = e.addresses;
        *num_large_counts = e.counts;
        *num_datatypes = e.types;
        *combiner = e.combiner;
    }
    return err;
}
MP_WEAK(Type_get_envelope_c);

static int check_room(MPI_Count room, MPI_Count needed, const void *array, const char *name)
{
    if (room < needed)
        return mp_fail(MPI_ERR_ARG, "max_%s is %lld, must be at least %lld", name, (long long)room,
                       (long long)needed);
    if (needed && !array)
        return mp_fail(MPI_ERR_ARG, "array_of_%s is a null pointer", name);
    return 0;
}

static int contents(int call, MPI_Datatype datatype, bool small, MPI_Count max_integers,
                    MPI_Count max_addresses, MPI_Count max_counts, MPI_Count max_types,
                    int *integers, MPI_Aint *addresses, MPI_Count *counts, MPI_Datatype *types)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    if (!err && type->recipe.combiner == MPI_COMBINER_NAMED)
        err = mp_fail(MPI_ERR_TYPE, "datatype is %s, which is predefined and has no contents",
                      type->name);
    if (!err && small)
        err = check_small(type);
    if (err)
        return mp_leave(call, NULL, err);

    const struct mp_recipe *recipe = &type->recipe;
    err = check_room(max_integers, recipe->integer_count, integers, "integers");
    err = err ? err : check_room(max_addresses, recipe->address_count, addresses, "addresses");
    if (!err && !small)
        err = check_room(max_counts, recipe->large_count, counts, "large_counts");
    err =
        err ? err
            : check_room(max_types, (MPI_Count)type->part_count, (const void *)types, "datatypes");
    if (!err) {
        if (recipe->integer_count)
            memcpy(integers, recipe->integers, (size_t)recipe->integer_count * sizeof(int));
        if (recipe->address_count)
            memcpy(addresses, recipe->addresses, (size_t)recipe->address_count * sizeof(MPI_Aint));
        if (recipe->large_count)
            memcpy(counts, recipe->counts, (size_t)recipe->large_count * sizeof(MPI_Count));
        // Each derived type becomes one more handle, which the program frees.
        for (size_t i = 0; i < type->part_count; i++) {
            struct mp_datatype *part = type->parts[i].type;
            mp_datatype_hold(part);
            types[i] = mp_datatype_handle(part);
            if (!part->object.builtin) {
                part->handles++;
                mp_owned_made(MP_OWNED_DATATYPE, types[i], call);
            }
        }
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_get_contents(MPI_Datatype datatype, int max_integers, int max_addresses,
                           int max_datatypes, int array_of_integers[],
                           MPI_Aint array_of_addresses[], MPI_Datatype array_of_datatypes[])
{
    return contents(MP_CALL_Type_get_contents, datatype, true, max_integers, max_addresses, 0,
                    max_datatypes, array_of_integers, array_of_addresses, NULL, array_of_datatypes);
}
MP_WEAK(Type_get_contents);

int PMPI_Type_get_contents_c(MPI_Datatype datatype, MPI_Count max_integers, MPI_Count max_addresses,
                             MPI_Count max_large_counts, MPI_Count max_datatypes,
                             int array_of_integers[], MPI_Aint array_of_addresses[],
                             MPI_Count array_of_large_counts[], MPI_Datatype array_of_datatypes[])
{
    return contents(MP_CALL_Type_get_contents_c, datatype, false, max_integers, max_addresses,
                    max_large_counts, max_datatypes, array_of_integers, array_of_addresses,
                    array_of_large_counts, array_of_datatypes);
}
MP_WEAK(Type_get_contents_c);
