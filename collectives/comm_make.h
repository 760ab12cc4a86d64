// SPDX-License-Identifier: MIT
// Making communicators (MPI 5.0, 7.4 and 7.6): what the ranks have to tell each other, on top of
// the local part in object/comm.c and of the agreement in comm_agree.c. Arguments have been
// checked. All are collective over what the standard says. *made is NULL where this rank gets none
// (MPI_COMM_NULL). Return an error class.
#ifndef MP_COLLECTIVES_COMM_MAKE_H
#define MP_COLLECTIVES_COMM_MAKE_H

#include "message/request.h"
#include "object/comm.h"

// `hints` becomes the new communicator's info (NULL: none), also on failure: it is owned here.
int mp_comm_dup(struct mp_comm *comm, struct mp_info *hints, struct mp_comm **made);

// *handle is set when the request completes.
int mp_comm_idup(struct mp_comm *comm, struct mp_info *hints, MPI_Comm *handle,
                 struct mp_request **request);

// Color MPI_UNDEFINED: takes part, and gets none.
int mp_comm_split(struct mp_comm *comm, int color, int key, struct mp_comm **made);

// `group` lies within the local group of comm.
int mp_comm_create(struct mp_comm *comm, struct mp_group *group, struct mp_comm **made);

// A communicator of all members of `comm`, for the library itself. `told`: they have told each
// other `bytes` bytes with it, those of each by rank in `all`; else nothing of that has been done.
int mp_comm_create_telling(struct mp_comm *comm, const void *own, size_t bytes, void *all,
                           bool *told, struct mp_comm **made);

// Called by the members of `group` only, of which this rank is one. On mp_comm_boot too.
int mp_comm_create_group(struct mp_comm *comm, struct mp_group *group, int tag,
                         struct mp_comm **made);

// `peer`, `remote_leader` and `problem` (an error class that the leader found in them) matter at
// the local leader only.
int mp_intercomm_create(struct mp_comm *local, int local_leader, struct mp_comm *peer,
                        int remote_leader, int tag, int problem, struct mp_comm **made);
// All of a local group learn two words of its leader: the first an error class that it found in its
// arguments, of those names, or 0. Returns it.
int mp_ask_leader(struct mp_comm *local, int leader, int words[2], const char *arguments);
int mp_intercomm_merge(struct mp_comm *comm, bool high, struct mp_comm **made);

// MPI_Comm_free: deletes the attributes and gives up the handle. An error of a delete callback is
// returned, and the communicator stays.
int mp_comm_free(struct mp_comm *comm);

// MPI_Comm_disconnect: collective where the communicator leads to other worlds; else the same.
int mp_comm_disconnect(struct mp_comm *comm);

#endif
