// SPDX-License-Identifier: MIT
// Sessions (MPI 5.0, 11.3): handles on MPI that know nothing of each other, and the process sets
// from which groups are made. What is derived from a session (groups, their groups, communicators)
// points to it and holds it. Read next: api/life.h (users of MPI),
// collectives/comm_from_group.c.
#ifndef MP_OBJECT_SESSION_H
#define MP_OBJECT_SESSION_H

#include "mpi.h"
#include "object/errhandler.h"
#include "object/object.h"

#include <stdbool.h>

struct mp_bsend_buffer;
struct mp_group;
struct mp_info;

struct mp_session {
    struct mp_object object;          // refs: the handle, and all that was derived from it
    bool finalized;                   // the handle is no more
    int thread_level;                 // MPI_THREAD_*
    struct mp_errhandler *errhandler; // held
    struct mp_bsend_buffer *buffer;   // MPI_Session_attach_buffer
    struct mp_info *hints;            // what MPI_Session_get_info tells; owned
    // Sends that the program does not wait for, freed before they were complete or buffered: they
    // still need us.
    int detached;
};

// Handle to object: NULL when the handle is no session that lasts. May be asked at any time.
struct mp_session *mp_session_get(MPI_Session handle);
MPI_Session mp_session_handle(struct mp_session *session);

// A session with what `hints` (may be NULL) asks for. It is no user of MPI yet: see api/life.h,
// where it ends, too. Returns an error class with mp_fail.
int mp_session_new(const struct mp_info *hints, struct mp_errhandler *errhandler,
                   struct mp_session **made);

// For what is derived from it; NULL is the World Model.
void mp_session_hold(struct mp_session *session);
void mp_session_release(struct mp_session *session);

// Process sets. Names are compared without regard to case. Group: new, or NULL with *error 0 when
// there is no set of that name.
int mp_pset_count(void);
const char *mp_pset_name(int number);
int mp_pset_find(const char *name); // its number, or -1
int mp_pset_size(int number);
struct mp_group *mp_pset_group(int number);

// Memory allocation kinds (11.4.3) that are supported, when nothing more is asked for.
#define MP_MEMORY_KINDS "mpi,system"

// True if all of a list of kinds are in another list.
bool mp_memory_kinds_within(const char *kinds, const char *supported);

// The kinds of a communicator's session, or of the World Model (NULL).
const char *mp_session_memory_kinds(const struct mp_session *session);

#endif
