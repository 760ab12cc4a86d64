// SPDX-License-Identifier: MIT
// Arriving packets: match, move the payload, answer. This is the receiving half of the protocol
// whose sending half is in message/outgoing.c.
#include "message/deliver.h"

#include "base/copy.h"
#include "heap/heap.h"
#include "message/outgoing.h"
#include "message/rendezvous.h"
#include "object/errhandler.h"
#include "process/handed.h"
#include "process/peers.h"

// Starts filling in the result; returns the bytes to be moved, less than `total` on truncation.
static MPI_Count meet(struct mp_request *request, const struct mp_packet *packet, MPI_Count total)
{
    request->source = packet->source;
    request->result_tag = packet->tag;
    request->total = total;
    // Truncated: the status tells what arrived in the buffer, the error tells the rest (3.2.4).
    request->error = total > request->length ? MPI_ERR_TRUNCATE : 0;
    if (mp_datatype_is_cut(request->type, total) && total < request->length) {
        request->error = MPI_ERR_TYPE; // no sender's type has that signature (3.3.1)
    }
    request->bytes = total > request->length ? request->length : total;
    if (unlikely(mp_handed.receive_met != NULL)) {
        mp_handed.receive_met(request);
    }
    return request->bytes;
}

// The receive is over, and so is the send that it met.
static void complete_both(struct mp_request *request, int peer, uint64_t origin)
{
    struct mp_packet done = {.kind = MP_PACKET_DONE, .origin = origin};
    mp_answer(peer, &done);
    mp_complete_when_answered(peer, request, request->error);
}

static void receive_payload(struct mp_request *request, int peer, const struct mp_packet *packet,
                            const void *payload)
{
    MPI_Count bytes = meet(request, packet, packet->length);
    if (bytes && request->type->contiguous) {
        mp_copy_passing((char *)request->buffer + request->type->true_lb, payload, (size_t)bytes);
    } else if (bytes) {
        mp_datatype_unpack(request->type, request->buffer, request->count, 0, payload, bytes);
    }
    if (packet->kind == MP_PACKET_SYNC) {
        complete_both(request, peer, packet->origin);
    } else {
        mp_request_complete(request, request->error);
    }
}

// Where the first `bytes` of a receive lie, if that is one piece of our heap and the sender is
// near; else NULL. (A guest whose world has died may not have ended yet, when the receive has.)
static void *own_heap_place(const struct mp_request *request, int peer, MPI_Count bytes)
{
    char *place = (char *)request->buffer + request->type->true_lb;
    return mp_peer_is_near(peer) && !mp_is_guest(peer) && request->type->contiguous &&
                   mp_heap_holds(place, (size_t)bytes)
               ? place
               : NULL;
}

// A long message has met its receive: get the payload over.
static void accept_offer(struct mp_request *request, int peer, const struct mp_packet *offer,
                         const void *payload)
{
    MPI_Count bytes = meet(request, offer, (MPI_Count)offer->total);

    void *place = own_heap_place(request, peer, bytes);
    struct mp_payload wanted = {.request = request,
                                .peer = peer,
                                .offer = offer,
                                .layout = payload,
                                .bytes = bytes,
                                .place = place};
    if (bytes == 0 || mp_protocol_take(&wanted)) {
        complete_both(request, peer, offer->origin);
        return;
    }
    if (unlikely(request->comm->lost) && mp_is_guest(peer)) { // it was kept, and its sender died
        mp_request_complete(request, MPI_ERR_PROC_ABORTED);
        return;
    }
    struct mp_packet accept = {.kind = MP_PACKET_ACCEPT,
                               .origin = offer->origin,
                               .target = (uintptr_t)request,
                               .total = (uint64_t)bytes,
                               .address = (uintptr_t)place};
    request->moved = 0;
    request->world = peer;
    mp_outgoing_await(peer, request);
    mp_answer(peer, &accept);
}

void mp_deliver_kept(struct mp_request *request, struct mp_unexpected *message)
{
    if (message->packet.kind == MP_PACKET_OFFER) {
        accept_offer(request, message->peer, &message->packet, message->payload);
    } else {
        receive_payload(request, message->peer, &message->packet, message->payload);
    }
    mp_unexpected_free(message);
}

