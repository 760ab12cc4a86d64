// SPDX-License-Identifier: MIT
// How MPI comes to this process and goes from it, for the World Model and for sessions alike. All
// of this is called between mp_life_enter and mp_life_exit (process/process.h).
#ifndef MP_API_LIFE_H
#define MP_API_LIFE_H

struct mp_errhandler;
struct mp_info;
struct mp_session;

// A new user of MPI, with that thread level. The first one joins the job and opens the channel.
// Returns 0 or an error class with mp_fail.
int mp_life_open(int thread_level);

// Where ranks share cores: sleeps until every rank of the job has called this, once. MPI_Finalize
// does before its barrier. Makes progress meanwhile.
void mp_life_await_all(void);

// That user is gone. The last one sends what is left to be sent and tells the launcher that this
// process may exit. The channel stays: messages of peers that are ahead of us wait there for the
// next user.
void mp_life_close(int thread_level);

// The same for a session, which `hints` (may be NULL) describe. Its end waits until what the
// program sent on it without looking back has left; it is local. Error classes with mp_fail.
int mp_life_open_session(const struct mp_info *hints, struct mp_errhandler *errhandler,
                         struct mp_session **made);
int mp_life_close_session(struct mp_session *session);

#endif
