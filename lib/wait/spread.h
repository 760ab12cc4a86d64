// SPDX-License-Identifier: MIT
// Ranks of the job on one CPU: who is where, and moving apart. A rank that waits for long notes on
// its board which CPU it is on. From that it knows whether it is in the way of others, and when too
// many of the job's ranks are on one CPU and fewer on another, one of them moves there. It is a
// push, not a binding: its affinity is what it was right after, so the kernel may place it again,
// and jobs side by side do not all hold on to the same CPUs. Read next: progress.c, which calls
// this.
#ifndef MP_WAIT_SPREAD_H
#define MP_WAIT_SPREAD_H

#include "process/process.h"

// Notes where this rank is, and moves it if that is better. `now` is the monotonic clock in ns.
// Returns true if other ranks that are awake are on the same CPU and it has been taken away from
// this one since the look before. Only for the shared-memory channel.
bool mp_spread_look(uint64_t now);

// Whether a rank was last seen on the CPU that this one was on when it last looked. False as long
// as one of the two is not known.
static inline bool mp_spread_is_here(const struct mp_board *board)
{
    uint32_t here = atomic_load_explicit(&mp_process.board->cpu, memory_order_relaxed);
    return here && atomic_load_explicit(&board->cpu, memory_order_relaxed) == here;
}

#endif
