// SPDX-License-Identifier: MIT
// A peer's memory where the kernel does not let us reach it, though we counted on that: the peer
// sends what is there, or puts there what we send it. It must be in a call, and stay in one until
// we are done with its memory, which is so in a collective operation that uses memory directly.
// Slower than any other way, and always right: a rank may give up rights at any time (another user,
// PR_SET_DUMPABLE, a filter on a system call), and no rank can know beforehand what a peer may
// still do. Read next: process/remote.h.
#ifndef MP_MESSAGE_ERRAND_H
#define MP_MESSAGE_ERRAND_H

#include "base/channel.h"

// Copy `bytes` bytes between this process and the memory of rank `world`. They return when that is
// done. The library's lock is kept meanwhile, so that the caller may have data in static memory.
void mp_errand_fetch(int world, uint64_t address, void *to, size_t bytes);
void mp_errand_store(int world, uint64_t address, const void *from, size_t bytes);

// The peer's part, when MP_PACKET_FETCH or MP_PACKET_STORE arrives.
void mp_errand_deliver(int peer, const struct mp_packet *packet, const void *payload);

// Says which packets it takes (message/deliver.h).
void mp_errand_open(void);

#endif
