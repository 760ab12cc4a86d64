// SPDX-License-Identifier: MIT
// A long message that both of its ends copy at the same time, chunk by chunk. See together.c.
#ifndef MP_MESSAGE_TOGETHER_H
#define MP_MESSAGE_TOGETHER_H

#include "base/channel.h"
#include "datatype/datatype_layout.h"

#include <stdbool.h>
#include <stdint.h>

// The receiver's part: copies the first `bytes` of both streams and lets the sender, `peer`, do a
// part of that. `number`: of the packet that offered the message. `by_kernel`: both sides are
// contiguous, and the kernel is to reach them (mp_remote_can); else both lie in a heap. Returns
// when all is there; false where the kernel refused: then not all of it is, but nobody copies any
// more.
bool mp_together_copy(int peer, const struct mp_layout *to, const struct mp_layout *from,
                      MPI_Count bytes, uint64_t number, bool by_kernel);

// Whether the sender could well help: it is in a call, and ranks have cores of their own. That it
// is there now is no proof that it will stay; being wrong costs time, not more.
bool mp_together_may_ask(int peer);

// Whether a rank waits in a blocking send, and so for one message only.
bool mp_together_sends(int rank);

// The sender's part, when MP_PACKET_HELP arrives: copies chunks until none is left. `told`: the
// two layouts, if not both are contiguous.
void mp_together_help(int peer, const struct mp_packet *help, const void *told);

// Says which packets it takes (message/deliver.h).
void mp_together_open(void);

#endif
