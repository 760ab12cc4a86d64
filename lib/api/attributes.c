// SPDX-License-Identifier: MIT
//
// Chapter 7: keyvals and attributes of communicators and datatypes, keyvals of windows, and the
// older names of chapter 16.

#include "object/attribute.h"

#include "api/api.h"
#include "base/calls.h"

// ---- Keyvals

// What the keyval is called in check/owned.h.
static const void *keyval_owned(enum mp_attribute_owner owner, int keyval)
{
    return (const void *)((uintptr_t)owner << 32 | (uint32_t)keyval);
}

static int keyval_create(int call, enum mp_attribute_owner owner, mp_attribute_function *copy,
                         mp_attribute_function *remove, void *extra_state, int *keyval)
{
    int err = mp_enter(call);
    err = err ? err : mp_check_pointer(keyval, "keyval");
    err = err ? err : mp_keyval_new(owner, copy, remove, extra_state, keyval);
    if (!err)
        mp_owned_made(MP_OWNED_KEYVAL, keyval_owned(owner, *keyval), call);
    return mp_leave(call, NULL, err);
}

static int keyval_free(int call, enum mp_attribute_owner owner, int *keyval)
{
    int err = mp_enter(call);
    err = err ? err : mp_check_pointer(keyval, "keyval");
    err = err ? err : mp_keyval_free(owner, *keyval);
    if (!err) {
        mp_owned_freed(MP_OWNED_KEYVAL, keyval_owned(owner, *keyval));
        *keyval = MPI_KEYVAL_INVALID;
    }
    return mp_leave(call, NULL, err);
}

#define ANY(function) ((mp_attribute_function *)(function))

int PMPI_Comm_create_keyval(MPI_Comm_copy_attr_function *comm_copy_attr_fn,
                            MPI_Comm_delete_attr_function *comm_delete_attr_fn, int *comm_keyval,
                            void *extra_state)
{
    return keyval_create(MP_CALL_Comm_create_keyval, MP_OWNER_COMM, ANY(comm_copy_attr_fn),
                         ANY(comm_delete_attr_fn), extra_state, comm_keyval);
}
MP_WEAK(Comm_create_keyval);

int PMPI_Type_create_keyval(MPI_Type_copy_attr_function *type_copy_attr_fn,
                            MPI_Type_delete_attr_function *type_delete_attr_fn, int *type_keyval,
                            void *extra_state)
{
    return keyval_create(MP_CALL_Type_create_keyval, MP_OWNER_DATATYPE, ANY(type_copy_attr_fn),
                         ANY(type_delete_attr_fn), extra_state, type_keyval);
}
MP_WEAK(Type_create_keyval);

int PMPI_Win_create_keyval(MPI_Win_copy_attr_function *win_copy_attr_fn,
                           MPI_Win_delete_attr_function *win_delete_attr_fn, int *win_keyval,
                           void *extra_state)
{
    return keyval_create(MP_CALL_Win_create_keyval, MP_OWNER_WIN, ANY(win_copy_attr_fn),
                         ANY(win_delete_attr_fn), extra_state, win_keyval);
}
MP_WEAK(Win_create_keyval);

int PMPI_Keyval_create(MPI_Copy_function *copy_fn, MPI_Delete_function *delete_fn, int *keyval,
                       void *extra_state)
{
    return keyval_create(MP_CALL_Keyval_create, MP_OWNER_COMM, ANY(copy_fn), ANY(delete_fn),
                         extra_state, keyval);
}
MP_WEAK(Keyval_create);

int PMPI_Comm_free_keyval(int *comm_keyval)
{
    return keyval_free(MP_CALL_Comm_free_keyval, MP_OWNER_COMM, comm_keyval);
}
MP_WEAK(Comm_free_keyval);

int PMPI_Type_free_keyval(int *type_keyval)
{
    return keyval_free(MP_CALL_Type_free_keyval, MP_OWNER_DATATYPE, type_keyval);
}
MP_WEAK(Type_free_keyval);

int PMPI_Win_free_keyval(int *win_keyval)
{
    return keyval_free(MP_CALL_Win_free_keyval, MP_OWNER_WIN, win_keyval);
}
MP_WEAK(Win_free_keyval);

int PMPI_Keyval_free(int *keyval)
{
    return keyval_free(MP_CALL_Keyval_free, MP_OWNER_COMM, keyval);
}
MP_WEAK(Keyval_free);

