// SPDX-License-Identifier: MIT
// Which of several ways to move a long message is the quickest between two ranks lately. No table
// knows: it depends on the caches, on how far apart the cores are, which changes, and on what the
// program does between its messages. So every way is tried now and then, and the fastest is taken,
// by peer, size and kind of message.
// Read next: message/together.c, message/deliver.c.
#ifndef MP_MESSAGE_TASTE_H
#define MP_MESSAGE_TASTE_H

#include "mpi.h"

#include <stdint.h>

enum mp_taste {
    MP_TASTE_PLAIN,        // both sides in the heap, and contiguous
    MP_TASTE_HALF_STRIDED, // one is not contiguous
    MP_TASTE_STRIDED,      // neither is
    MP_TASTE_REMOTE        // not in the heap: the kernel can copy
};

enum mp_way {
    MP_WAY_ALONE,                     // the receiver copies
    MP_WAY_TOGETHER,                  // the sender too
    MP_WAY_PAST_CACHE,                // PLAIN: the sender past its cache
    MP_WAY_PUSHED = MP_WAY_PAST_CACHE // STRIDED, REMOTE: the sender pushes it through the ring
};

// The way to go for a message of so many bytes, MP_TASTE_MIN or more.
enum { MP_TASTE_MIN = 16 << 10 };
enum mp_way mp_taste_choose(enum mp_taste kind, int peer, MPI_Count bytes);

// The time, in nanoseconds, to be told when the message has come over. It fits 62 bits.
int64_t mp_taste_now(void);
void mp_taste_learn(enum mp_taste kind, int peer, MPI_Count bytes, enum mp_way way, int64_t start);

#endif
