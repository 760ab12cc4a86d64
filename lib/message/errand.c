// SPDX-License-Identifier: MIT
//
// FETCH is answered like an ACCEPT: the bytes are pushed in pieces (DATA) to a receive that no
// message has to match. STORE carries its bytes along; the last one is answered by DONE. Either
// side makes progress while it waits, so two ranks may have errands for each other at once.
//
// The lock. Whoever waits here keeps it. What it waits for is done by the peer's thread that is in
// the same operation, and by nothing that other threads of this rank would have to do: they are
// held up, but nobody waits in a circle.
#include "message/errand.h"

#include "base/copy.h"
#include "datatype/datatype.h"
#include "message/deliver.h"
#include "message/outgoing.h"
#include "message/request.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "process/remote.h"
#include "wait/progress.h"

#include <string.h>

// As much as is pushed at a time, for the same reason (message/outgoing.c).
enum { PIECE = 8 << 10 };

static struct mp_request *new_request(enum mp_request_kind kind, int world, uint64_t address,
                                      size_t bytes)
{
    struct mp_request *request = mp_request_new(kind, NULL, mp_datatype_get(MPI_BYTE));
    if (!request) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while copying from or to a peer");
    }
    request->world = world;
    request->buffer = (void *)(uintptr_t)address;
    request->count = request->length = request->bytes = (MPI_Count)bytes;
    return request;
}

static void look(unsigned *pauses)
{
    if (mp_progress()) {
        *pauses = 0;
    } else {
        mp_pause_holding(pauses);
    }
}

static void await(struct mp_request *request)
{
    unsigned pauses = 0;
    while (!request->complete) {
        look(&pauses);
    }
    mp_request_release(request);
}

void mp_errand_fetch(int world, uint64_t address, void *to, size_t bytes)
{
    struct mp_request *request = new_request(MP_REQUEST_RECV, world, (uintptr_t)to, bytes);
    struct mp_packet fetch = {
        .kind = MP_PACKET_FETCH, .target = (uintptr_t)request, .total = bytes, .address = address};
    mp_answer(world, &fetch);
    await(request);
}

void mp_errand_store(int world, uint64_t address, const void *from, size_t bytes)
{
    struct mp_request *request = new_request(MP_REQUEST_SEND, world, (uintptr_t)from, bytes);
    size_t most = mp_channel_payload_max(world);
    most = most < PIECE ? most : PIECE;

    for (size_t at = 0, piece; at < bytes; at += piece) {
        unsigned pauses = 0;
        void *room;
        piece = bytes - at < most ? bytes - at : most;
        while (!(room = mp_channel_reserve(world, MP_PACKET_STORE, piece))) {
            look(&pauses);
        }
        mp_copy_passing(room, (const char *)from + at, piece);
        struct mp_packet store = {.kind = MP_PACKET_STORE,
                                  .length = (uint32_t)piece,
                                  .address = address + at,
                                  .origin = at + piece == bytes ? (uintptr_t)request : 0};
        mp_channel_commit(world, &store);
    }
    await(request);
}

void mp_errand_deliver(int peer, const struct mp_packet *packet, const void *payload)
{
    mp_remote_lost();
    if (packet->kind == MP_PACKET_FETCH) {
        struct mp_request *request =
            new_request(MP_REQUEST_SEND, peer, packet->address, packet->total);
        mp_request_detach(request);
        mp_push_start(request, packet->target, (MPI_Count)packet->total, 0);
        return;
    }
    memcpy((void *)(uintptr_t)packet->address, payload, packet->length);
    if (packet->origin) {
        struct mp_packet done = {.kind = MP_PACKET_DONE, .origin = packet->origin};
        mp_answer(peer, &done);
    }
}

void mp_errand_open(void)
{
    mp_deliver_register(MP_PACKET_FETCH, mp_errand_deliver);
    mp_deliver_register(MP_PACKET_STORE, mp_errand_deliver);
}
