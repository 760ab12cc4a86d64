// SPDX-License-Identifier: MIT
//
// Keyvals and attributes (MPI 5.0, 7.7). An object's attributes are an array in the order of their
// setting: they are copied in that order and deleted in the reverse one, as 11.2.3 asks at the end
// of MPI_COMM_SELF. What was deleted leaves a hole, until the array is full and closes up. Places
// are found by chains through the array, by the low bits of the keyval, so that one among thousands
// costs no more than one among a few. A callback may set and delete attributes of the same object,
// so every loop looks at the array anew after each call.

#include "object/attribute.h"

#include "object/errhandler.h"
#include "process/process.h"

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
    struct keyval *keyval; // NULL: a hole
    void *value;
    int number; // the keyval's, so that whoever looks for it need not go there
    int next;   // place of the next one in its chain; -1: none
};

struct mp_attributes {
    int used;     // places, with the holes
    int live;     // attributes
    int capacity; // of the list; a power of two, and as many chains
    struct attribute *list;
    int *chains; // their first places; behind the list, in one piece with it
};

// The numbers start above those of the standard's attributes.
#define FIRST 1024
static struct keyval **keyvals;
static int keyval_count, keyval_capacity;
static int keyval_hole; // all before it are in use

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
    int place = keyval_hole;
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
    keyval_hole = place + 1;
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
        int place = keyval->number - FIRST;
        keyvals[place] = NULL;
        keyval_hole = place < keyval_hole ? place : keyval_hole;
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
    int call = mp_callback_begin();
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
    mp_callback_end(call);
    if (code)
        mp_fail(code, "the copy function of keyval %d returned %d", keyval->number, code);
    return code;
}

static int call_remove(const struct keyval *keyval, void *handle, void *value)
{
    if (keyval->remove == NOTHING)
        return 0;
    int code;
    int call = mp_callback_begin();
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
    mp_callback_end(call);
    if (code)
        mp_fail(code, "the delete function of keyval %d returned %d", keyval->number, code);
    return code;
}

// ---- The attributes of an object

// Where the number of the first place of the keyval's chain stands.
static int *chain_of(const struct mp_attributes *all, int number)
{
    return &all->chains[(unsigned)number & (unsigned)(all->capacity - 1)];
}

static int place_of(const struct mp_attributes *attributes, int number)
{
    int place = attributes ? *chain_of(attributes, number) : -1;
    while (place >= 0 && attributes->list[place].number != number)
        place = attributes->list[place].next;
    return place;
}

static void put(struct mp_attributes *all, struct keyval *keyval, void *value)
{
    int *chain = chain_of(all, keyval->number);
    all->list[all->used] = (struct attribute){keyval, value, keyval->number, *chain};
    *chain = all->used++;
    all->live++;
}

static void take(struct mp_attributes *all, int place)
{
    struct attribute *list = all->list;
    int *at = chain_of(all, list[place].number);
    while (*at != place)
        at = &list[*at].next;
    *at = list[place].next;
    list[place].keyval = NULL;
    all->live--;
    while (all->used && !list[all->used - 1].keyval)
        all->used--;
}

// Room for one more: closes the holes, if they are half of it; or else doubles it.
static bool make_room(struct mp_attributes *all)
{
    int capacity = !all->capacity                  ? 4
                   : all->live > all->capacity / 2 ? 2 * all->capacity
                                                   : all->capacity;
    struct mp_attributes old = *all;
    struct attribute *list = malloc((size_t)capacity * (sizeof *list + sizeof *all->chains));
    if (!list)
        return false;
    *all = (struct mp_attributes){
        .capacity = capacity, .list = list, .chains = (int *)(void *)(list + capacity)};
    for (int i = 0; i < capacity; i++)
        all->chains[i] = -1;
    for (int i = 0; i < old.used; i++) {
        if (old.list[i].keyval)
            put(all, old.list[i].keyval, old.list[i].value);
    }
    free(old.list);
    return true;
}

static int append(struct mp_attributes **attributes, struct keyval *keyval, void *value)
{
    struct mp_attributes *all = *attributes ? *attributes : calloc(1, sizeof *all);
    if (!all || (all->used == all->capacity && !make_room(all))) {
        if (!*attributes)
            free(all);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for another attribute");
    }
    *attributes = all;
    put(all, keyval, value);
    keyval->uses++;
    return 0;
}

// Calls the delete function and takes the attribute out.
static int take_out(void *handle, struct mp_attributes *attributes, struct keyval *keyval)
{
    int place = place_of(attributes, keyval->number);
    int err = call_remove(keyval, handle, attributes->list[place].value);
    place = place_of(attributes, keyval->number);
    if (err || place < 0)
        return err;
    take(attributes, place);
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
    if (place_of(*attributes, number) >= 0)
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
    struct keyval *keyval;
    int place = place_of(attributes, number);
    *found = place >= 0;
    if (unlikely(!*found))
        return keyval_find(owner, number, &keyval); // for the error, if it is none
    *value = attributes->list[place].value;
    return 0;
}

int mp_attribute_delete(enum mp_attribute_owner owner, void *handle,
                        struct mp_attributes **attributes, int number)
{
    struct keyval *keyval = NULL;
    int err = keyval_find(owner, number, &keyval);
    if (err)
        return err;
    if (place_of(*attributes, number) < 0)
        return mp_fail(MPI_ERR_KEYVAL, "keyval is %d, of which the object has no attribute",
                       number);
    return take_out(handle, *attributes, keyval);
}

int mp_attributes_copy(enum mp_attribute_owner owner, void *old_handle,
                       const struct mp_attributes *from, struct mp_attributes **to,
                       void *new_handle)
{
    int err = 0;
    for (int i = 0; from && i < from->used && !err; i++) {
        struct attribute old = from->list[i];
        void *value = NULL;
        int flag = 0;
        if (!old.keyval)
            continue;
        old.keyval->uses++; // the function may delete the attribute and free the keyval
        err = call_copy(old.keyval, old_handle, old.value, &value, &flag);
        if (!err && flag)
            err = append(to, old.keyval, value);
        int now = place_of(from, old.number); // or set others, and so close the holes
        i = now >= 0 ? now : i;
        old.keyval->uses--;
        keyval_forget_if_unused(old.keyval);
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
    while (*attributes && (*attributes)->live) {
        struct mp_attributes *all = *attributes;
        int err = take_out(handle, all, all->list[all->used - 1].keyval);
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
