// SPDX-License-Identifier: MIT
// What is on its way out: sends and answers that found no room in the channel wait here, per peer,
// in order, and accepted payloads are pushed piece by piece.
#ifndef MP_MESSAGE_OUTGOING_H
#define MP_MESSAGE_OUTGOING_H

#include "base/channel.h"
#include "base/copy.h"
#include "datatype/datatype_signature.h"
#include "heap/heap.h"
#include "message/request.h"
#include "process/peers.h"

#include <stdbool.h>

// A message of up to this many bytes goes with its packet (eager); a longer one is offered first.
extern MPI_Count mp_eager_max;

// Whether a message is sent eagerly. One that the receiver can copy straight out of our heap is
// offered earlier: the second copy is saved then, and that pays for the way to and fro.
enum { MP_EAGER_FROM_HEAP = 8 << 10 };
static inline bool mp_send_is_eager(const void *buffer, const struct mp_datatype *type,
                                    MPI_Count length)
{
    if (likely(length <= MP_EAGER_FROM_HEAP)) {
        return length <= mp_eager_max;
    }
    return length <= mp_eager_max &&
           !(type->contiguous &&
             mp_heap_holds((const char *)buffer + type->true_lb, (size_t)length));
}

// What a message says of where it comes from: under `mprun --check` one of the program's also of
// which type it is.
static inline int32_t mp_send_source(const struct mp_comm *comm, uint32_t context,
                                     const struct mp_datatype *type, MPI_Count count)
{
    return likely(!mp_process.check) || context != comm->context
               ? comm->rank
               : mp_source_stamped(comm->rank, mp_datatype_signature(type, count));
}

// A peer's queues. Only the first of each is tried: when there is no room for that, there is none
// for those behind it, and when there is room again, it comes first.
struct mp_outgoing {
    struct mp_list sends;   // requests whose first packet is yet to go: kept in order (3.5)
    struct mp_list answers; // DONE, ACCEPT, CANCEL ...: not ordered against sends
    struct mp_list pushes;  // accepted sends with payload left: not ordered against anything
    struct mp_list parts;   // partitioned sends with something ready: message/partitioned_send.c
    struct mp_list leaving; // requests, by `other`, that are over when `target` bytes have left
    struct mp_list dirty;   // in the list of peers that have something waiting
    // Of a guest: sends that were offered and receives that accepted, which only it can complete.
    struct mp_list awaiting;
    bool told_full; // this far peer knows that we keep as many messages as we are willing to
};

extern struct mp_outgoing *mp_outgoing; // by world rank

int mp_outgoing_open(void);

// Sends a message along with its packet, EAGER or SYNC, if there is room. *number: the packet's.
MP_ALWAYS_INLINE bool mp_send_packet(int world, const struct mp_packet *packet, const void *buffer,
                                     MPI_Count count, const struct mp_datatype *type,
                                     uint64_t *number)
{
    void *room = mp_channel_reserve(world, packet->kind, packet->length);
    if (unlikely(!room)) {
        return false;
    }
    if (likely(type->contiguous)) {
        mp_copy_passing(room, (const char *)buffer + type->true_lb, packet->length);
    } else {
        mp_datatype_pack(type, buffer, count, 0, room, packet->length);
    }
    *number = mp_channel_commit(world, packet);
    mp_channel_claim(world, packet->length);
    return true;
}

// Puts a send on its way: everything of `request` is set. It may complete at once.
void mp_send_start(struct mp_request *request);

// The same for one that there was no room for just now: it waits in the queue.
void mp_send_queue(struct mp_request *request);

// Sends an answer to a peer, now or when there is room.
void mp_answer(int peer, const struct mp_packet *packet);

// True if some of what was committed to that far peer is still in this process.
bool mp_outgoing_is_leaving(int peer);

// Completes a request whose last packet was just committed to that peer, when it has left this
// process. If it were complete before, the program could stay outside MPI with that packet in here,
// and the peer would wait for this rank's next call, which need not come (2.9, progress). Not later
// either: what is sent after it may have to wait for the peer's next call.
void mp_complete_when_left(int peer, struct mp_request *request, int error);

// The same for one whose last packet was just given to mp_answer.
void mp_complete_when_answered(int peer, struct mp_request *request, int error);

// The receiver accepted: push `wanted` bytes of the request's payload to it; straight to `address`
// in its memory if that can be reached from here (0: no such place).
void mp_push_start(struct mp_request *request, uint64_t target, MPI_Count wanted, uint64_t address);

// Sets up the queues of a peer.
void mp_outgoing_open_peer(int peer);

// A guest has died: all that is under way to or from it ends with MPI_ERR_PROC_ABORTED.
void mp_outgoing_fail(int peer);

// What only a guest can complete is kept in mind, for that case.
static inline void mp_outgoing_await(int peer, struct mp_request *request)
{
    if (unlikely(mp_is_guest(peer))) {
        mp_list_insert(&mp_outgoing[peer].awaiting, &request->link);
    }
}

// Something waits in `parts` of that peer.
void mp_outgoing_wait(int peer);

// True if nothing waits to go to any peer, or is still in this process.
bool mp_outgoing_idle(void);

// Takes back a send that has not left yet. Returns false if it has.
bool mp_send_unqueue(struct mp_request *request);

#endif
