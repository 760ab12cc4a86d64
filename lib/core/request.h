// SPDX-License-Identifier: MIT
// Requests (MPI 5.0, 3.7): an operation that may not be over yet. Point-to-point, collective
// (schedules) and generalized requests are all this one struct.
#ifndef MP_CORE_REQUEST_H
#define MP_CORE_REQUEST_H

#include "base/list.h"
#include "core/comm.h"
#include "core/datatype.h"
#include "core/object.h"
#include "core/process.h"
#include "core/status.h"
#include "mpi.h"

#include <stdbool.h>
#include <stdint.h>

enum mp_request_kind {
    MP_REQUEST_SEND = 1,
    MP_REQUEST_RECV,
    MP_REQUEST_SCHEDULE,    // a collective: collectives/schedule.c
    MP_REQUEST_GENERALIZED, // MPI_Grequest_start
    MP_REQUEST_PART_SEND,   // partitioned: core/partitioned.c
    MP_REQUEST_PART_RECV,
    MP_REQUEST_OTHER // done by its ops alone (buffer flushes, idup ...)
};

enum mp_send_mode { MP_SEND_STANDARD, MP_SEND_SYNC, MP_SEND_BUFFERED, MP_SEND_READY };

struct mp_request;

// What kinds other than SEND and RECV do differently. Any member may be NULL.
struct mp_request_ops {
    int (*start)(struct mp_request *);               // persistent: MPI_Start
    void (*progress)(struct mp_request *);           // called by mp_progress while it is active
    int (*query)(struct mp_request *, MPI_Status *); // generalized: fills the status at completion
    int (*cancel)(struct mp_request *);
    void (*explain)(const struct mp_request *); // completed with an error: mp_fail says which
    void (*release)(struct mp_request *);       // last reference gone: free what `state` points to
};

struct mp_request {
    struct mp_object object;
    struct mp_list link;  // posted queue, waiting-to-go queue, awaiting-answer list
    struct mp_list other; // second place: the list of all wildcards, or of active schedules
    uint8_t kind;         // enum mp_request_kind
    uint8_t mode;         // enum mp_send_mode
    bool complete;        // nothing more to do; status below is final. Inactive persistent: true
    bool persistent;
    bool active; // started and not yet waited for; nonpersistent: always true
    bool cancelled;
    bool detached;            // MPI_Request_free: completes by itself, then goes
    bool offered;             // send: left as SYNC or OFFER, completes when answered
    bool cancelling;          // send: CANCEL is on its way, completion waits for the answer
    bool answered;            // send: completed while cancelling
    bool done;                // made complete, see mp_done_request
    int error;                // error class at completion
    struct mp_comm *comm;     // held while active; persistent: as long as the request lives
    struct mp_datatype *type; // held likewise
    void *buffer;
    MPI_Count count;
    int peer; // rank in comm, MPI_ANY_SOURCE, MPI_PROC_NULL
    int tag;
    uint32_t context;
    int world; // world rank of the peer, -1 for any
    // Result, for the status.
    int source;
    int result_tag;
    MPI_Count bytes; // of data received
    MPI_Count total; // receive: of the message, more than `bytes` when it was truncated
    // The transfer.
    MPI_Count length;  // bytes of the packed message
    MPI_Count moved;   // of them, sent or received so far
    uint64_t stamp;    // order of posting within the communicator
    uint64_t sequence; // send: number of its packet on the channel, for cancel
    uint64_t target;   // send: the receiver's cookie, once accepted
    void *staging;     // memory owned by the request (bsend copy, packed data)
    const struct mp_request_ops *ops;
    void *state; // for ops
};

// A new request of that kind, or NULL when memory is out: refs 1, active, comm and type held
// (either may be NULL).
struct mp_request *mp_request_new(enum mp_request_kind kind, struct mp_comm *comm,
                                  struct mp_datatype *type);
void mp_request_release(struct mp_request *request);

// The request of a send that has left when it is made: it holds nothing, and all but what
// cancelling needs is the same in all of them, so they keep their contents from one use to the
// next.
extern struct mp_request *mp_done_free; // linked by `state`
struct mp_request *mp_done_new(void);

// NULL when memory is out.
static inline struct mp_request *mp_done_request(int world, uint32_t context, uint64_t sequence)
{
    struct mp_request *request = mp_done_free;
    if (unlikely(!request)) {
        request = mp_done_new();
        if (!request) {
            return NULL;
        }
    } else {
        mp_done_free = request->state;
        request->object.magic = MP_KIND_REQUEST;
    }
    request->context = context;
    request->world = world;
    request->sequence = sequence;
    return request;
}

static inline void mp_done_recycle(struct mp_request *request)
{
    request->object.magic = 0;
    request->state = mp_done_free;
    mp_done_free = request;
}

// MPI_Request_free of an incomplete one: it completes by itself, then goes.
void mp_request_detach(struct mp_request *request);

// Handle to object: NULL when the handle is no live request. (MPI_REQUEST_NULL: NULL too.)
static inline struct mp_request *mp_request_get(MPI_Request handle)
{
    return mp_object_is(handle, MP_KIND_REQUEST) ? (struct mp_request *)(void *)handle : NULL;
}

// Marks a request complete with an error class (0: none); a detached one goes away.
void mp_request_complete_slow(struct mp_request *request, int error);
static inline void mp_request_complete(struct mp_request *request, int error)
{
    if (unlikely(request->cancelling || request->detached || mp_process.guarded)) {
        mp_request_complete_slow(request, error);
        return;
    }
    request->error = error;
    request->complete = true;
}

// Releases the request of a plain send or receive that is complete; mp_request_release does it for
// all of them.
static inline void mp_request_recycle(struct mp_request *request)
{
    if (unlikely(request->object.refs != 1 || request->staging || request->ops)) {
        mp_request_release(request);
        return;
    }
    if (request->type) {
        mp_datatype_release(request->type);
    }
    if (request->comm) {
        mp_comm_release(request->comm);
    }
    mp_object_recycle(&request->object);
}

// The empty status (3.7.3): for null and inactive requests.
static inline void mp_status_empty(MPI_Status *status)
{
    if (status != MPI_STATUS_IGNORE) {
        status->MPI_SOURCE = MPI_ANY_SOURCE;
        status->MPI_TAG = MPI_ANY_TAG;
        mp_status_set_bytes(status, 0);
        mp_status_set_cancelled(status, 0);
    }
}

// Fills a status (may be MPI_STATUS_IGNORE) from a completed request; MPI_ERROR is left alone.
static inline void mp_request_status(const struct mp_request *request, MPI_Status *status)
{
    if (status == MPI_STATUS_IGNORE) {
        return;
    }
    bool receives = request->kind == MP_REQUEST_RECV || request->kind == MP_REQUEST_PART_RECV;
    if (!receives || request->cancelled) {
        mp_status_empty(status);
    } else {
        status->MPI_SOURCE = request->source;
        status->MPI_TAG = request->result_tag;
        mp_status_set_bytes(status, request->bytes);
    }
    mp_status_set_cancelled(status, request->cancelled);
}

// Waits, making progress, until the request is complete. Returns nothing: see request->error.
void mp_request_wait(struct mp_request *request);

// Ends a completed request as MPI_Wait does: takes its status, then frees it and sets *handle to
// MPI_REQUEST_NULL, or makes a persistent one inactive. Returns the request's error class.
int mp_request_finish(MPI_Request *handle, MPI_Status *status);

// Adds a request whose ops->progress is to be called by every mp_progress, until it is removed.
void mp_progress_add(struct mp_request *request);
void mp_progress_remove(struct mp_request *request);

#endif
