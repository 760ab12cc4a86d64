// SPDX-License-Identifier: MIT
// Messages that no receive has asked for yet: their memory, and its bound. The rank says on its
// board, and to far peers whose messages it keeps, when they have come to more than its limit, the
// variable MPRUN_UNEXPECTED. From then on its peers offer what they would have sent at once, and
// the payload stays with them until it is received. Read next: base/region.h (where they lie),
// message/match.h.
#ifndef MP_MESSAGE_UNEXPECTED_H
#define MP_MESSAGE_UNEXPECTED_H

#include "base/bits.h"
#include "base/channel.h"
#include "base/list.h"
#include "message/match_queue.h"
#include "object/comm.h"
#include "process/peers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// A message that no receive has asked for yet.
struct mp_unexpected {
    struct mp_entry by_source; // in mp_source.unexpected
    struct mp_list arrived;    // in mp_match.arrived: order of arrival over all sources
    int peer;                  // world rank of the sender
    struct mp_packet packet;   // EAGER, SYNC or OFFER; `total` is the length of the message
    char payload[];            // of EAGER and SYNC
};

// Reads the variable. Returns 0, or an error class with mp_fail.
int mp_unexpected_open(void);

// Memory for a message with that payload, from a peer. NULL when memory is out.
struct mp_unexpected *mp_unexpected_new(int peer, size_t length);
void mp_unexpected_free(struct mp_unexpected *message);

// Whether a peer wants a message only to be offered, for now. Some may go on as before for a
// moment: there is no order between this and anything else. Who agrees on communicators with no
// communicator to do it on looks into messages that wait: those are few, and always there.
static inline bool mp_unexpected_is_full(int world, const struct mp_comm *comm)
{
    return unlikely(atomic_load_explicit(mp_shm_peers[world].full, memory_order_relaxed)) &&
           comm != &mp_comm_boot;
}

#endif
