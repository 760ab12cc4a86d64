// SPDX-License-Identifier: MIT
// What collectives wait for, told to mprun: for mp_waiter_describe (wait/record.h).
#ifndef MP_COLLECTIVES_COLLECTIVE_WAITS_H
#define MP_COLLECTIVES_COLLECTIVE_WAITS_H

#include "collectives/schedule.h"
#include "wait/record.h"

// An item of an operation of that kind (enum mp_collective_kind) on the communicator, that nobody
// can meet yet. `root`: rank in it, or -1. May be NULL, as mp_record_add.
struct mp_wait_item *mp_describe_collective(struct mp_wait_record *record,
                                            const struct mp_comm *comm, unsigned kind,
                                            bool nonblocking, int root);

// What a schedule that somebody runs is held up by, and a request of one.
void mp_describe_schedule(const void *waits, struct mp_wait_record *record);
void mp_describe_schedule_request(const struct mp_request *request, struct mp_wait_record *record);

// It is held up by that message of its own, to or from one rank.
void mp_describe_held(struct mp_wait_item *item, const struct mp_request *held);

// A nonblocking operation that any of its members may move.
void mp_describe_members(struct mp_wait_item *item, const struct mp_comm *comm);

// The barrier before a board is used for the first time, of `waits`, a communicator.
void mp_describe_opening(const void *waits, struct mp_wait_record *record);

#endif
