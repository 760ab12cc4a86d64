// SPDX-License-Identifier: MIT
//
// Chapter 5: the life of datatypes, their sizes and names. Constructors are in
// datatype_constructors.c, envelopes in datatype_contents.c, packing in pack.c.

#include "datatype/datatype.h"

#include "api/api.h"
#include "base/calls.h"
#include "datatype/datatype_make.h"
#include "datatype/datatype_signature.h"

#include <string.h>

int PMPI_Get_address(const void *location, MPI_Aint *address)
{
    int err = mp_enter(MP_CALL_Get_address);
    err = err ? err : mp_check_pointer(address, "address");
    if (!err)
        *address = (MPI_Aint)location;
    return mp_leave(MP_CALL_Get_address, NULL, err);
}
MP_WEAK(Get_address);

// ---- Life

int PMPI_Type_commit(MPI_Datatype *datatype)
{
    struct mp_datatype *type;
    int err = mp_enter(MP_CALL_Type_commit);
    err = err ? err : mp_check_pointer((const void *)datatype, "datatype");
    err = err ? err : mp_check_any_type(*datatype, "datatype", &type);
    if (!err) {
        type->committed = true;
        type->plain = mp_datatype_plain(type);
    }
    return mp_leave(MP_CALL_Type_commit, NULL, err);
}
MP_WEAK(Type_commit);

int PMPI_Type_free(MPI_Datatype *datatype)
{
    struct mp_datatype *type;
    int err = mp_enter(MP_CALL_Type_free);
    err = err ? err : mp_check_pointer((const void *)datatype, "datatype");
    err = err ? err : mp_check_any_type(*datatype, "datatype", &type);
    if (!err && type->object.builtin)
        err = mp_fail(MPI_ERR_TYPE, "datatype is %s, which is predefined and cannot be freed",
                      type->name[0] ? type->name : "one of MPI_Type_create_f90_xxx");
    if (!err && type->handles == 1 && type->attributes)
        err = mp_attributes_delete(MP_OWNER_DATATYPE, *datatype, &type->attributes);
    if (!err) {
        mp_owned_freed(MP_OWNED_DATATYPE, *datatype);
        mp_datatype_drop(type);
        *datatype = MPI_DATATYPE_NULL;
    }
    return mp_leave(MP_CALL_Type_free, NULL, err);
}
MP_WEAK(Type_free);

int PMPI_Type_dup(MPI_Datatype oldtype, MPI_Datatype *newtype)
{
    struct mp_datatype *old, *type;
    int err = mp_enter(MP_CALL_Type_dup);
    err = err ? err : mp_check_any_type(oldtype, "oldtype", &old);
    err = err ? err : mp_check_pointer((const void *)newtype, "newtype");
    err = err ? err : mp_datatype_dup(old, &type);
    err = err ? err : mp_datatype_record(type, MPI_COMBINER_DUP, false, 0, 0, 0);
    if (!err) {
        MPI_Datatype handle = mp_datatype_handle(type);
        err = mp_attributes_copy(MP_OWNER_DATATYPE, oldtype, old->attributes, &type->attributes,
                                 handle);
        if (err)
            mp_datatype_drop(type);
        *newtype = err ? MPI_DATATYPE_NULL : handle;
        mp_owned_made(MP_OWNED_DATATYPE, *newtype, MP_CALL_Type_dup);
    }
    return mp_leave(MP_CALL_Type_dup, NULL, err);
}
MP_WEAK(Type_dup);

// ---- Sizes and extents

static int type_size(int call, MPI_Datatype datatype, const void *pointer, MPI_Count *size)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(pointer, "size");
    if (!err)
        *size = type->size;
    return mp_leave(call, NULL, err);
}

int PMPI_Type_size(MPI_Datatype datatype, int *size)
{
    MPI_Count bytes;
    int err = type_size(MP_CALL_Type_size, datatype, size, &bytes);
    if (!err)
        *size = mp_narrow(bytes);
    return err;
}
MP_WEAK(Type_size);

int PMPI_Type_size_c(MPI_Datatype datatype, MPI_Count *size)
{
    return type_size(MP_CALL_Type_size_c, datatype, size, size);
}
MP_WEAK(Type_size_c);

int PMPI_Type_size_x(MPI_Datatype datatype, MPI_Count *size)
{
    return type_size(MP_CALL_Type_size_x, datatype, size, size);
}
MP_WEAK(Type_size_x);

