// SPDX-License-Identifier: MIT
// What the program has made and has yet to free: for `mprun --check` only. Read next:
// check/pending.h, for what is noted of requests besides.
#ifndef MP_CHECK_OWNED_H
#define MP_CHECK_OWNED_H

#include "datatype/datatype.h"
#include "process/process.h"

#include <stdbool.h>
#include <stdint.h>

enum mp_owned_kind {
    MP_OWNED_COMM,
    MP_OWNED_DATATYPE,
    MP_OWNED_GROUP,
    MP_OWNED_WIN,
    MP_OWNED_OP,
    MP_OWNED_KEYVAL,
    MP_OWNED_INFO,
    MP_OWNED_ERRHANDLER,
    MP_OWNED_REQUEST,
    MP_OWNED_KINDS
};

struct mp_owned {
    struct mp_owned *next; // in its bucket
    enum mp_owned_kind kind;
    uintptr_t handle;
    unsigned handles;     // of one object that the program has to free
    int call;             // that made it
    uint64_t caller;      // from here (base/caller.h)
    const MPI_Comm *comm; // of a request: where it leaves a communicator, or NULL
    // Of a send or receive (check/pending.c): what `low` is the first byte of is in no other such
    // receive. The type is held.
    struct mp_datatype *type;
    const void *buffer;
    MPI_Count count;
    uint64_t sum; // of the data when it was started
    uintptr_t low, high;
    bool receives;
    bool summed; // `sum` is to be compared
    bool listed; // among the receives that are pending
};

// Predefined handles, which need not be freed, are not noted. Another handle of the same object is
// counted. NULL: none, or memory is out.
struct mp_owned *mp_owned_add(enum mp_owned_kind kind, uintptr_t handle, int call);
struct mp_owned *mp_owned_find(enum mp_owned_kind kind, uintptr_t handle);
void mp_owned_remove(enum mp_owned_kind kind, uintptr_t handle);

// Tells all that are there. `any_time`: only those that may be freed after MPI_Finalize, else only
// those that may not.
void mp_owned_tell(bool any_time);

// For the functions of the API, which make and free handles.
static inline void mp_owned_made(enum mp_owned_kind kind, const void *handle, int call)
{
    if (unlikely(mp_process.check)) {
        mp_owned_add(kind, (uintptr_t)handle, call);
    }
}

static inline void mp_owned_freed(enum mp_owned_kind kind, const void *handle)
{
    if (unlikely(mp_process.check)) {
        mp_owned_remove(kind, (uintptr_t)handle);
    }
}

#endif
