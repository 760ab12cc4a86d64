// SPDX-License-Identifier: MIT
// Requests (MPI 5.0, 3.7): an operation that may not be over yet. Point-to-point, collective
// (schedules) and generalized requests are all this one struct.
#ifndef MP_MESSAGE_REQUEST_H
#define MP_MESSAGE_REQUEST_H

#include "base/list.h"
#include "boot/guests.h"
#include "datatype/datatype.h"
#include "message/match_queue.h"
#include "mpi.h"
#include "object/comm.h"
#include "object/object.h"
#include "object/status.h"
#include "process/process.h"

#include <stdbool.h>
#include <stdint.h>

enum mp_request_kind {
    MP_REQUEST_SEND = 1,
    MP_REQUEST_RECV,
    MP_REQUEST_SCHEDULE,    // a collective: collectives/schedule.c
    MP_REQUEST_GENERALIZED, // MPI_Grequest_start
    MP_REQUEST_PART_SEND,   // partitioned: message/partitioned.c
    MP_REQUEST_PART_RECV,
    MP_REQUEST_OTHER // done by its ops alone (buffer flushes, idup ...)
};

enum mp_send_mode { MP_SEND_STANDARD, MP_SEND_SYNC, MP_SEND_BUFFERED, MP_SEND_READY };

struct mp_request;

// Whoever has to go on when a request is complete watches it, one at a time, and is not looked at
// before: however many operations wait, mp_progress touches those that can go on. At completion the
// watch leaves the request and joins the line of those that are woken; mp_progress takes them from
// there and calls `woken`. Not at once: completing happens deep in deliveries and in calls.
//
// Nobody is forgotten: a watch is set on a request that is not complete, in the same hold of the
// lock in which that was seen; there is one function that completes watched requests; and a step of
// a wait that finds the line not empty takes it, and does not sleep. Where another thread sleeps,
// who completes or wakes something wakes it, too.
struct mp_watch {
    struct mp_list line;        // of those that are woken
    struct mp_watch *next;      // of the same request
    struct mp_request *request; // watched; NULL: none
    void (*woken)(struct mp_watch *watch);
};

// What kinds other than SEND and RECV do differently. Any member may be NULL.
struct mp_request_ops {
    int (*start)(struct mp_request *);               // persistent: MPI_Start
    int (*query)(struct mp_request *, MPI_Status *); // generalized: fills the status at completion
    int (*end)(struct mp_request *); // generalized: it is complete, and the user has done with it
    int (*cancel)(struct mp_request *);
    void (*explain)(const struct mp_request *); // completed with an error: mp_fail says which
    // Not complete: what it waits for (wait/record.h). NULL: message/message_waits.c.
    void (*awaits)(const struct mp_request *, struct mp_wait_record *);
    void (*release)(struct mp_request *); // last reference gone: free what `state` points to
};

// The first line is all that matching and waiting look at, with the second all that a short message
// does.
struct mp_request {
    struct mp_object object;
    union {
        struct mp_entry entry; // of a receive: in a queue of posted ones; and the tag of all
        struct mp_list link;   // the same link: waiting-to-go queue, awaiting-answer list
    };
    // Set together, so one after the other.
    uint8_t kind;  // enum mp_request_kind
    uint8_t mode;  // enum mp_send_mode
    bool complete; // nothing more to do, the status below is final. Inactive persistent: true
    // A send or receive of which nothing else is known: not persistent, detached, cancelled or
    // being so, held once, without a fault, not watched, with nothing in staging, ops and state.
    // When it is complete, all that is left is its status.
    bool plain;
    bool persistent;
    bool active; // started and not yet waited for; nonpersistent: always true
    bool cancelled;
    bool detached;   // MPI_Request_free: completes by itself, then goes
    bool offered;    // send: left as SYNC or OFFER, completes when answered
    bool cancelling; // send: CANCEL is on its way, completion waits for the answer
    bool answered;   // send: completed while cancelling
    bool awaited;    // detached: its session does not end before it is complete
    int error;       // error class at completion
    // Result, for the status.
    int source;
    int result_tag;
    MPI_Count bytes;          // of data received
    struct mp_comm *comm;     // held while active; persistent: as long as the request lives
    struct mp_datatype *type; // held likewise
    void *buffer;
    MPI_Count count;
    MPI_Count length; // bytes of the packed message
    int peer;         // rank in comm, MPI_ANY_SOURCE, MPI_PROC_NULL
    uint32_t context;
    int world;          // world rank of the peer, -1 for any
    uint32_t signature; // receive, under `mprun --check`: of a message that contradicts the type
    // The transfer.
    MPI_Count moved;      // bytes sent or received so far
    MPI_Count total;      // receive: of the message, more than `bytes` when it was truncated
    uint64_t sequence;    // send: number of its packet on the channel, for cancel
    uint64_t target;      // send: the receiver's cookie, once accepted; at the end, where in the
                          // stream to a far peer its last packet ends
    struct mp_list other; // second place: list of operations on a board, or of kept sent ones
    // NULL in most, and in all whose memory waits to be used again.
    struct mp_watch *watches; // of those that wait for it to be complete
    void *staging;            // memory owned by the request (bsend copy, packed data)
    const struct mp_request_ops *ops;
    void *state; // for ops
};

