// SPDX-License-Identifier: MIT
// Sending, below the API's functions: choose the protocol, reserve, pack, commit; queue when there
// is no room. Short messages go with their packet (EAGER). Synchronous ones do too, but wait for an
// answer (SYNC). Long ones are offered (OFFER): the receiver takes the payload and answers DONE, or
// answers ACCEPT and it is pushed to it in pieces (DATA): message/rendezvous.c. So are short ones
// while the receiver has too many that it did not ask for (message/unexpected.h).
// Messages to this very rank are handed to mp_deliver without any channel.
// A request is complete when the last that it sends has left this process (mp_complete_when_left).
#include "message/outgoing.h"

#include "base/copy.h"
#include "base/region.h"
#include "datatype/datatype_layout.h"
#include "message/deliver.h"
#include "message/partitioned.h"
#include "message/unexpected.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "wait/progress.h"

#include <stdlib.h>
#include <string.h>

struct answer {
    struct mp_list link;
    struct mp_list last_of; // requests, by `other`, that are over when it has left
    struct mp_packet packet;
};

MPI_Count mp_eager_max;
struct mp_outgoing *mp_outgoing;

static struct mp_list dirty = {&dirty, &dirty}; // peers with something queued
static struct mp_regions answers;               // memory of those that found no room
static uint64_t self_sequence;                  // packets this rank sent to itself

static int poll_dirty(struct mp_poller *poller);
static struct mp_poller poller = {.link = {&poller.link, &poller.link}, .poll = poll_dirty};

void mp_outgoing_open_peer(int peer)
{
    mp_list_init(&mp_outgoing[peer].sends);
    mp_list_init(&mp_outgoing[peer].answers);
    mp_list_init(&mp_outgoing[peer].pushes);
    mp_list_init(&mp_outgoing[peer].parts);
    mp_list_init(&mp_outgoing[peer].leaving);
    mp_list_init(&mp_outgoing[peer].dirty);
    mp_list_init(&mp_outgoing[peer].awaiting);
    mp_outgoing[peer].told_full = false;
}

int mp_outgoing_open(void)
{
    mp_outgoing = mp_peer_table(sizeof *mp_outgoing);
    if (!mp_outgoing) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the queues of %d peers", mp_process.size);
    }
    for (int peer = 0; peer < mp_process.size; peer++) {
        mp_outgoing_open_peer(peer);
    }
    return 0;
}

static void mark_dirty(struct mp_outgoing *out)
{
    if (mp_list_empty(&out->dirty)) {
        mp_list_insert(&dirty, &out->dirty);
        mp_progress_add(&poller);
    }
}

void mp_outgoing_wait(int peer)
{
    mark_dirty(&mp_outgoing[peer]);
}

bool mp_outgoing_is_leaving(int peer)
{
    struct mp_outflow flow = mp_far->outflow(peer);
    return flow.left < flow.committed;
}

void mp_complete_when_left(int peer, struct mp_request *request, int error)
{
    struct mp_outflow flow = {0, 0};

    if (unlikely(!mp_peer_is_near(peer))) {
        flow = mp_far->outflow(peer);
    }
    if (likely(flow.left == flow.committed)) {
        mp_request_complete(request, error);
        return;
    }
    request->error = error;
    request->target = flow.committed;
    mp_list_insert(&mp_outgoing[peer].leaving, &request->other);
    mark_dirty(&mp_outgoing[peer]);
}

void mp_complete_when_answered(int peer, struct mp_request *request, int error)
{
    struct mp_list *queue = &mp_outgoing[peer].answers;
    if (likely(mp_list_empty(queue))) {
        mp_complete_when_left(peer, request, error);
        return;
    }
    struct answer *last = mp_container_of(queue->prev, struct answer, link);
    request->error = error;
    mp_list_insert(&last->last_of, &request->other);
}

static void const *contiguous_data(const struct mp_request *request)
{
    return request->type->contiguous ? (char *)request->buffer + request->type->true_lb : NULL;
}

