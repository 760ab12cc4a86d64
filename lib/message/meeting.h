// SPDX-License-Identifier: MIT
// Processes of other worlds (MPI 5.0, chapter 11): how they become peers, and cease to be that, in
// order or by dying. Those of one mprun and node are near peers, others far ones. Read next:
// boot/guests.h (their numbers), socket/door.h (how they are reached), process/near_guests.h,
// collectives/worlds.c (how worlds meet).
#ifndef MP_MESSAGE_MEETING_H
#define MP_MESSAGE_MEETING_H

#include "boot/guests.h"
#include "object/comm.h"

struct mp_boot;

// Opens what guests need, once: the streams, if this process had none, and its door. Error class
// with mp_fail.
int mp_guests_open(void);

// The number of a process, which may have none yet. It can be reached from here on. Ends the
// process if that cannot be: others count on it by now.
int mp_meet(const struct mp_card *card);

// A communicator with guests was made: it is told when one of them dies, and there is a stream to
// one of each world, by which this process learns of that.
void mp_guests_tie(struct mp_comm *comm);

// Waits until it is known which guests of a group are near. Collective over it, where something
// depends on that.
void mp_guests_settle(const struct mp_group *group);

// A communicator with guests is gone, or has another error handler: what that means for mprun.
void mp_guests_tell_ties(void);

// Parts from guests that no group holds any more, as far as nothing is left to be sent to them.
void mp_guests_sweep(void);

// At the end of MPI_Finalize, which is collective over all that are connected (11.10.4): waits
// until all guests have come to theirs.
void mp_guests_farewell(void);

// Tells mprun that this world goes on: the death of the other one is no failure of the job.
void mp_guests_forgive(uint64_t job);

// An operation on a communicator one of whose members is dead.
int mp_guest_is_dead(const struct mp_comm *comm);

#endif
