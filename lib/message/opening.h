// SPDX-License-Identifier: MIT
// The beginning of all messages: the channel is opened, and this room says what it wants to be
// told.
#ifndef MP_MESSAGE_OPENING_H
#define MP_MESSAGE_OPENING_H

#include "base/channel.h"

struct mp_boot;

// Once, when this process has joined the job. `boot` must stay. An error class with mp_fail.
int mp_message_open(struct mp_boot *boot);

// The shared-memory channel (message/shm_channel.c); NULL with mp_fail when memory is out.
const struct mp_channel *mp_shm_open(void);

// That channel polls the ring from a guest that is near, and does not any more; `whole`: after it
// has taken all that is there.
void mp_shm_poll_guest(int guest);
void mp_shm_leave_guest(int guest, bool whole);

// A rank that had no far peers meets the first: opens what leads to them. Error class with mp_fail.
int mp_message_open_far(void);

// The one of a rank with far peers (message/near_and_far.c), once mp_far is open. The same.
const struct mp_channel *mp_near_and_far_open(void);

#endif
