// SPDX-License-Identifier: MIT
//
// Keyvals and attributes (MPI 5.0, 7.7). An object's attributes are an array in the order of their
// setting: they are copied in that order and deleted in the reverse one, as 11.2.3 asks at the end
// of MPI_COMM_SELF. A callback may set and delete attributes of the same object, so every loop
// looks at the array anew after each call.

#include "core/attribute.h"

#include "core/errhandler.h"
#include "core/process.h"

#include <stdlib.h>
#include <string.h>

struct keyval {
    enum mp_attribute_owner owner;
    bool freed;
    uint32_t uses; // attributes with it
    int number;
    mp_attribute_function *copy, *remove;
    void *extra_state;
};

struct attribute {
    struct keyval *keyval;
    void *value;
};

struct mp_attributes {
    int count, capacity;
    struct attribute *list;
};

// The numbers start above those of the standard's attributes.
#define FIRST 1024
static struct keyval **keyvals;
static int keyval_count, keyval_capacity;

// What the predefined functions are: null is no call, duplicate takes the value as it is.
#define NOTHING   ((mp_attribute_function *)0)
#define DUPLICATE ((mp_attribute_function *)1)

static const char *owner_name(enum mp_attribute_owner owner)
{
    return owner == MP_OWNER_COMM       ? "communicators"
           : owner == MP_OWNER_DATATYPE ? "datatypes"
                                        : "windows";
}

// ---- Keyvals

int mp_keyval_new(enum mp_attribute_owner owner, mp_attribute_function *copy,
                  mp_attribute_function *remove, void *extra_state, int *number)
{
    int place = 0;
    while (place < keyval_count && keyvals[place])
        place++;
    if (place == keyval_capacity) {
        int capacity = keyval_capacity ? 2 * keyval_capacity : 16;
        struct keyval **grown = realloc(keyvals, (size_t)capacity * sizeof *grown);
        if (!grown)
            return mp_fail(MPI_ERR_NO_MEM, "no memory for another keyval");
        keyvals = grown;
        keyval_capacity = capacity;
    }
    struct keyval *keyval = malloc(sizeof *keyval);
    if (!keyval)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for another keyval");
    *keyval = (struct keyval){owner, false, 0, FIRST + place, copy, remove, extra_state};
    keyvals[place] = keyval;
    if (place == keyval_count)
        keyval_count++;
    *number = keyval->number;
    return 0;
}

static int keyval_find(enum mp_attribute_owner owner, int number, struct keyval **keyval)
{
    if (number == MPI_KEYVAL_INVALID)
        return mp_fail(MPI_ERR_KEYVAL, "keyval is MPI_KEYVAL_INVALID");
    if (mp_attribute_is_predefined(number) || (number >= MPI_WIN_BASE && number <= MPI_WIN_MODEL))
        return mp_fail(MPI_ERR_KEYVAL, "keyval is %d, a predefined attribute, which is read-only",
                       number);
    struct keyval *found =
        number >= FIRST && number - FIRST < keyval_count ? keyvals[number - FIRST] : NULL;
    if (!found)
        return mp_fail(MPI_ERR_KEYVAL, "keyval is %d, which is none or was freed", number);
    if (found->owner != owner)
        return mp_fail(MPI_ERR_KEYVAL, "keyval is %d, which is one for %s, not %s", number,
                       owner_name(found->owner), owner_name(owner));
    *keyval = found;
    return 0;
}

static void keyval_forget_if_unused(struct keyval *keyval)
{
    if (keyval->freed && keyval->uses == 0) {
        keyvals[keyval->number - FIRST] = NULL;
        free(keyval);
    }
}

int mp_keyval_free(enum mp_attribute_owner owner, int number)
{
    struct keyval *keyval = NULL;
    int err = keyval_find(owner, number, &keyval);
    if (!err) { // also when it was freed before and is still in use
        keyval->freed = true;
        keyval_forget_if_unused(keyval);
    }
    return err;
}

// ---- The callbacks, with the types that they have for the owner

static int call_copy(const struct keyval *keyval, void *handle, void *value, void **copy, int *flag)
{
    *flag = 0;
    if (keyval->copy == NOTHING)
        return 0;
    if (keyval->copy == DUPLICATE) {
        *copy = value;
        *flag = 1;
        return 0;
    }
    int code;
    mp_callback_begin();
    switch (keyval->owner) {
    case MP_OWNER_COMM:
        code = ((MPI_Comm_copy_attr_function *)keyval->copy)(
            handle, keyval->number, keyval->extra_state, value, copy, flag);
        break;
    case MP_OWNER_DATATYPE:
        code = ((MPI_Type_copy_attr_function *)keyval->copy)(
            handle, keyval->number, keyval->extra_state, value, copy, flag);
        break;
    default:
        code = ((MPI_Win_copy_attr_function *)keyval->copy)(handle, keyval->number,
                                                            keyval->extra_state, value, copy, flag);
    }
    mp_callback_end();
    if (code)
        mp_fail(code, "the copy function of keyval %d returned %d", keyval->number, code);
    return code;
}

static int call_remove(const struct keyval *keyval, void *handle, void *value)
{
    if (keyval->remove == NOTHING)
        return 0;
    int code;
    mp_callback_begin();
    switch (keyval->owner) {
    case MP_OWNER_COMM:
        code = ((MPI_Comm_delete_attr_function *)keyval->remove)(handle, keyval->number, value,
                                                                 keyval->extra_state);
        break;
    case MP_OWNER_DATATYPE:
        code = ((MPI_Type_delete_attr_function *)keyval->remove)(handle, keyval->number, value,
                                                                 keyval->extra_state);
        break;
    default:
        code = ((MPI_Win_delete_attr_function *)keyval->remove)(handle, keyval->number, value,
                                                                keyval->extra_state);
    }
    mp_callback_end();
    if (code)
        mp_fail(code, "the delete function of keyval %d returned %d", keyval->number, code);
    return code;
}

