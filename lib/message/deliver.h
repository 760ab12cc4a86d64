// SPDX-License-Identifier: MIT
// What happens to a packet that arrives, and to a message that meets its receive.
#ifndef MP_MESSAGE_DELIVER_H
#define MP_MESSAGE_DELIVER_H

#include "base/channel.h"
#include "message/match.h"
#include "message/request.h"
#include "shm/ring.h"

// For every packet that a channel brings (an mp_deliver_fn): calls whoever takes packets of that
// kind.
void mp_deliver(int peer, const struct mp_packet *packet, const void *payload);

// Each part of this room says when it is opened which kinds it takes; this one takes messages,
// their payloads and the answers.
void mp_deliver_register(enum mp_packet_kind kind, mp_deliver_fn *taker);
void mp_deliver_open(void);

// A receive has met a message that was kept: moves the payload, or starts to.
void mp_deliver_kept(struct mp_request *request, struct mp_unexpected *message);

#endif