// A new request of that kind, or NULL when memory is out: refs 1, active, comm and type held
// (either may be NULL).
struct mp_request *mp_request_new(enum mp_request_kind kind, struct mp_comm *comm,
                                  struct mp_datatype *type);
void mp_request_release(struct mp_request *request); // mp_request_sent stays

// The handle of a send that has left when the call returns has no object behind it: it is a number
// that says what cancelling needs to know, and nothing has to be made, kept and freed.
//   bits 0-3    MP_SENT, which no address of an object has
//   bits 4-23   world rank of the destination
//   bits 24-63  the low bits of the packet's number on the channel
enum { MP_SENT = 0xb, MP_SENT_WORLD_SHIFT = 4, MP_SENT_NUMBER_SHIFT = 24 };
#define MP_SENT_NUMBERS (UINT64_C(1) << 40)

// What stands for all of them: complete, and without a fault.
extern struct mp_request mp_request_sent;

static inline MPI_Request mp_sent_handle(int world, uint64_t number)
{
    return (MPI_Request)(uintptr_t)(number << MP_SENT_NUMBER_SHIFT |
                                    (uint64_t)world << MP_SENT_WORLD_SHIFT | MP_SENT);
}

static inline int mp_sent_world(MPI_Request handle)
{
    return (int)((uintptr_t)handle >> MP_SENT_WORLD_SHIFT & 0xfffff);
}

// (A world rank beyond the job's: it is no handle at all.)
static inline bool mp_is_sent(MPI_Request handle)
{
    return ((uintptr_t)handle & 0xf) == MP_SENT && mp_sent_world(handle) < mp_peers_end;
}

// An object that says the same; NULL with mp_fail when memory is out. Some sends must become one
// after all: those that are cancelled, or whose handle becomes an integer. mp_sent_keep makes it
// the one that is found for the handle from then on.
struct mp_request *mp_sent_object(MPI_Request handle);
struct mp_request *mp_sent_keep(MPI_Request handle);
extern struct mp_list mp_sent_kept; // by `other`
struct mp_request *mp_sent_find(MPI_Request handle);

// Memory of plain sends and receives for the next ones, by link.next: of kind, with one reference,
// nothing in `other`, and NULL in staging, ops and state. Their magic word is 0.
extern struct mp_request *mp_request_idle;

// The request of a send or receive, with every member set that such a one has. Its communicator and
// type are held. NULL with mp_fail when memory is out.
struct mp_request *mp_request_more(void);
MP_ALWAYS_INLINE struct mp_request *mp_request_prepare(enum mp_request_kind kind,
                                                       const void *buffer, MPI_Count count,
                                                       struct mp_datatype *type, int peer, int tag,
                                                       struct mp_comm *comm, uint32_t context,
                                                       enum mp_send_mode mode, bool persistent)
{
    struct mp_request *r = mp_request_idle;
    if (likely(r != NULL)) {
        mp_request_idle = (struct mp_request *)(void *)r->link.next;
        r->object.magic = MP_KIND_REQUEST;
    } else {
        r = mp_request_more();
        if (!r) {
            return NULL;
        }
    }
    r->kind = (uint8_t)kind;
    r->mode = (uint8_t)mode;
    r->complete = persistent;
    r->plain = !persistent;
    r->persistent = persistent;
    r->active = !persistent;
    r->cancelled = false;
    r->detached = false;
    r->offered = false;
    r->cancelling = false;
    r->answered = false;
    r->error = 0;
    r->comm = comm;
    r->type = type;
    r->buffer = (void *)(uintptr_t)buffer;
    r->count = count;
    r->length = count * type->size;
    r->peer = peer;
    r->entry.tag = tag;
    r->context = context;
    r->world = peer < 0 ? -1 : mp_comm_world_rank(comm, peer);
    mp_list_init(&r->link);
    mp_comm_hold(comm);
    mp_datatype_hold(type);
    return r;
}

