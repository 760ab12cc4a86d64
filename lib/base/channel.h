// SPDX-License-Identifier: MIT
// What a channel is: it carries packets, in order, between two ranks. The matching engine above
// (message/match.c) knows packets and nothing of rings or sockets; a channel knows packets and
// nothing of MPI. Implementations: message/shm_channel.c over shm/ring.h, and socket/socket.c.
#ifndef MP_BASE_CHANNEL_H
#define MP_BASE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_packet_kind {
    MP_PACKET_EAGER = 1, // a message with its payload
    MP_PACKET_SYNC,      // the same, and the receiver answers MP_PACKET_DONE when it is matched
    MP_PACKET_OFFER,     // a message whose payload stays with the sender for now (rendezvous)
    MP_PACKET_ACCEPT,    // answer to an offer: matched, push the payload
    MP_PACKET_DATA,      // a piece of an accepted payload
    MP_PACKET_DONE,      // answer to SYNC and OFFER: matched, and all of the payload was taken
    MP_PACKET_CANCEL,    // sender: forget that message if it is not matched yet
    MP_PACKET_CANCELLED, // answer to CANCEL: total 1 forgotten, 0 too late
    MP_PACKET_PLACED,    // answer to an ACCEPT with an address: all of the payload lies there
    MP_PACKET_HELP,      // receiver: we copy your message now, copy with us (message/together.c)
    MP_PACKET_FETCH,     // push what lies at an address of yours, and
    MP_PACKET_STORE,     // put this there: for a peer that may not do it itself (message/errand.c)
    // Partitioned messages: message/partitioned.c.
    MP_PACKET_PART_SETUP,
    MP_PACKET_PART_REFUSE,
    MP_PACKET_PART_CLEAR,
    MP_PACKET_PART_DATA,
    MP_PACKET_PART_OFFER,
    MP_PACKET_PART_TAKEN,
    MP_PACKET_PART_PUSH,
    MP_PACKET_WINDOW, // a request to a window is on its way (window/serve.c)
    MP_PACKET_FULL,   // to a far peer: total 1, this rank keeps as many messages as it will; 0, no
                      // more
    MP_PACKET_SHARES, // to a guest: what the two could share; never delivered, as is
    MP_PACKET_BYE,    // to a guest: nothing more will come (socket/guest_streams.c)
    MP_PACKET_KINDS
};

// What a message of a collective operation says of it, so that ranks that disagree find out (see
// collectives/disagree.h), travels above the sender's rank; under `mprun --check`, the type's
// signature in all others.
enum { MP_SOURCE_BITS = 13, MP_STAMP_BITS = 19 };

static inline int32_t mp_source_stamped(int rank, uint32_t stamp)
{
    return (int32_t)((uint32_t)rank | stamp << MP_SOURCE_BITS);
}

static inline int mp_source_rank(int32_t source)
{
    return source & ((1 << MP_SOURCE_BITS) - 1);
}

static inline uint32_t mp_source_stamp(int32_t source)
{
    return (uint32_t)source >> MP_SOURCE_BITS;
}

// A packet's header, in memory. `length` is the payload that travels with this packet, except for
// OFFER, where `total` bytes stay behind. Cookies are meaningful only to the rank that issued them.
struct mp_packet {
    uint32_t kind;    // enum mp_packet_kind
    uint32_t context; // context id; with source and tag: the envelope
    int32_t source;   // the sender's rank in the communicator; a stamp may be above it
    int32_t tag;
    uint32_t length;   // bytes of payload with this packet
    uint32_t bytes;    // the channel's own: of payload as reserved
    uint64_t sequence; // set on arrival: how many packets the peer sent us before this one
    uint64_t origin;   // cookie of the sending side's request (SYNC OFFER ACCEPT DONE CANCEL ...)
    uint64_t target;   // cookie of the receiving side's request (ACCEPT DATA FETCH)
    uint64_t total;    // OFFER, FETCH: bytes of the message; DATA: offset of this piece;
                       // CANCEL: sequence
    uint64_t address;  // OFFER: where the payload lies in the sender if contiguous there, or 0;
                       // ACCEPT: where it shall lie in the receiver, if the sender can reach that;
                       // FETCH, STORE: in the memory of whoever gets this
};

// Called by a channel for every packet that arrives, in order per peer. The payload is readable
// during the call only.
typedef void mp_deliver_fn(int peer, const struct mp_packet *packet, const void *payload);

struct mp_outflow {
    uint64_t committed, left;
};

// A channel. All functions are called by one thread at a time. Ranks are world ranks. What packets
// go by to far peers has all of this; what is polled and slept on where peers are near has no
// payload_max, reserve and commit, since their rings are written directly (process/peers.h).
struct mp_channel {
    const char *name;

    // The largest payload of one packet.
    size_t payload_max;

    // Room for a packet of that kind with `bytes` of payload to `peer`: where to write the payload
    // (never NULL when bytes is 0, then not to be written), or NULL when there is no room now; poll
    // and try again. A reservation is followed by its commit before anything else is sent to that
    // peer.
    void *(*reserve)(int peer, enum mp_packet_kind kind, size_t bytes);

    // Sends the reserved packet. Returns how many packets went to that peer before it.
    uint64_t (*commit)(int peer, const struct mp_packet *packet);

    // Delivers what has arrived and moves what waits to go. Returns how much it did, 0 for nothing.
    int (*poll)(void);

    // Sleeping. arm: from here on, any event makes sleep return at once (or wakes it). The caller
    // polls once more after arm, then sleeps or disarms. Several threads may be at that, and sleep
    // is called by all of them at the same time: each gives it what its own arm returned, which is
    // not 0.
    uint32_t (*arm)(void);
    void (*sleep)(uint32_t armed);
    void (*disarm)(void);

    // How many bytes were ever committed to that peer, and how many of them have left this process,
    // so that they arrive even if it ends, or does not come back to the channel. What is written
    // into memory has left: only asked of a channel to far peers.
    struct mp_outflow (*outflow)(int peer);

    // Whether packets that were committed, to whomever, have not left this process: the stream has
    // no room, or is not there yet. Only asked of a channel to far peers.
    bool (*unsent)(void);

    // In a child that was forked, as a handler of fork: whatever the child goes on with, it takes
    // and sends nothing that is its parent's. NULL: nothing to do.
    void (*forked)(void);

    // Sends what is still buffered, and leaves. May be NULL: a rank keeps its channel to the end.
    void (*close)(void);
};

#endif
