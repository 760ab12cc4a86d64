// SPDX-License-Identifier: MIT
// How a long message's payload comes over, once its offer has met a receive: one of a few
// protocols, which a table chooses by what the receiver knows. See rendezvous.c.
#ifndef MP_MESSAGE_RENDEZVOUS_H
#define MP_MESSAGE_RENDEZVOUS_H

#include "base/channel.h"
#include "message/request.h"

#include <stdbool.h>
#include <stdint.h>

// A payload that lies with its sender, and where it goes.
struct mp_payload {
    struct mp_request *request;    // the receive
    int peer;                      // the sender, world rank
    const struct mp_packet *offer; // of it: address, sequence; of a message to oneself also origin
    const void *layout;            // that came with the offer, offer->length bytes of it
    MPI_Count at, bytes;           // it is bytes [at, at + bytes) of the receive
    void *place;                   // where in our heap a sender may put it, or NULL
};

// Brings it over, and returns true; or does nothing that counts and returns false: the sender shall
// push it.
bool mp_protocol_take(const struct mp_payload *payload);

#endif
