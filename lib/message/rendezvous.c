// SPDX-License-Identifier: MIT
// The table of protocols. The sender of a long message offers it: it tells where the payload lies
// (an address if that is one piece, a layout if it is regular and in the shared heap). The receiver
// chooses. It takes the payload itself, alone or with the sender's help, or asks for it to be
// pushed (ACCEPT), and then the sender chooses between one copy, if it can reach the place, and
// pieces through the channel (message/outgoing.c). Whatever the kernel refuses is pushed.
// Read next: message/together.c (how two copy one message), heap/heap.h, process/remote.h.
#include "message/rendezvous.h"

#include "datatype/datatype_layout.h"
#include "heap/heap.h"
#include "message/together.h"
#include "process/peers.h"
#include "process/remote.h"

#include <stdlib.h>
#include <string.h>

enum protocol {
    SELF,            // both ends are this rank: one copy from type to type
    TOGETHER,        // both ends copy, from heap to heap
    MAPPED,          // the receiver copies out of the sender's heap
    KERNEL_TOGETHER, // the kernel copies, for both ends at once
    KERNEL,          // the kernel copies for the receiver
    PUSHED           // the sender writes into the receiver's heap, or else into the channel
};

// What decides, besides the length.
enum fact {
    TO_SELF = 1 << 0,
    FROM_HEAP = 1 << 1,        // we can read the payload where it lies
    FROM_ADDRESS = 1 << 2,     // where it lies is one piece
    TO_HEAP = 1 << 3,          // the sender can reach where it goes
    TO_PLACE = 1 << 4,         // and put it there by itself: that is one piece
    TO_ADDRESS = 1 << 5,       // where it goes is one piece
    REGULAR = 1 << 6,          // where it goes has a layout (where it lies in a heap, too)
    KERNEL_ALLOWS = 1 << 7,    // this process may read the sender's memory
    SENDER_IN_A_CALL = 1 << 8, // with a core of its own: it can copy too
    SENDER_SENDS = 1 << 9      // and it has nothing else to do: that call is a blocking send
};

// The first row applies whose facts are all there. Figures: two AMD EPYC cores; `near` ones share a
// cache (70 ns for 8 bytes), `far` ones do not (600 ns).
static const struct row {
    enum protocol protocol;
    unsigned facts;
    MPI_Count least; // bytes
} rows[] = {
    {SELF, TO_SELF, 0},
    // Each of two cores has its own lines under way. Contiguous, 1 MB: 87 us alone, 44 together
    // (fresh buffers, near). To and fro, near, 16 KB: 1.9 us and 0.8; far, 64 KB: 33 us and 11.
    // Strided by 64, 1 MB: 262 and 115. A sender that does not wait has work of its own, and is
    // asked to help with more only: a stream of 16 KB, far, 0.73 us alone and 1.4 together, of 256
    // KB 4.9 and 4.4.
    {TOGETHER, FROM_HEAP | TO_HEAP | REGULAR | SENDER_SENDS, 16 << 10},
    {TOGETHER, FROM_HEAP | TO_HEAP | REGULAR | SENDER_IN_A_CALL, 128 << 10},
    {MAPPED, FROM_HEAP | REGULAR, 0},
    {MAPPED, FROM_HEAP | FROM_ADDRESS, 0},
    // A program copies faster than the kernel: 1.6 us for 64 KB, not 4.0. A sender that is not in a
    // call may be long in coming, so what it need not do, it is not asked for.
    {PUSHED, TO_PLACE | SENDER_IN_A_CALL, 16 << 10},
    // 64 KB to and fro, near: 13 us alone, 4.6 together; far: 37 and 6.1; fresh buffers 13 and 9.7.
    // 256 KB to and fro: 33 and 13; 4 MB of fresh buffers: 315 and 254.
    {KERNEL_TOGETHER, FROM_ADDRESS | TO_ADDRESS | KERNEL_ALLOWS | SENDER_SENDS, 16 << 10},
    // Twice through the channel takes longer at every size from 64 KB on (1 MB: 62 us, not 130).
    {KERNEL, FROM_ADDRESS, 0},
    {PUSHED, 0, 0},
};

// What a noncontiguous receive reads through the kernel at a time.
enum { PIECE = 64 << 10 };

// A payload, the two sides of it as far as they are known, and the facts.
struct transfer {
    struct mp_payload payload;
    struct mp_layout from, to; // `from` where we can read it, with FROM_HEAP; both with REGULAR
    unsigned facts;
};