// Releases a plain request; mp_request_release does it for all.
static inline void mp_request_recycle(struct mp_request *request)
{
    mp_datatype_release(request->type);
    mp_comm_release(request->comm);
    request->object.magic = 0;
    request->link.next = (struct mp_list *)(void *)mp_request_idle;
    mp_request_idle = request;
}

// MPI_Request_free of an incomplete one: it completes by itself, then goes.
void mp_request_detach(struct mp_request *request);

// The end of one, complete or not, whose operation is over with an error: the same, but it may
// never be complete, so nothing waits for it.
void mp_request_forget(struct mp_request *request);

// Handle to object: NULL when the handle is no live request. (MPI_REQUEST_NULL: NULL too.)
static inline struct mp_request *mp_request_get(MPI_Request handle)
{
    if (mp_is_sent(handle)) {
        return likely(mp_list_empty(&mp_sent_kept)) ? &mp_request_sent : mp_sent_find(handle);
    }
    return mp_object_is(handle, MP_KIND_REQUEST) ? (struct mp_request *)(void *)handle : NULL;
}

// The same for a handle that was checked before and is not MPI_REQUEST_NULL.
static inline struct mp_request *mp_request_of(MPI_Request handle)
{
    return ((uintptr_t)handle & 0xf) == MP_SENT ? mp_request_get(handle)
                                                : (struct mp_request *)(void *)handle;
}

// Marks a request complete with an error class (0: none); a detached one goes away.
void mp_request_complete_slow(struct mp_request *request, int error);
static inline void mp_request_complete(struct mp_request *request, int error)
{
    if (likely(request->plain && !error && !mp_process_is_locked())) {
        request->complete = true;
    } else {
        mp_request_complete_slow(request, error);
    }
}

// What the status of an operation says that receives nothing: of a send, for instance.
static inline void mp_status_nothing(MPI_Status *status)
{
    if (status != MPI_STATUS_IGNORE) {
        status->MPI_SOURCE = MPI_ANY_SOURCE;
        status->MPI_TAG = MPI_ANY_TAG;
        mp_status_set_bytes(status, 0);
        mp_status_set_cancelled(status, 0);
    }
}

// The empty status (3.7.3): for null and inactive requests. It is the same, and has MPI_SUCCESS as
// its error. That is the one case in which a call that returns a single status, or none that
// failed, writes MPI_ERROR: 3.2.5 says that in general they do not, 3.7.3 what "empty" means.
static inline void mp_status_empty(MPI_Status *status)
{
    mp_status_nothing(status);
    if (status != MPI_STATUS_IGNORE) {
        status->MPI_ERROR = MPI_SUCCESS;
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
        mp_status_nothing(status);
    } else {
        status->MPI_SOURCE = request->source;
        status->MPI_TAG = request->result_tag;
        mp_status_set_bytes(status, request->bytes);
    }
    mp_status_set_cancelled(status, request->cancelled);
}

// Waits, making progress, until the request is complete. Returns nothing: see request->error.
void mp_request_wait(struct mp_request *request);

// The user has done with a completed request: what it has to say to that, an error class or 0.
int mp_request_end(struct mp_request *request);

// Ends a completed request as MPI_Wait does: takes its status, then frees it and sets *handle to
// MPI_REQUEST_NULL, or makes a persistent one inactive. Returns the request's error class.
int mp_request_finish(MPI_Request *handle, MPI_Status *status);

static inline void mp_watch_init(struct mp_watch *watch, void (*woken)(struct mp_watch *))
{
    mp_list_init(&watch->line);
    watch->request = NULL;
    watch->woken = woken;
}

// Watches a request that is not complete, and nothing else.
void mp_watch_set(struct mp_watch *watch, struct mp_request *request);

// Has it called by mp_progress, whatever it watches.
void mp_watch_wake(struct mp_watch *watch);

// Ends watching, and takes it from the line.
void mp_watch_end(struct mp_watch *watch);

#endif
