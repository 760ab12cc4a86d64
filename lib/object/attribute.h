// SPDX-License-Identifier: MIT
// Attribute caching (MPI 5.0, 7.7): keyvals, and the attributes of a communicator, datatype or
// window, with their copy and delete callbacks in the standard's order.
#ifndef MP_OBJECT_ATTRIBUTE_H
#define MP_OBJECT_ATTRIBUTE_H

#include "mpi.h"
#include "object/object.h"

#include <stdbool.h>

// The greatest tag, the value of the attribute MPI_TAG_UB.
#define MP_TAG_UB 0x7fffffff

enum mp_attribute_owner { MP_OWNER_COMM, MP_OWNER_DATATYPE, MP_OWNER_WIN };

struct mp_attributes; // of one object, in the order of their setting; NULL: none yet

// Keyvals are numbers of the program; the functions are kept as what the owner's chapter calls
// them. A freed one lives on until its last attribute is gone (7.7.2).
typedef void mp_attribute_function(void);
int mp_keyval_new(enum mp_attribute_owner owner, mp_attribute_function *copy,
                  mp_attribute_function *remove, void *extra_state, int *keyval);
int mp_keyval_free(enum mp_attribute_owner owner, int keyval);

// Set: calls the delete callback for a value that was there before. Get: *found says whether there
// is one. `handle` is the owner's, for the callbacks. Keyvals of the standard's own attributes are
// refused by all three: the caller deals with them first.
int mp_attribute_set(enum mp_attribute_owner owner, void *handle, struct mp_attributes **attributes,
                     int keyval, void *value);
int mp_attribute_get(enum mp_attribute_owner owner, const struct mp_attributes *attributes,
                     int keyval, void **value, bool *found);
int mp_attribute_delete(enum mp_attribute_owner owner, void *handle,
                        struct mp_attributes **attributes, int keyval);

// The address of the value of an attribute that every communicator has (9.1.2), or NULL: keyval is
// no such, or has no value here.
static inline bool mp_attribute_is_predefined(int keyval)
{
    return keyval >= MPI_TAG_UB && keyval <= MPI_UNIVERSE_SIZE;
}

int *mp_attribute_predefined(int keyval);

// Copies all attributes of an object at its duplication, calling the copy callbacks. On failure of
// a callback its error code is returned and what was copied so far has been deleted again.
int mp_attributes_copy(enum mp_attribute_owner owner, void *old_handle,
                       const struct mp_attributes *from, struct mp_attributes **to,
                       void *new_handle);

// Deletes all attributes in reverse order of their setting, calling the delete callbacks, and frees
// the table. Returns the first error code of a callback; then the object must stay as it was.
int mp_attributes_delete(enum mp_attribute_owner owner, void *handle,
                         struct mp_attributes **attributes);

#endif
