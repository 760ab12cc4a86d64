// SPDX-License-Identifier: MIT
// What windows wait for, told to mprun: functions for mp_waiter_describe (wait/record.h). Fences
// and what else is a collective on the window's communicator tell for themselves
// (collectives/collective_waits.h).
#ifndef MP_WINDOW_WINDOW_WAITS_H
#define MP_WINDOW_WINDOW_WAITS_H

#include "wait/record.h"
#include "window/window.h"

// A member's lock, which this rank waits for.
struct mp_lock_wait {
    const struct mp_window *window;
    int target;
};
void mp_describe_lock(const void *waits, struct mp_wait_record *record);

// The world rank of whoever holds that lock alone, or MP_PEER_SEVERAL: it is not known. For the
// board, which has the world rank of the target as its tag.
int mp_lock_holder(const struct mp_lock_wait *wait);

// A member's MPI_Win_post or MPI_Win_complete, which is missing.
struct mp_epoch_wait {
    const struct mp_window *window;
    int rank;
    int call; // enum mp_call
};
void mp_describe_epoch(const void *waits, struct mp_wait_record *record);

// The answer to a request. `waits`: not looked at.
void mp_describe_answer(const void *waits, struct mp_wait_record *record);

#endif