// Describes a payload in our heap that is regular but not contiguous, so that the receiver can take
// it where it lies. False for all others.
static bool describe(const struct mp_request *request, struct mp_layout *layout)
{
    return mp_peer_is_near(request->world) && !request->type->contiguous &&
           mp_layout_describe(layout, request->type, request->buffer, request->count) &&
           mp_heap_holds((void *)(uintptr_t)layout->low, layout->span);
}

static void first_packet(const struct mp_request *request, struct mp_packet *packet)
{
    *packet = (struct mp_packet){.context = request->context,
                                 .source = request->context == request->comm->context
                                               ? mp_send_source(request->comm, request->context,
                                                                request->type, request->count)
                                               : request->source,
                                 .tag = request->entry.tag,
                                 .origin = (uintptr_t)request};
    if (!mp_send_is_eager(request->buffer, request->type, request->length) ||
        mp_unexpected_is_full(request->world, request->comm)) {
        packet->kind = MP_PACKET_OFFER;
        packet->total = (uint64_t)request->length;
        packet->address = (uintptr_t)contiguous_data(request);
    } else {
        packet->kind = request->mode == MP_SEND_SYNC ? MP_PACKET_SYNC : MP_PACKET_EAGER;
        packet->length = (uint32_t)request->length;
    }
}

// What the first packet's leaving means for the request.
static void first_packet_left(struct mp_request *request, const struct mp_packet *packet,
                              uint64_t sequence)
{
    request->sequence = sequence;
    if (packet->kind == MP_PACKET_EAGER) {
        request->moved = request->length;
        mp_complete_when_left(request->world, request, 0);
    }
}

static bool send_first_packet(struct mp_request *request)
{
    struct mp_packet packet;
    struct mp_layout layout;
    first_packet(request, &packet);
    if (packet.kind == MP_PACKET_OFFER && describe(request, &layout)) {
        packet.length = sizeof layout;
    }
    uint64_t number;
    if (packet.kind == MP_PACKET_OFFER) {
        void *room = mp_channel_reserve(request->world, packet.kind, packet.length);
        if (!room) {
            return false;
        }
        memcpy(room, &layout, packet.length);
        number = mp_channel_commit(request->world, &packet);
    } else if (!mp_send_packet(request->world, &packet, request->buffer, request->count,
                               request->type, &number)) {
        return false;
    }
    request->offered = packet.kind != MP_PACKET_EAGER;
    if (request->offered) {
        mp_outgoing_await(request->world, request);
    }
    first_packet_left(request, &packet, number);
    return true;
}

// Nobody but this thread tells the others of this rank: for what comes from a peer, the peer does.
// The packet need not complete anything: a message may be kept, and one of them probe for it.
static void deliver_to_self(const struct mp_packet *packet, const void *payload)
{
    mp_deliver(mp_process.rank, packet, payload);
    mp_wake_threads();
}

static void send_to_self(struct mp_request *request)
{
    struct mp_packet packet;
    const void *payload = contiguous_data(request);
    void *packed = NULL;

    first_packet(request, &packet);
    packet.sequence = request->sequence = self_sequence++;
    request->offered = packet.kind != MP_PACKET_EAGER;
    if (packet.length && !payload) {
        payload = packed = malloc(packet.length);
        if (!packed) {
            mp_request_complete(request, MPI_ERR_NO_MEM);
            return;
        }
        mp_datatype_pack(request->type, request->buffer, request->count, 0, packed, packet.length);
    }
    deliver_to_self(&packet, payload);
    free(packed);
    // A SYNC or OFFER that was matched is complete already, and perhaps gone.
    if (packet.kind == MP_PACKET_EAGER) {
        first_packet_left(request, &packet, packet.sequence);
    }
}

void mp_send_queue(struct mp_request *request)
{
    struct mp_outgoing *out = &mp_outgoing[request->world];
    mp_list_insert(&out->sends, &request->link);
    mp_channel_close_fast_path(request->world);
    mark_dirty(out);
}

