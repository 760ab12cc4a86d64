// SPDX-License-Identifier: MIT
// For the tests of sessions: a session, and a communicator made from one of its process sets.
// Read next: session_makes_communicators.c.
#ifndef TESTS_API_SESSIONS_H
#define TESTS_API_SESSIONS_H

#include "check.h"

// A session whose errors return, with that thread level (NULL: none asked for).
static inline MPI_Session session_new(const char *thread_level)
{
    MPI_Session session;
    MPI_Info info = MPI_INFO_NULL;
    if (thread_level) {
        OK(MPI_Info_create(&info));
        OK(MPI_Info_set(info, "thread_level", thread_level));
    }
    OK(MPI_Session_init(info, MPI_ERRORS_RETURN, &session));
    CHECK(session != MPI_SESSION_NULL, "no session");
    if (thread_level) {
        OK(MPI_Info_free(&info));
    }
    return session;
}

static inline MPI_Group session_group(MPI_Session session, const char *pset)
{
    MPI_Group group;
    OK(MPI_Group_from_session_pset(session, pset, &group));
    CHECK(group != MPI_GROUP_NULL, "no group of %s", pset);
    return group;
}

static inline MPI_Comm session_comm(MPI_Session session, const char *pset, const char *tag)
{
    MPI_Group group = session_group(session, pset);
    MPI_Comm comm;
    OK(MPI_Comm_create_from_group(group, tag, MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm));
    OK(MPI_Group_free(&group));
    return comm;
}

// Sets `rank` and `size` as the program would have them in a world.
static inline void whoami(void)
{
    MPI_Session session = session_new(NULL);
    MPI_Group group = session_group(session, "mpi://WORLD");
    OK(MPI_Group_rank(group, &rank));
    OK(MPI_Group_size(group, &size));
    OK(MPI_Group_free(&group));
    OK(MPI_Session_finalize(&session));
    CHECK(session == MPI_SESSION_NULL, "a finalized session is not null");
}

// A communicator that works: point-to-point in a ring, a large message, collectives.
static inline void try_out(MPI_Comm comm)
{
    int me, n, got = -1, sum = -1;
    OK(MPI_Comm_rank(comm, &me));
    OK(MPI_Comm_size(comm, &n));
    OK(MPI_Sendrecv(&me, 1, MPI_INT, (me + 1) % n, 7, &got, 1, MPI_INT, (me + n - 1) % n, 7, comm,
                    MPI_STATUS_IGNORE));
    CHECK(got == (me + n - 1) % n, "received %d", got);
    OK(MPI_Allreduce(&me, &sum, 1, MPI_INT, MPI_SUM, comm));
    CHECK(sum == n * (n - 1) / 2, "the sum is %d", sum);
    enum { LONG = 300000 };
    unsigned char *out = room(LONG), *in = room(LONG);
    fill(out, LONG, (unsigned)me);
    OK(MPI_Sendrecv(out, LONG, MPI_BYTE, (me + n - 1) % n, 8, in, LONG, MPI_BYTE, (me + 1) % n, 8,
                    comm, MPI_STATUS_IGNORE));
    HOLDS(in, LONG, (unsigned)((me + 1) % n));
    OK(MPI_Barrier(comm));
    free(out);
    free(in);
}

#endif
