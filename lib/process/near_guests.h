// SPDX-License-Identifier: MIT
// Guests that are near: processes of other worlds of one mprun, on one node. Worlds have a segment
// each. So two such processes have a piece of memory between them, with a ring each way, and each
// sees the other's board, and what that has of its world's heap. Nobody else has it, and it is gone
// with the two: whatever one of them was doing when it was killed concerns the other one alone, and
// nothing is left to be given back. Locks are not in it (window/window.c). How the two come to it
// is told in socket/guest_streams.c. Read next: process/peers.h, message/meeting.c.
#ifndef MP_PROCESS_NEAR_GUESTS_H
#define MP_PROCESS_NEAR_GUESTS_H

#include "socket/socket.h"

#include <stdbool.h>
#include <stdint.h>

// Whether this process can have near guests, and what all have in common that are near to each
// other then.
bool mp_near_can(void);
uint64_t mp_near_place(void);

// What this process has, for struct mp_guest_calls; whoever speaks second makes the memory for the
// rings. Takes what the guest has said. False: the two share nothing.
bool mp_near_tell(int guest, bool first, struct mp_told *told);
bool mp_near_hear(int guest, bool first, const struct mp_told *told);

// Both have heard: it is near from now on. And it is not any more, after it was or before.
void mp_near_open(int guest);
void mp_near_close(int guest);

// The number is given back: lets go of all memory.
void mp_near_forget(int guest);

#endif
