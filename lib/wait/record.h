// SPDX-License-Identifier: MIT
// Writing wait records (shm/waits.h): what a thread sleeps for, told to mprun. A wait names a
// function that fills in its items (mp_waiter_describe in wait/progress.h); it is called when the
// thread is about to sleep, with the lock held, and at no other time. A wait that names none may be
// met by anybody. Rooms above fill in what they know: message/message_waits.c,
// collectives/collective_waits.c, window/window_waits.c.
#ifndef MP_WAIT_RECORD_H
#define MP_WAIT_RECORD_H

#include "shm/waits.h"

#include <stdbool.h>
#include <stdint.h>

// All with the lock held. A thread begins to wait: takes a record for it, not valid yet; NULL:
// there are too many. And it has done with it, or something has happened; NULL as above.
struct mp_wait_record *mp_record_take(void);
void mp_record_give(struct mp_wait_record *record);

// Around each writing of a record: what comes between is filled in.
void mp_record_begin(struct mp_wait_record *record, int64_t since_ns, uint64_t caller);
void mp_record_end(struct mp_wait_record *record);

// This rank looks again and again, and finds nothing; and now it has found something. `caller` as
// in a record.
void mp_record_polls(uint64_t caller);
void mp_record_polls_met(void);

// Another item: nobody can meet it yet. NULL when there is no room; then the record says `more`.
struct mp_wait_item *mp_record_add(struct mp_wait_record *record, enum mp_wait_kind kind);

// One more of the ranks that can meet an item: from world rank `first` to `last`, or processes of
// other worlds with numbers from there to there. Where there is no room for them, an item of which
// all must do their part keeps those that are there; one of which one suffices may then be met by
// anybody.
void mp_item_add_ranks(struct mp_wait_item *item, int first, int last);

// Some rank can meet it, and nobody knows which: one of the job, or where there are processes of
// other worlds, one of those.
uint8_t mp_met_by_anybody(void);

#endif