// `lb` and `extent` are those of the data alone when `exact`. An MPI_Aint is as wide as an
// MPI_Count.
_Static_assert(sizeof(MPI_Aint) == sizeof(MPI_Count), "extents need no second width");
static int type_extent(int call, MPI_Datatype datatype, bool exact, MPI_Count *lb,
                       MPI_Count *extent)
{
    struct mp_datatype *type;
    int err = mp_enter(call);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    if (!err)
        err = mp_check_pointer(lb, exact ? "true_lb" : "lb");
    if (!err)
        err = mp_check_pointer(extent, exact ? "true_extent" : "extent");
    if (!err) {
        *lb = exact ? type->true_lb : type->lb;
        *extent = exact ? type->true_extent : type->extent;
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Type_get_extent(MPI_Datatype datatype, MPI_Aint *lb, MPI_Aint *extent)
{
    return type_extent(MP_CALL_Type_get_extent, datatype, false, lb, extent);
}
MP_WEAK(Type_get_extent);

int PMPI_Type_get_extent_c(MPI_Datatype datatype, MPI_Count *lb, MPI_Count *extent)
{
    return type_extent(MP_CALL_Type_get_extent_c, datatype, false, lb, extent);
}
MP_WEAK(Type_get_extent_c);

int PMPI_Type_get_extent_x(MPI_Datatype datatype, MPI_Count *lb, MPI_Count *extent)
{
    return type_extent(MP_CALL_Type_get_extent_x, datatype, false, lb, extent);
}
MP_WEAK(Type_get_extent_x);

int PMPI_Type_get_true_extent(MPI_Datatype datatype, MPI_Aint *true_lb, MPI_Aint *true_extent)
{
    return type_extent(MP_CALL_Type_get_true_extent, datatype, true, true_lb, true_extent);
}
MP_WEAK(Type_get_true_extent);

int PMPI_Type_get_true_extent_c(MPI_Datatype datatype, MPI_Count *true_lb, MPI_Count *true_extent)
{
    return type_extent(MP_CALL_Type_get_true_extent_c, datatype, true, true_lb, true_extent);
}
MP_WEAK(Type_get_true_extent_c);

int PMPI_Type_get_true_extent_x(MPI_Datatype datatype, MPI_Count *true_lb, MPI_Count *true_extent)
{
    return type_extent(MP_CALL_Type_get_true_extent_x, datatype, true, true_lb, true_extent);
}
MP_WEAK(Type_get_true_extent_x);

// ---- Names

int PMPI_Type_get_name(MPI_Datatype datatype, char *type_name, int *resultlen)
{
    struct mp_datatype *type = NULL;
    const char *name = "MPI_DATATYPE_NULL"; // a valid argument, with this name (7.8)
    int err = mp_enter(MP_CALL_Type_get_name);
    if (!err && datatype != MPI_DATATYPE_NULL)
        err = mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(type_name, "type_name");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        name = type ? type->name : name;
        strcpy(type_name, name);
        *resultlen = (int)strlen(name);
    }
    return mp_leave(MP_CALL_Type_get_name, NULL, err);
}
MP_WEAK(Type_get_name);

int PMPI_Type_set_name(MPI_Datatype datatype, const char *type_name)
{
    struct mp_datatype *type;
    int err = mp_enter(MP_CALL_Type_set_name);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(type_name, "type_name");
    if (!err) {
        size_t length = strnlen(type_name, MPI_MAX_OBJECT_NAME - 1); // longer ones are cut (7.8)
        memmove(type->name, type_name, length);
        type->name[length] = 0;
    }
    return mp_leave(MP_CALL_Type_set_name, NULL, err);
}
MP_WEAK(Type_set_name);

// ---- Types by size (19.1.9) and pairs by their parts (5.1.2)

int PMPI_Type_match_size(int typeclass, int size, MPI_Datatype *datatype)
{
    static const struct {
        int typeclass, size, index;
    } known[] = {
#define KNOWN(class, bytes, type) \
    {class, bytes, (int)((uintptr_t)(type) - (uintptr_t)MPI_DATATYPE_NULL)}
        KNOWN(MPI_TYPECLASS_REAL, 2, MPI_REAL2),
        KNOWN(MPI_TYPECLASS_REAL, 4, MPI_REAL4),
        KNOWN(MPI_TYPECLASS_REAL, 8, MPI_REAL8),
        KNOWN(MPI_TYPECLASS_REAL, 16, MPI_REAL16),
        KNOWN(MPI_TYPECLASS_INTEGER, 1, MPI_INTEGER1),
        KNOWN(MPI_TYPECLASS_INTEGER, 2, MPI_INTEGER2),
        KNOWN(MPI_TYPECLASS_INTEGER, 4, MPI_INTEGER4),
        KNOWN(MPI_TYPECLASS_INTEGER, 8, MPI_INTEGER8),
        KNOWN(MPI_TYPECLASS_INTEGER, 16, MPI_INTEGER16),
        KNOWN(MPI_TYPECLASS_COMPLEX, 4, MPI_COMPLEX4),
        KNOWN(MPI_TYPECLASS_COMPLEX, 8, MPI_COMPLEX8),
        KNOWN(MPI_TYPECLASS_COMPLEX, 16, MPI_COMPLEX16),
        KNOWN(MPI_TYPECLASS_COMPLEX, 32, MPI_COMPLEX32),
        KNOWN(MPIX_TYPECLASS_LOGICAL, 1, MPI_LOGICAL1),
        KNOWN(MPIX_TYPECLASS_LOGICAL, 2, MPI_LOGICAL2),
        KNOWN(MPIX_TYPECLASS_LOGICAL, 4, MPI_LOGICAL4),
        KNOWN(MPIX_TYPECLASS_LOGICAL, 8, MPI_LOGICAL8),
        KNOWN(MPIX_TYPECLASS_LOGICAL, 16, MPI_LOGICAL16),
#undef KNOWN
    };
    int err = mp_enter(MP_CALL_Type_match_size);
    err = err ? err : mp_check_pointer((const void *)datatype, "datatype");
    bool class_known = false, found = false;
    for (size_t i = 0; !err && !found && i < mp_array_length(known); i++) {
        class_known |= known[i].typeclass == typeclass;
        found = known[i].typeclass == typeclass && known[i].size == size;
        if (found)
            *datatype = (MPI_Datatype)((uintptr_t)MPI_DATATYPE_NULL + (unsigned)known[i].index);
    }
    if (!err && !class_known)
        err =
            mp_fail(MPI_ERR_ARG,
                    "typeclass is %d, must be MPI_TYPECLASS_REAL, _INTEGER or _COMPLEX", typeclass);
    else if (!err && !found)
        err = mp_fail(MPI_ERR_ARG, "size is %d, and that typeclass has no type of this size", size);
    return mp_leave(MP_CALL_Type_match_size, NULL, err);
}
MP_WEAK(Type_match_size);

// The predefined pair of these types, or MPI_DATATYPE_NULL, which the standard allows for others.
static MPI_Datatype pair_of(MPI_Datatype value, MPI_Datatype index)
{
    if (index == MPI_INT) {
        return value == MPI_FLOAT         ? MPI_FLOAT_INT
               : value == MPI_DOUBLE      ? MPI_DOUBLE_INT
               : value == MPI_LONG        ? MPI_LONG_INT
               : value == MPI_INT         ? MPI_2INT
               : value == MPI_SHORT       ? MPI_SHORT_INT
               : value == MPI_LONG_DOUBLE ? MPI_LONG_DOUBLE_INT
                                          : MPI_DATATYPE_NULL;
    }
    if (value != index)
        return MPI_DATATYPE_NULL;
    return value == MPI_REAL               ? MPI_2REAL
           : value == MPI_DOUBLE_PRECISION ? MPI_2DOUBLE_PRECISION
           : value == MPI_INTEGER          ? MPI_2INTEGER
                                           : MPI_DATATYPE_NULL;
}

int PMPI_Type_get_value_index(MPI_Datatype value_type, MPI_Datatype index_type,
                              MPI_Datatype *pair_type)
{
    struct mp_datatype *value, *index;
    int err = mp_enter(MP_CALL_Type_get_value_index);
    err = err ? err : mp_check_any_type(value_type, "value_type", &value);
    err = err ? err : mp_check_any_type(index_type, "index_type", &index);
    err = err ? err : mp_check_pointer((const void *)pair_type, "pair_type");
    if (!err)
        *pair_type = pair_of(value_type, index_type);
    return mp_leave(MP_CALL_Type_get_value_index, NULL, err);
}
MP_WEAK(Type_get_value_index);
