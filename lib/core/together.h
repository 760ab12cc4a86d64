// SPDX-License-Identifier: MIT
// A long message that both of its ends copy at the same time, chunk by chunk. See together.c.
#ifndef MP_CORE_TOGETHER_H
#define MP_CORE_TOGETHER_H

#include "base/channel.h"

#include <stdbool.h>
#include <stddef.h>

// The receiver's part: copies `bytes` from `from`, which lies in the heap of `peer`, to `to`, and
// lets `peer` help if it can and that pays. Returns when all is there.
void mp_together_copy(int peer, void *to, const void *from, size_t bytes);

// The sender's part, when MP_PACKET_HELP arrives: copies chunks until none is left.
void mp_together_help(int peer, const struct mp_packet *help);

#endif