// ---- Attributes of communicators

static int comm_set_attr(int call, MPI_Comm comm, int keyval, void *value)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_attribute_set(MP_OWNER_COMM, comm, &c->attributes, keyval, value);
    return mp_leave(call, c, err);
}

static int comm_get_attr(int call, MPI_Comm comm, int keyval, void *value, int *flag)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_check_pointer(value, "attribute_val");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && mp_attribute_is_predefined(keyval)) {
        // In the Sessions Model there is only one (9.1.2).
        int *predefined =
            c->session && keyval != MPI_TAG_UB ? NULL : mp_attribute_predefined(keyval);
        *flag = predefined != NULL;
        if (predefined)
            *(int **)value = predefined;
    } else if (!err) {
        bool found;
        err = mp_attribute_get(MP_OWNER_COMM, c->attributes, keyval, value, &found);
        if (!err)
            *flag = found;
    }
    return mp_leave(call, c, err);
}

static int comm_delete_attr(int call, MPI_Comm comm, int keyval)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(call, comm, &c);
    err = err ? err : mp_attribute_delete(MP_OWNER_COMM, comm, &c->attributes, keyval);
    return mp_leave(call, c, err);
}

int PMPI_Comm_set_attr(MPI_Comm comm, int comm_keyval, void *attribute_val)
{
    return comm_set_attr(MP_CALL_Comm_set_attr, comm, comm_keyval, attribute_val);
}
MP_WEAK(Comm_set_attr);

int PMPI_Attr_put(MPI_Comm comm, int keyval, void *attribute_val)
{
    return comm_set_attr(MP_CALL_Attr_put, comm, keyval, attribute_val);
}
MP_WEAK(Attr_put);

int PMPI_Comm_get_attr(MPI_Comm comm, int comm_keyval, void *attribute_val, int *flag)
{
    return comm_get_attr(MP_CALL_Comm_get_attr, comm, comm_keyval, attribute_val, flag);
}
MP_WEAK(Comm_get_attr);

int PMPI_Attr_get(MPI_Comm comm, int keyval, void *attribute_val, int *flag)
{
    return comm_get_attr(MP_CALL_Attr_get, comm, keyval, attribute_val, flag);
}
MP_WEAK(Attr_get);

int PMPI_Comm_delete_attr(MPI_Comm comm, int comm_keyval)
{
    return comm_delete_attr(MP_CALL_Comm_delete_attr, comm, comm_keyval);
}
MP_WEAK(Comm_delete_attr);

int PMPI_Attr_delete(MPI_Comm comm, int keyval)
{
    return comm_delete_attr(MP_CALL_Attr_delete, comm, keyval);
}
MP_WEAK(Attr_delete);

// ---- Attributes of datatypes

int PMPI_Type_set_attr(MPI_Datatype datatype, int type_keyval, void *attribute_val)
{
    struct mp_datatype *type;
    int err = mp_enter(MP_CALL_Type_set_attr);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err
              : mp_attribute_set(MP_OWNER_DATATYPE, datatype, &type->attributes, type_keyval,
                                 attribute_val);
    return mp_leave(MP_CALL_Type_set_attr, NULL, err);
}
MP_WEAK(Type_set_attr);

int PMPI_Type_get_attr(MPI_Datatype datatype, int type_keyval, void *attribute_val, int *flag)
{
    struct mp_datatype *type;
    bool found = false;
    int err = mp_enter(MP_CALL_Type_get_attr);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err : mp_check_pointer(attribute_val, "attribute_val");
    err = err ? err : mp_check_pointer(flag, "flag");
    err = err ? err
              : mp_attribute_get(MP_OWNER_DATATYPE, type->attributes, type_keyval, attribute_val,
                                 &found);
    if (!err)
        *flag = found;
    return mp_leave(MP_CALL_Type_get_attr, NULL, err);
}
MP_WEAK(Type_get_attr);

int PMPI_Type_delete_attr(MPI_Datatype datatype, int type_keyval)
{
    struct mp_datatype *type;
    int err = mp_enter(MP_CALL_Type_delete_attr);
    err = err ? err : mp_check_any_type(datatype, "datatype", &type);
    err = err ? err
              : mp_attribute_delete(MP_OWNER_DATATYPE, datatype, &type->attributes, type_keyval);
    return mp_leave(MP_CALL_Type_delete_attr, NULL, err);
}
MP_WEAK(Type_delete_attr);
