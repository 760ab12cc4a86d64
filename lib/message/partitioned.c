// SPDX-License-Identifier: MIT
// The two ends of a partitioned message, and what they say to each other:
//
//     SETUP   sender, when made: here I am, with that envelope, so many bytes and partitions
//     REFUSE  answer to SETUP: it does not fit into my buffer
//     CLEAR   receiver, at each start, once matched: my buffer is yours for one round
//     DATA    sender: a piece of the stream, and how many of my partitions end with it
//     OFFER   sender: a long piece that lies in a row in my memory; fetch it
//     TAKEN   answer to OFFER: fetched
//     PUSH    answer to OFFER: cannot fetch it, send it as DATA
//
// An end is named by the address of its request and a serial number, since the other end may
// outlive it: a sender may be freed while the CLEAR of a round it will not see is on its way.
// Here is what both have in common, and the receiving end; the other is in partitioned_send.c.
#include "message/partitioned_end.h"

#include "message/deliver.h"
#include "message/message_waits.h"
#include "message/outgoing.h"
#include "message/rendezvous.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "wait/progress.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct receiver {
    struct mp_part_end side;
    struct mp_list unmatched;   // in the list of those that no sender was found for
    struct mp_request *request; // NULL: freed before it was matched, keeps its place in the order
    uint32_t context;
    int source, tag, world;
    bool matched;
    int peer_partitions; // of the sender
    int coming;          // of them, yet to come in this round
    MPI_Count missing[]; // bytes, by partition
};

// A sender that no receiver was found for.
struct setup {
    struct mp_list link;
    int world;
    struct mp_packet packet;
};

static struct mp_list receivers = {&receivers, &receivers}; // unmatched, in order
static struct mp_list setups = {&setups, &setups};          // likewise
static uint32_t last_serial;

static struct receiver *receiver_of(const struct mp_request *request)
{
    return request->state;
}

int mp_partitions(const struct mp_request *request)
{
    return ((const struct mp_part_end *)request->state)->partitions;
}

// The end that a packet is for, NULL if it is gone.
static struct mp_request *find_end(uint64_t cookie, int32_t serial, enum mp_request_kind kind)
{
    void *address = (void *)(uintptr_t)cookie;
    struct mp_request *request = address;
    if (!mp_object_is(address, MP_KIND_REQUEST) || request->kind != kind ||
        ((const struct mp_part_end *)request->state)->serial != (uint32_t)serial) {
        return NULL;
    }
    return request;
}

// ---- Receiving

static void answer_sender(const struct mp_request *request, enum mp_packet_kind kind, int source,
                          uint64_t total)
{
    const struct receiver *r = receiver_of(request);
    struct mp_packet packet = {
        .kind = kind,
        .source = source,
        .tag = (int32_t)r->side.peer_serial,
        .origin = r->side.peer,
        .target = (uintptr_t)request,
        .total = total,
        .address = r->side.serial,
    };
    mp_answer(r->world, &packet);
}

static void open_round(struct mp_request *request)
{
    struct receiver *r = receiver_of(request);
    r->coming = r->peer_partitions;
    answer_sender(request, MP_PACKET_PART_CLEAR, 0, 0);
}

static int start_recv(struct mp_request *request)
{
    struct receiver *r = receiver_of(request);

    request->source = request->peer;
    request->result_tag = request->peer == MPI_PROC_NULL ? MPI_ANY_TAG : request->entry.tag;
    for (int p = 0; p < r->side.partitions; p++) {
        r->missing[p] = r->side.size;
    }
    if (request->peer == MPI_PROC_NULL || r->side.refused) {
        mp_request_complete(request, r->side.refused ? MPI_ERR_TRUNCATE : 0);
    } else if (r->matched) {
        open_round(request);
    }
    return 0;
}

static void release_recv(struct mp_request *request)
{
    struct receiver *r = receiver_of(request);
    if (mp_list_empty(&r->unmatched)) {
        free(r);
    } else {
        r->request = NULL; // the sender that belongs to it must not match the next one
    }
}

