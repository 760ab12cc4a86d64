// SPDX-License-Identifier: MIT
// Matching (MPI 5.0, 3.5 and 3.8): per context, the receives that wait for a message and the
// messages that wait for a receive. Both are kept by source, in order, and the wildcard receives in
// a queue of their own; stamps of posting decide between the two. Nothing here moves payload. Read
// first: message/match_queue.h, message/unexpected.h.
// Read next: message/deliver.c (what happens to a packet), message/message.c (to a receive).
#ifndef MP_MESSAGE_MATCH_H
#define MP_MESSAGE_MATCH_H

#include "base/channel.h"
#include "base/list.h"
#include "message/match_queue.h"
#include "message/request.h"
#include "message/unexpected.h"
#include "shm/waits.h"

#include <stdint.h>

// The two queues of one source.
struct mp_source {
    struct mp_queue posted;     // receives that name this source, in order of posting
    struct mp_queue unexpected; // in order of arrival
};

// A communicator that is lost (message/meeting.c) posts no receives any more. What has come in
// whole can still be had; who waits for an answer to what is here, or comes later, gets one:
// MPI_ERR_PROC_ABORTED. When the communicator has been freed, too, all that comes is dropped.
enum mp_closed { MP_MATCH_OPEN, MP_MATCH_LOST, MP_MATCH_GONE };

struct mp_match {
    uint32_t context;
    int source_count;           // length of `sources`
    struct mp_source **sources; // by rank in the communicator; made when first needed
    struct mp_queue wildcards;  // receives from MPI_ANY_SOURCE, in order of posting
    struct mp_list arrived;
    uint64_t stamp;   // given to the next receive that is posted, or message that is kept
    uint32_t waiting; // receives posted and not matched, of all kinds
    enum mp_closed closed;
};

// The queues of a context: made on first use, since a message may arrive before this rank has made
// the communicator (its peers agreed on the context a moment ago). NULL when memory is out.
struct mp_match *mp_match_get_slow(uint32_t context);
extern struct mp_match *mp_matches[2 * MP_CONTEXT_PAIRS]; // by context id
static inline struct mp_match *mp_match_get(uint32_t context)
{
    struct mp_match *match = mp_matches[context];
    return likely(match != NULL) ? match : mp_match_get_slow(context);
}

// Frees the queues of a context, and the messages that nobody received.
void mp_match_drop(uint32_t context);

void mp_match_close(struct mp_match *match, enum mp_closed how);

struct mp_source *mp_match_source_slow(struct mp_match *match, int source);

// NULL when memory is out.
static inline struct mp_source *mp_match_source(struct mp_match *match, int source)
{
    if (likely(source < match->source_count && match->sources[source])) {
        return match->sources[source];
    }
    return mp_match_source_slow(match, source);
}

// The first posted receive that a message of this envelope matches, taken out of its queue; or
// NULL.
struct mp_request *mp_match_arrival(struct mp_match *match, int source, int tag);

// The first unexpected message that a receive of this envelope matches, still queued; or NULL.
struct mp_unexpected *mp_match_find(struct mp_match *match, int source, int tag);

// Posts a receive (request->peer, tag are set) that mp_match_find found nothing for. Returns 0 or
// MPI_ERR_NO_MEM.
static inline void mp_match_post_to(struct mp_match *match, struct mp_queue *queue,
                                    struct mp_request *request)
{
    request->entry.stamp = match->stamp++;
    match->waiting++;
    mp_queue_add(queue, &request->entry);
}

static inline int mp_match_post(struct mp_match *match, struct mp_request *request)
{
    struct mp_queue *queue = &match->wildcards;
    if (request->peer != MPI_ANY_SOURCE) {
        struct mp_source *source = mp_match_source(match, request->peer);
        if (unlikely(!source)) {
            return MPI_ERR_NO_MEM;
        }
        queue = &source->posted;
    }
    mp_match_post_to(match, queue, request);
    return 0;
}

// Takes back a posted receive.
static inline void mp_match_unpost(struct mp_match *match, struct mp_request *request)
{
    bool wild = request->peer == MPI_ANY_SOURCE;
    mp_queue_remove(wild ? &match->wildcards : &match->sources[request->peer]->posted,
                    &request->entry);
    match->waiting--;
}

// Queues a message; the payload is copied. Returns 0 or MPI_ERR_NO_MEM.
int mp_match_keep(struct mp_match *match, int peer, const struct mp_packet *packet,
                  const void *payload);

// Of some of the messages that are kept, in this context and in others of point-to-point, the one
// that comes closest to a receive that has found none: from world rank `peer` (-1: any), with that
// tag. NULL, and MP_KEPT_NONE, if there is none worth telling.
const struct mp_unexpected *mp_match_near(const struct mp_match *match, int peer, int tag,
                                          enum mp_kept *how);

// Takes a message out of its queues; then mp_unexpected_free when its payload was used.
void mp_match_take(struct mp_unexpected *message);

// The kept message that `peer` sent as the packet with this number, as far as a handle keeps it
// (MP_SENT_NUMBERS), or NULL: for cancelling sends. Looks through all contexts.
struct mp_unexpected *mp_match_by_sequence(int peer, uint64_t sequence);

#endif