void mp_send_start(struct mp_request *request)
{
    const struct mp_outgoing *out = &mp_outgoing[request->world];

    if (request->world == mp_process.rank) {
        send_to_self(request);
    } else if (!mp_list_empty(&out->sends) || !send_first_packet(request)) {
        mp_send_queue(request);
    }
}

bool mp_send_unqueue(struct mp_request *request)
{
    if (request->complete || request->offered || mp_list_empty(&request->link)) {
        return false;
    }
    mp_list_remove(&request->link);
    return true;
}

static bool send_answer(int peer, const struct mp_packet *packet)
{
    if (!mp_channel_reserve(peer, packet->kind, 0)) {
        return false;
    }
    mp_channel_commit(peer, packet);
    return true;
}

void mp_answer(int peer, const struct mp_packet *packet)
{
    struct mp_outgoing *out = &mp_outgoing[peer];

    if (peer == mp_process.rank) {
        deliver_to_self(packet, NULL);
    } else if (!mp_list_empty(&out->answers) || !send_answer(peer, packet)) {
        struct answer *answer = mp_region_take(&answers, sizeof *answer);
        if (!answer) {
            mp_process_abort(MPI_ERR_NO_MEM, "out of memory while answering a peer");
        }
        answer->packet = *packet;
        mp_list_init(&answer->last_of);
        mp_list_insert(&out->answers, &answer->link);
        mark_dirty(out);
    }
}

// How much is pushed at a time. Small, so that the receiver copies the first piece while the second
// is written.
enum { PIECE = 8 << 10 };

// Pushes as many pieces as there is room for. Returns how many.
static int push(struct mp_request *request)
{
    int pieces = 0;
    MPI_Count most = (MPI_Count)mp_channel_payload_max(request->world);
    most = mp_peer_is_near(request->world) && most > PIECE ? PIECE : most;
    while (request->moved < request->bytes) {
        MPI_Count piece = request->bytes - request->moved;
        if (piece > most) {
            piece = most;
        }
        void *room = mp_channel_reserve(request->world, MP_PACKET_DATA, (size_t)piece);
        if (!room) {
            return pieces;
        }
        if (request->type->contiguous) {
            mp_copy_passing(room, (const char *)contiguous_data(request) + request->moved,
                            (size_t)piece);
        } else {
            mp_datatype_pack(request->type, request->buffer, request->count, request->moved, room,
                             piece);
        }
        struct mp_packet packet = {.kind = MP_PACKET_DATA,
                                   .context = request->context,
                                   .length = (uint32_t)piece,
                                   .target = request->target,
                                   .total = (uint64_t)request->moved};
        mp_channel_commit(request->world, &packet);
        request->moved += piece;
        pieces++;
    }
    mp_list_remove(&request->link);
    mp_complete_when_left(request->world, request, 0);
    return pieces + 1;
}

void mp_push_start(struct mp_request *request, uint64_t target, MPI_Count wanted, uint64_t address)
{
    void *place = mp_peer_is_near(request->world)
                      ? mp_heap_reach(request->world, (void *)(uintptr_t)address, (size_t)wanted)
                      : NULL;
    if (place) {
        // In one copy, however our side is laid out: straight into the receiver's buffer.
        struct mp_packet placed = {
            .kind = MP_PACKET_PLACED, .target = target, .total = (uint64_t)wanted};
        mp_datatype_pack(request->type, request->buffer, request->count, 0, place, wanted);
        mp_answer(request->world, &placed);
        mp_complete_when_answered(request->world, request, 0);
        return;
    }
    request->target = target;
    request->bytes = wanted;
    request->moved = 0;
    mp_list_remove(&request->link); // a guest's
    struct mp_outgoing *out = &mp_outgoing[request->world];
    mp_list_insert(&out->pushes, &request->link);
    mark_dirty(out);
}