// The two ends have met.
static void match(struct receiver *r, int world, const struct mp_packet *setup)
{
    struct mp_request *request = r->request;

    mp_list_remove(&r->unmatched);
    if (!request) {
        free(r);
        return;
    }
    r->matched = true;
    r->world = world;
    r->peer_partitions = (int)setup->address;
    r->side.peer = setup->origin;
    r->side.peer_serial = (uint32_t)setup->target;
    r->side.peer_bytes = (MPI_Count)setup->total;
    bool waits = request->active && !request->complete;
    // The standard wants both of one size (4.2.1); what is missing at the end does no harm.
    if (r->side.peer_bytes > request->length) {
        r->side.refused = true;
        answer_sender(request, MP_PACKET_PART_REFUSE, 0, (uint64_t)request->length);
        if (waits) {
            mp_complete_when_answered(world, request, MPI_ERR_TRUNCATE);
        }
    } else if (waits) {
        open_round(request);
    }
}

static bool envelope_is(const struct receiver *r, const struct mp_packet *packet)
{
    return r->context == packet->context && r->source == packet->source && r->tag == packet->tag;
}

// Bytes [from, from + bytes) of the stream are here, and with them the last of `partitions` of the
// sender's.
static void arrived(struct mp_request *request, MPI_Count from, MPI_Count bytes, int partitions)
{
    struct receiver *r = receiver_of(request);
    MPI_Count size = r->side.size;

    for (MPI_Count p = size ? from / size : 0; bytes > 0; p++) {
        MPI_Count here = (p + 1) * size - from;
        here = here < bytes ? here : bytes;
        r->missing[p] -= here;
        from += here;
        bytes -= here;
    }
    r->coming -= partitions;
    if (r->coming == 0) {
        request->bytes = r->side.peer_bytes;
        mp_complete_when_answered(r->world, request, 0);
    }
}

bool mp_parrived(struct mp_request *request, int partition)
{
    const struct receiver *r = receiver_of(request);
    // A partition without bytes, or behind a message too short, has arrived when all of it has.
    if (!request->complete && (r->side.size == 0 || r->missing[partition] > 0)) {
        mp_progress_look();
    }
    return request->complete || (r->side.size > 0 && r->missing[partition] == 0);
}

// ---- Making the ends

void mp_part_explain(const struct mp_request *request)
{
    const struct mp_part_end *side = request->state;
    bool sends = request->kind == MP_REQUEST_PART_SEND;
    mp_fail(request->error,
            sends ? "the partitioned send has %lld bytes, and the receive that it was matched with "
                    "at rank %d only %lld"
                  : "the partitioned receive has %lld bytes, and the send that it was matched with "
                    "at rank %d has %lld",
            (long long)request->length, request->peer, (long long)side->peer_bytes);
}

int mp_part_cancel(struct mp_request *request)
{
    return mp_fail(MPI_ERR_REQUEST, "a partitioned %s cannot be cancelled",
                   request->kind == MP_REQUEST_PART_SEND ? "send" : "receive");
}

int mp_part_end_new(enum mp_request_kind kind, size_t state_bytes, void *buffer, int partitions,
                    MPI_Count count, struct mp_datatype *type, int peer, int tag,
                    struct mp_comm *comm, struct mp_request **request)
{
    MPI_Count elements, bytes;
    if (__builtin_mul_overflow(partitions, count, &elements) ||
        __builtin_mul_overflow(elements, type->size, &bytes)) {
        return mp_fail(MPI_ERR_COUNT,
                       "count is %lld: %d partitions of so many elements of %lld bytes are more "
                       "than 2^63 bytes",
                       (long long)count, partitions, (long long)type->size);
    }
    struct mp_part_end *side = calloc(1, state_bytes);
    struct mp_request *r = side ? mp_request_new(kind, comm, type) : NULL;
    if (!r) {
        free(side);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a request of %d partitions", partitions);
    }
    side->serial = ++last_serial;
    side->partitions = partitions;
    side->size = bytes / partitions;
    r->state = side;
    r->buffer = buffer;
    r->count = elements;
    r->length = bytes;
    r->peer = peer;
    r->world = peer == MPI_PROC_NULL ? -1 : mp_comm_world_rank(comm, peer);
    r->entry.tag = tag;
    r->context = comm->context;
    r->persistent = true;
    r->active = false;
    r->complete = true;
    *request = r;
    return 0;
}

static void recv_awaits(const struct mp_request *request, struct mp_wait_record *record)
{
    mp_describe_part(request, false, record);
}

static const struct mp_request_ops recv_ops = {.start = start_recv,
                                               .awaits = recv_awaits,
                                               .cancel = mp_part_cancel,
                                               .explain = mp_part_explain,
                                               .release = release_recv};