// The live request that a cookie names. A peer that sends anything else is broken or of another
// version: better to end here than to write through a wild pointer.
static struct mp_request *cookie_request(uint64_t cookie)
{
    void *address = (void *)(uintptr_t)cookie;
    if (!mp_object_is(address, MP_KIND_REQUEST)) {
        mp_process_abort(MPI_ERR_INTERN, "a peer answered a request that does not exist");
    }
    return address;
}

static void message_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    struct mp_match *match = mp_match_get(packet->context);
    struct mp_request *request =
        match ? mp_match_arrival(match, mp_source_rank(packet->source), packet->tag) : NULL;

    if (request && packet->kind == MP_PACKET_OFFER) {
        accept_offer(request, peer, packet, payload);
    } else if (request) {
        receive_payload(request, peer, packet, payload);
    } else if (!match || mp_match_keep(match, peer, packet, payload) != 0) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while keeping a message that no receive "
                                         "has asked for yet");
    }
}

static void data_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    struct mp_request *request = cookie_request(packet->target);
    if (request->type->contiguous) {
        mp_copy_passing((char *)request->buffer + request->type->true_lb + packet->total, payload,
                        packet->length);
    } else {
        mp_datatype_unpack(request->type, request->buffer, request->count, (MPI_Count)packet->total,
                           payload, packet->length);
    }
    request->moved += packet->length;
    if (request->moved == request->bytes) {
        mp_list_remove(&request->link); // a guest's
        mp_request_complete(request, request->error);
    }
}

static void accept_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)payload;
    mp_push_start(cookie_request(packet->origin), packet->target, (MPI_Count)packet->total,
                  packet->address);
}

static void done_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)payload;
    struct mp_request *request = cookie_request(packet->origin);
    mp_list_remove(&request->link); // a guest's
    mp_request_complete(request, (int)packet->total);
}

// The sender has put the payload where it belongs.
static void placed_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)payload;
    struct mp_request *request = cookie_request(packet->target);
    request->moved = (MPI_Count)packet->total;
    mp_request_complete(request, request->error);
}

// The sender wants a message back. It can have it if no receive has met it.
static void cancel_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)payload;
    struct mp_unexpected *message = mp_match_by_sequence(peer, packet->total);
    struct mp_packet answer = {
        .kind = MP_PACKET_CANCELLED, .origin = packet->origin, .total = message != NULL};
    if (message) {
        mp_match_take(message);
        mp_unexpected_free(message);
    }
    mp_answer(peer, &answer);
}

static void cancelled_arrived(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)payload;
    struct mp_request *request = cookie_request(packet->origin);
    request->cancelling = false;
    request->cancelled = packet->total != 0;
    // Too late: an eager message is sent as usual, an offered one when its answer is here too (it
    // may have come first: mp_request_complete kept it back).
    if (request->cancelled || !request->offered || request->answered) {
        if (!request->answered) {
            mp_list_remove(&request->other); // it need not leave any more
        }
        mp_list_remove(&request->link); // a guest's
        mp_request_complete(request, 0);
    }
}

static mp_deliver_fn *takers[MP_PACKET_KINDS];

void mp_deliver_register(enum mp_packet_kind kind, mp_deliver_fn *taker)
{
    takers[kind] = taker;
}

void mp_deliver_open(void)
{
    mp_deliver_register(MP_PACKET_EAGER, message_arrived);
    mp_deliver_register(MP_PACKET_SYNC, message_arrived);
    mp_deliver_register(MP_PACKET_OFFER, message_arrived);
    mp_deliver_register(MP_PACKET_ACCEPT, accept_arrived);
    mp_deliver_register(MP_PACKET_DATA, data_arrived);
    mp_deliver_register(MP_PACKET_DONE, done_arrived);
    mp_deliver_register(MP_PACKET_PLACED, placed_arrived);
    mp_deliver_register(MP_PACKET_CANCEL, cancel_arrived);
    mp_deliver_register(MP_PACKET_CANCELLED, cancelled_arrived);
}

void mp_deliver(int peer, const struct mp_packet *packet, const void *payload)
{
    mp_deliver_fn *taker = packet->kind < MP_PACKET_KINDS ? takers[packet->kind] : NULL;
    if (unlikely(!taker)) {
        mp_process_abort(MPI_ERR_INTERN, "a packet of unknown kind arrived");
    }
    taker(peer, packet, payload);
}
