// SPDX-License-Identifier: MIT
// A table by kind and handle. It has a lock of its own, since infos and error handlers are made and
// freed by any thread at any time (11.4.1).
#include "check/owned.h"

#include "base/caller.h"
#include "check/fault.h"
#include "message/request.h"

#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 4096, PREDEFINED = 4096 }; // handles below that are the standard's

static struct mp_owned *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// The link that points to it, or to the end of its bucket.
static struct mp_owned **place_of(enum mp_owned_kind kind, uintptr_t handle)
{
    struct mp_owned **at = &table[(handle / 64 * 31 + handle + kind) % BUCKETS];
    while (*at && ((*at)->handle != handle || (*at)->kind != kind)) {
        at = &(*at)->next;
    }
    return at;
}

struct mp_owned *mp_owned_find(enum mp_owned_kind kind, uintptr_t handle)
{
    pthread_mutex_lock(&lock);
    struct mp_owned *found = *place_of(kind, handle);
    pthread_mutex_unlock(&lock);
    return found;
}

struct mp_owned *mp_owned_add(enum mp_owned_kind kind, uintptr_t handle, int call)
{
    if (handle < PREDEFINED && kind != MP_OWNED_KEYVAL) {
        return NULL;
    }
    uint64_t caller = mp_caller_find();
    pthread_mutex_lock(&lock);
    struct mp_owned **at = place_of(kind, handle);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (*at) {
            **at =
                (struct mp_owned){.kind = kind, .handle = handle, .call = call, .caller = caller};
        }
    }
    if (*at) {
        (*at)->handles++;
    }
    struct mp_owned *owned = *at;
    pthread_mutex_unlock(&lock);
    return owned;
}

void mp_owned_remove(enum mp_owned_kind kind, uintptr_t handle)
{
    pthread_mutex_lock(&lock);
    struct mp_owned **at = place_of(kind, handle);
    struct mp_owned *gone = *at;
    if (gone && --gone->handles == 0) {
        *at = gone->next;
    } else {
        gone = NULL;
    }
    pthread_mutex_unlock(&lock);
    free(gone);
}

static void tell(const struct mp_owned *owned)
{
    const struct mp_request *request = (const void *)owned->handle;

    switch (owned->kind) {
    case MP_OWNED_COMM:
        mp_fault_tell(owned->call, owned->caller, "the communicator was never freed");
        break;
    case MP_OWNED_DATATYPE:
        mp_fault_tell(owned->call, owned->caller, "the datatype was never freed");
        break;
    case MP_OWNED_GROUP:
        mp_fault_tell(owned->call, owned->caller, "the group was never freed");
        break;
    case MP_OWNED_WIN:
        mp_fault_tell(owned->call, owned->caller, "the window was never freed");
        break;
    case MP_OWNED_OP:
        mp_fault_tell(owned->call, owned->caller, "the operation was never freed");
        break;
    case MP_OWNED_KEYVAL:
        mp_fault_tell(owned->call, owned->caller, "the keyval was never freed");
        break;
    case MP_OWNED_INFO:
        mp_fault_tell(owned->call, owned->caller, "the info was never freed");
        break;
    case MP_OWNED_ERRHANDLER:
        mp_fault_tell(owned->call, owned->caller, "the error handler was never freed");
        break;
    case MP_OWNED_REQUEST:
        if (request->active) {
            mp_fault_tell(owned->call, owned->caller,
                          "the request was never completed: it needs an MPI_Wait, or an MPI_Test "
                          "that says so");
        } else {
            mp_fault_tell(owned->call, owned->caller, "the persistent request was never freed");
        }
        break;
    case MP_OWNED_KINDS:
        break;
    }
}

void mp_owned_tell(bool any_time)
{
    for (int i = 0; i < BUCKETS; i++) {
        for (const struct mp_owned *owned = table[i]; owned; owned = owned->next) {
            if ((owned->kind == MP_OWNED_INFO || owned->kind == MP_OWNED_ERRHANDLER) == any_time) {
                tell(owned);
            }
        }
    }
}