int mp_precv_init(void *buffer, int partitions, MPI_Count count, struct mp_datatype *type,
                  int source, int tag, struct mp_comm *comm, struct mp_request **request)
{
    struct receiver *r;
    int error =
        mp_part_end_new(MP_REQUEST_PART_RECV, sizeof *r + (size_t)partitions * sizeof(MPI_Count),
                        buffer, partitions, count, type, source, tag, comm, request);
    if (error) {
        return error;
    }
    r = receiver_of(*request);
    r->request = *request;
    r->context = comm->context;
    r->source = source;
    r->tag = tag;
    mp_list_init(&r->unmatched);
    (*request)->ops = &recv_ops;
    if (source == MPI_PROC_NULL) {
        return 0;
    }
    for (struct mp_list *at = setups.next; at != &setups; at = at->next) {
        struct setup *setup = mp_container_of(at, struct setup, link);
        if (envelope_is(r, &setup->packet)) {
            mp_list_remove(&setup->link);
            match(r, setup->world, &setup->packet);
            free(setup);
            return 0;
        }
    }
    mp_list_insert(&receivers, &r->unmatched);
    return 0;
}

void mp_partitioned_drop(uint32_t context)
{
    for (struct mp_list *at = setups.next, *next; at != &setups; at = next) {
        struct setup *setup = mp_container_of(at, struct setup, link);
        next = at->next;
        if (setup->packet.context == context) {
            mp_list_remove(at);
            free(setup);
        }
    }
    // Requests hold their communicator, so what is left here has none.
    for (struct mp_list *at = receivers.next, *next; at != &receivers; at = next) {
        struct receiver *r = mp_container_of(at, struct receiver, unmatched);
        next = at->next;
        if (r->context == context && !r->request) {
            mp_list_remove(at);
            free(r);
        }
    }
}

// ---- Packets

static void setup_arrived(int world, const struct mp_packet *packet)
{
    for (struct mp_list *at = receivers.next; at != &receivers; at = at->next) {
        struct receiver *r = mp_container_of(at, struct receiver, unmatched);
        if (envelope_is(r, packet)) {
            match(r, world, packet);
            return;
        }
    }
    struct setup *setup = malloc(sizeof *setup);
    if (!setup) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while keeping a partitioned send that no "
                                         "receive was made for yet");
    }
    *setup = (struct setup){.world = world, .packet = *packet};
    mp_list_insert(&setups, &setup->link);
}

static void data_arrived(struct mp_request *request, const struct mp_packet *packet,
                         const void *payload)
{
    if (packet->length) {
        mp_datatype_unpack(request->type, request->buffer, request->count, (MPI_Count)packet->total,
                           payload, packet->length);
    }
    arrived(request, (MPI_Count)packet->total, packet->length, packet->source);
}

static void offer_arrived(struct mp_request *request, int peer, const struct mp_packet *packet)
{
    MPI_Count from = (MPI_Count)packet->total, bytes = (MPI_Count)packet->origin;
    struct mp_payload run = {
        .request = request, .peer = peer, .offer = packet, .at = from, .bytes = bytes};
    if (mp_protocol_take(&run)) {
        answer_sender(request, MP_PACKET_PART_TAKEN, packet->source, 0);
        arrived(request, from, bytes, packet->source);
    } else {
        // Which of its partitions these are: all have one size, and this range is not empty.
        answer_sender(request, MP_PACKET_PART_PUSH, packet->source,
                      (uint64_t)(from / (bytes / packet->source)));
    }
}

void mp_partitioned_deliver(int peer, const struct mp_packet *packet, const void *payload)
{
    struct mp_request *request;

    switch (packet->kind) {
    case MP_PACKET_PART_SETUP:
        setup_arrived(peer, packet);
        return;
    case MP_PACKET_PART_DATA:
    case MP_PACKET_PART_OFFER:
        request = find_end(packet->target, packet->tag, MP_REQUEST_PART_RECV);
        if (!request || request->complete) {
            mp_process_abort(MPI_ERR_INTERN, "a peer sent a partition that nobody waits for");
        }
        if (packet->kind == MP_PACKET_PART_DATA) {
            data_arrived(request, packet, payload);
        } else {
            offer_arrived(request, peer, packet);
        }
        return;
    default:
        request = find_end(packet->origin, packet->tag, MP_REQUEST_PART_SEND);
        if (request) {
            mp_part_answered(request, packet);
        }
    }
}

void mp_partitioned_open(void)
{
    for (int kind = MP_PACKET_PART_SETUP; kind <= MP_PACKET_PART_PUSH; kind++) {
        mp_deliver_register((enum mp_packet_kind)kind, mp_partitioned_deliver);
    }
}
