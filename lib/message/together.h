// SPDX-License-Identifier: MIT
// A long message that both of its ends copy at the same time, chunk by chunk. See together.c.
#ifndef MP_MESSAGE_TOGETHER_H
#define MP_MESSAGE_TOGETHER_H

#include "base/channel.h"
#include "datatype/datatype_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The receiver's part: copies `bytes` from `from`, which lies in the heap of `peer`, to `to`, and
// lets `peer` help if it can and that pays. Returns when all is there.
void mp_together_copy(int peer, void *to, const void *from, size_t bytes);

// The same for any two sides: the first `bytes` of both streams. Returns 0 when all is there. If
// neither side is contiguous it may copy nothing and return when that was (mp_taste_now): let the
// sender push the payload, then call mp_taste_learn.
int64_t mp_together_move(int peer, const struct mp_layout *to, const struct mp_layout *from,
                         MPI_Count bytes);

// Whether the sender could well help with so many bytes: it is in a call, with a core of its own.
// That it is there now is no proof that it will stay; being wrong costs time, not more.
bool mp_together_may_ask(int peer, MPI_Count bytes);

// Copies from an address in the memory of `peer` that only the kernel can reach (mp_remote_can),
// together with it. False if the kernel refuses.
bool mp_together_remote(int peer, void *to, uint64_t from, MPI_Count bytes);

// The sender's part, when MP_PACKET_HELP arrives: copies chunks until none is left.
void mp_together_help(int peer, const struct mp_packet *help);

#endif