static char *place_of(const struct mp_payload *p)
{
    return (char *)p->request->buffer + p->request->type->true_lb + p->at;
}

static void look_at_receive(struct transfer *t)
{
    const struct mp_request *request = t->payload.request;
    if (request->type->contiguous) {
        t->to = mp_layout_bytes(place_of(&t->payload), (size_t)t->payload.bytes);
        t->facts |= TO_ADDRESS | REGULAR;
    } else if (t->payload.at == 0 &&
               mp_layout_describe(&t->to, request->type, request->buffer, request->count)) {
        t->facts |= REGULAR;
    }
    t->facts |= t->payload.place ? TO_PLACE : 0;
    if (t->facts & REGULAR && mp_heap_holds((void *)(uintptr_t)t->to.low, t->to.span)) {
        t->facts |= TO_HEAP;
    }
}

static void look_at_sender(struct transfer *t)
{
    const struct mp_packet *offer = t->payload.offer;
    int peer = t->payload.peer;
    if (offer->length == sizeof t->from) {
        memcpy(&t->from, t->payload.layout, sizeof t->from);
    } else {
        t->from = mp_layout_bytes((void *)(uintptr_t)offer->address, (size_t)t->payload.bytes);
    }
    const void *near =
        t->from.low ? mp_heap_reach(peer, (void *)(uintptr_t)t->from.low, t->from.span) : NULL;
    if (near) {
        mp_layout_move(&t->from, near);
        t->facts |= FROM_HEAP;
    }
    t->facts |= offer->address ? FROM_ADDRESS : 0;
    t->facts |= !near && offer->address && mp_remote_can(peer) ? KERNEL_ALLOWS : 0;
    // A guest may die while it helps, and this process go on.
    t->facts |= !mp_is_guest(peer) && mp_together_may_ask(peer) ? SENDER_IN_A_CALL : 0;
    t->facts |= t->facts & SENDER_IN_A_CALL && mp_together_sends(peer) ? SENDER_SENDS : 0;
}

static enum protocol choose(unsigned facts, MPI_Count bytes)
{
    const struct row *row = rows;
    while ((row->facts & ~facts) || bytes < row->least) {
        row++;
    }
    return row->protocol;
}

static bool take_from_self(const struct mp_payload *p)
{
    const struct mp_request *send = (struct mp_request *)(uintptr_t)p->offer->origin;
    mp_datatype_copy(send->type, send->buffer, send->count, p->request->type, p->request->buffer,
                     p->request->count);
    return true;
}

static bool take_mapped(const struct transfer *t)
{
    const struct mp_request *request = t->payload.request;
    if (t->facts & REGULAR) {
        mp_layout_copy(&t->to, &t->from, 0, t->payload.bytes);
    } else {
        mp_datatype_unpack(request->type, request->buffer, request->count, t->payload.at,
                           (void *)(uintptr_t)t->from.low, t->payload.bytes);
    }
    return true;
}

static bool take_by_kernel(const struct mp_payload *p)
{
    const struct mp_request *request = p->request;
    if (request->type->contiguous) {
        return mp_remote_read(p->peer, p->offer->address, place_of(p), (size_t)p->bytes);
    }
    char *piece = malloc(PIECE);
    MPI_Count moved = 0;
    while (piece && moved < p->bytes) {
        MPI_Count now = p->bytes - moved < PIECE ? p->bytes - moved : PIECE;
        if (!mp_remote_read(p->peer, p->offer->address + (uint64_t)moved, piece, (size_t)now)) {
            break;
        }
        mp_datatype_unpack(request->type, request->buffer, request->count, p->at + moved, piece,
                           now);
        moved += now;
    }
    free(piece);
    return moved == p->bytes;
}

bool mp_protocol_take(const struct mp_payload *payload)
{
    struct transfer t = {.payload = *payload};
    if (payload->peer == mp_process.rank) {
        t.facts = TO_SELF;
    } else if (mp_peer_is_near(payload->peer)) {
        look_at_receive(&t);
        look_at_sender(&t);
    }
    switch (choose(t.facts, payload->bytes)) {
    case SELF:
        return take_from_self(payload);
    case TOGETHER:
        return mp_together_copy(payload->peer, &t.to, &t.from, payload->bytes,
                                payload->offer->sequence, false);
    case MAPPED:
        return take_mapped(&t);
    case KERNEL_TOGETHER:
        return mp_together_copy(payload->peer, &t.to, &t.from, payload->bytes,
                                payload->offer->sequence, true);
    case KERNEL:
        return take_by_kernel(payload);
    default:
        return false;
    }
}