// ---- The attributes of an object

static int place_of(const struct mp_attributes *attributes, const struct keyval *keyval)
{
    for (int i = 0; attributes && i < attributes->count; i++) {
        if (attributes->list[i].keyval == keyval)
            return i;
    }
    return -1;
}

static int append(struct mp_attributes **attributes, struct keyval *keyval, void *value)
{
    struct mp_attributes *all = *attributes;
    if (!all)
        *attributes = all = calloc(1, sizeof *all);
    if (all && all->count == all->capacity) {
        int capacity = all->capacity ? 2 * all->capacity : 4;
        struct attribute *grown = realloc(all->list, (size_t)capacity * sizeof *grown);
        if (!grown) {
            all = NULL;
        } else {
            all->list = grown;
            all->capacity = capacity;
        }
    }
    if (!all)
        return mp_fail(MPI_ERR_NO_MEM, "no memory for another attribute");
    all->list[all->count++] = (struct attribute){keyval, value};
    keyval->uses++;
    return 0;
}

// Calls the delete function and takes the attribute out.
static int take_out(void *handle, struct mp_attributes *attributes, struct keyval *keyval)
{
    int place = place_of(attributes, keyval);
    int err = call_remove(keyval, handle, attributes->list[place].value);
    place = place_of(attributes, keyval);
    if (err || place < 0)
        return err;
    attributes->count--;
    memmove(&attributes->list[place], &attributes->list[place + 1],
            (size_t)(attributes->count - place) * sizeof *attributes->list);
    keyval->uses--;
    keyval_forget_if_unused(keyval);
    return 0;
}

int mp_attribute_set(enum mp_attribute_owner owner, void *handle, struct mp_attributes **attributes,
                     int number, void *value)
{
    struct keyval *keyval = NULL;
    int err = keyval_find(owner, number, &keyval);
    if (err)
        return err;
    keyval->uses++; // keep it, even if it was freed and the old value is its last
    if (place_of(*attributes, keyval) >= 0)
        err = take_out(handle, *attributes, keyval);
    if (!err)
        err = append(attributes, keyval, value);
    keyval->uses--;
    keyval_forget_if_unused(keyval);
    return err;
}

int mp_attribute_get(enum mp_attribute_owner owner, const struct mp_attributes *attributes,
                     int number, void **value, bool *found)
{
    struct keyval *keyval = NULL;
    int err = keyval_find(owner, number, &keyval);
    int place = err ? -1 : place_of(attributes, keyval);
    *found = place >= 0;
    if (*found)
        *value = attributes->list[place].value;
    return err;
}

int mp_attribute_delete(enum mp_attribute_owner owner, void *handle,
                        struct mp_attributes **attributes, int number)
{
    struct keyval *keyval = NULL;
    int err = keyval_find(owner, number, &keyval);
    if (err)
        return err;
    if (place_of(*attributes, keyval) < 0)
        return mp_fail(MPI_ERR_KEYVAL, "keyval is %d, of which the object has no attribute",
                       number);
    return take_out(handle, *attributes, keyval);
}

int mp_attributes_copy(enum mp_attribute_owner owner, void *old_handle,
                       const struct mp_attributes *from, struct mp_attributes **to,
                       void *new_handle)
{
    int err = 0;
    for (int i = 0; from && i < from->count && !err; i++) {
        struct attribute old = from->list[i];
        void *value = NULL;
        int flag = 0;
        err = call_copy(old.keyval, old_handle, old.value, &value, &flag);
        if (!err && flag)
            err = append(to, old.keyval, value);
    }
    if (err) {
        // Delete functions that fail now have nobody to tell; the first error is the one reported.
        char text[512];
        strncpy(text, mp_fail_text(err), sizeof text - 1);
        text[sizeof text - 1] = 0;
        (void)mp_attributes_delete(owner, new_handle, to);
        mp_fail(err, "%s", text);
    }
    return err;
}

int mp_attributes_delete(enum mp_attribute_owner owner, void *handle,
                         struct mp_attributes **attributes)
{
    (void)owner;
    while (*attributes && (*attributes)->count) {
        struct mp_attributes *all = *attributes;
        int err = take_out(handle, all, all->list[all->count - 1].keyval);
        if (err)
            return err;
    }
    if (*attributes) {
        free((*attributes)->list);
        free(*attributes);
        *attributes = NULL;
    }
    return 0;
}

// ---- The standard's own attributes of communicators

static int tag_ub = MP_TAG_UB, host = MPI_PROC_NULL, io = MPI_ANY_SOURCE, wtime_is_global = 1;
static int appnum, universe_size, last_used_code;

bool mp_attribute_is_predefined(int keyval)
{
    return keyval >= MPI_TAG_UB && keyval <= MPI_UNIVERSE_SIZE;
}

int *mp_attribute_predefined(int keyval)
{
    switch (keyval) {
    case MPI_TAG_UB:
        return &tag_ub;
    case MPI_IO:
        return &io;
    case MPI_HOST:
        return &host;
    case MPI_WTIME_IS_GLOBAL:
        return &wtime_is_global;
    case MPI_APPNUM:
        appnum = mp_process.board->appnum;
        return mp_process.launched ? &appnum : NULL;
    case MPI_UNIVERSE_SIZE:
        universe_size = (int)mp_process.segment->universe;
        return universe_size > 0 ? &universe_size : NULL;
    case MPI_LASTUSEDCODE:
        last_used_code = mp_error_last_used;
        return &last_used_code;
    default:
        return NULL;
    }
}