static int flush_answers(int peer, struct mp_outgoing *out)
{
    int done = 0;
    while (!mp_list_empty(&out->answers)) {
        struct answer *answer = mp_container_of(out->answers.next, struct answer, link);
        if (!send_answer(peer, &answer->packet)) {
            return done;
        }
        mp_list_remove(&answer->link);
        while (!mp_list_empty(&answer->last_of)) {
            struct mp_request *over =
                mp_container_of(answer->last_of.next, struct mp_request, other);
            mp_list_remove(&over->other);
            mp_complete_when_left(peer, over, over->error);
        }
        mp_region_give(&answers, answer);
        done++;
    }
    return done;
}

static int flush_leaving(int peer, struct mp_outgoing *out)
{
    int done = 0;
    while (!mp_list_empty(&out->leaving)) {
        struct mp_request *request = mp_container_of(out->leaving.next, struct mp_request, other);
        if (mp_far->outflow(peer).left < request->target) {
            break;
        }
        mp_list_remove(&request->other);
        mp_request_complete(request, request->error);
        done++;
    }
    return done;
}

static int flush_sends(struct mp_outgoing *out)
{
    int done = 0;
    while (!mp_list_empty(&out->sends)) {
        struct mp_request *request = mp_container_of(out->sends.next, struct mp_request, link);
        // Out of the queue first: completing may free the request.
        mp_list_remove(&request->link);
        if (!send_first_packet(request)) {
            mp_list_insert(out->sends.next, &request->link);
            return done;
        }
        done++;
    }
    return done;
}

// Pieces of one payload after the other, as far as there is room.
static int flush_pushes(struct mp_outgoing *out)
{
    int done = 0;
    while (!mp_list_empty(&out->pushes)) {
        struct mp_list *first = out->pushes.next;
        done += push(mp_container_of(first, struct mp_request, link));
        if (out->pushes.next == first) {
            break;
        }
    }
    return done;
}

// All kinds are tried, whatever there was no room for before: a ring may have room for a small
// packet and none for a long one, and nobody may wait for ever behind one kind that never ends.
static int flush_peer(int peer, struct mp_outgoing *out)
{
    int done = flush_answers(peer, out);
    done += flush_leaving(peer, out);
    done += flush_sends(out);
    done += flush_pushes(out);
    done += mp_partitioned_flush(&out->parts);
    if (mp_list_empty(&out->answers) && mp_list_empty(&out->sends) && mp_list_empty(&out->pushes) &&
        mp_list_empty(&out->parts) && mp_list_empty(&out->leaving)) {
        mp_list_remove(&out->dirty);
    }
    return done;
}

static int poll_dirty(struct mp_poller *self)
{
    int done = 0;
    for (struct mp_list *at = dirty.next, *next; at != &dirty; at = next) {
        next = at->next;
        struct mp_outgoing *out = mp_container_of(at, struct mp_outgoing, dirty);
        done += flush_peer((int)(out - mp_outgoing), out);
    }
    if (mp_list_empty(&dirty)) {
        mp_progress_remove(self);
    }
    return done;
}

bool mp_outgoing_idle(void)
{
    for (int peer = 0; peer < mp_peers_end && mp_far; peer++) {
        if (!mp_peer_is_near(peer) && mp_outgoing_is_leaving(peer)) {
            return false;
        }
    }
    return mp_list_empty(&dirty);
}

static void fail_links(struct mp_list *list)
{
    while (!mp_list_empty(list)) {
        struct mp_request *request = mp_container_of(list->next, struct mp_request, link);
        mp_list_remove(&request->link);
        mp_request_complete(request, MPI_ERR_PROC_ABORTED);
    }
}

void mp_outgoing_fail(int peer)
{
    struct mp_outgoing *out = &mp_outgoing[peer];

    flush_answers(peer, out); // the stream is gone: all is dropped
    flush_leaving(peer, out);
    fail_links(&out->sends);
    fail_links(&out->pushes);
    fail_links(&out->awaiting);
}
