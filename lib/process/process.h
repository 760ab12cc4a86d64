// SPDX-License-Identifier: MIT
// This process as a rank: who it is, whether MPI runs, and what every call does on the way in and
// on the way out. MPI runs here as long as somebody uses it: the World Model, from MPI_Init to
// MPI_Finalize, and every session, from MPI_Session_init to MPI_Session_finalize (MPI 5.0, chapter
// 11). Read next: process/lock.c (threads), process/peers.h (how it reaches its peers),
// api/api.h.
#ifndef MP_PROCESS_PROCESS_H
#define MP_PROCESS_PROCESS_H

#include "base/bits.h"
#include "base/calls.h"
#include "shm/layout.h"

#include <stdbool.h>
#include <stdint.h>

// Of the World Model.
enum mp_process_state { MP_BEFORE_INIT = 0, MP_RUNNING, MP_FINALIZED };

struct mp_process {
    // Non-zero sends mp_enter the slow way: nobody uses MPI now, or several threads may call. Then
    // it is one of the two below.
    _Atomic uint32_t guarded;
    enum mp_process_state state;
    int thread_level; // of the World Model: MPI_THREAD_*
    int users;        // the World Model and every session, while they last; 0: MPI does not run
    bool threads;     // a user has a thread level above MPI_THREAD_SINGLE
    int rank;         // in the world
    int size;         // of the world
    // Peers are near, reached through `segment`, or far, reached by a stream (process/peers.h).
    // Near ones have world ranks from `first` on, and their places in the segment in the same
    // order.
    int local;      // this rank's place in the segment
    int first;      // world rank of the one at place 0
    int near;       // near ranks, this one among them
    bool launched;  // by mprun; false: a world of one that started by itself
    uint32_t check; // MP_CHECK_*: 0, but under `mprun --check` (lib/check)
    // This rank's core is wanted by others, so a wait yields instead of spinning: other ranks, as
    // the launcher says, or whoever took the core away lately (wait/progress.c).
    bool crowded;
    bool planned; // other ranks want it, of this world or of those that it has near guests in
    struct mp_segment_header *segment;
    struct mp_board *board; // this rank's
    uint64_t main_thread;   // pthread_self of the thread that called MPI_Init, or else the first
                            // MPI_Session_init
};

extern struct mp_process mp_process;

// mp_process.guarded where all calls need the lock, and where one thread does not: process/lock.c.
enum { MP_LOCKED = 1, MP_OWNED };

// True while several threads are in calls: one may wait for what another one does.
static inline bool mp_process_is_locked(void)
{
    return atomic_load_explicit(&mp_process.guarded, memory_order_relaxed) == MP_LOCKED;
}

// The slow ways, in process/lock.c. Entering takes the library's lock (recursive, released while
// waiting), unless this is the one thread that is let in without. When nobody uses MPI it returns
// an error class, with mp_fail.
int mp_enter_guarded(int call);
void mp_leave_guarded(void);

// Releases the lock around a wait, if this thread holds it, and takes it again.
void mp_lock_release(void);
void mp_lock_acquire(void);

// Leaves the core to others for a moment, and the lock to those that want it.
void mp_lock_yield(void);

// In a child process, before anything else happens there: no thread of the parent's is here, so
// nobody holds the lock or is inside a call, and from now on every call goes the slow way.
void mp_lock_forked(void);

// Around a function of the program's that is called from inside a call and may call MPI itself. The
// end is given what the beginning returned, and puts the outer call in its place again.
int mp_callback_begin(void);
void mp_callback_end(int call);

// The call that this thread is in, for the board. Where that is not known: the one that the board
// names already.
int mp_call_inside(void);

// Opens a call where nothing guards it. False when the guard is up, or MPI not running: then
// mp_enter_guarded is to be called. The store comes before the load: see process/lock.c. Read next:
// mp_enter in api/api.h, which is both.
static inline bool mp_enter_unguarded(int call)
{
    atomic_store_explicit(&mp_process.board->call, (uint32_t)call, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    return likely(!atomic_load_explicit(&mp_process.guarded, memory_order_relaxed));
}

// Closes such a call.
static inline void mp_exit_unguarded(void)
{
    // Release: pairs with the acquire in process/lock.c of a thread that waits for us to be out.
    atomic_store_explicit(&mp_process.board->call, 0, memory_order_release);
}

// Closes a call. The error handler, if there is one to call, is called after this.
static inline void mp_exit(void)
{
    mp_exit_unguarded();
    atomic_signal_fence(memory_order_seq_cst);
    if (unlikely(atomic_load_explicit(&mp_process.guarded, memory_order_relaxed))) {
        mp_leave_guarded();
    }
}

// The same for the calls in which MPI comes and goes (MPI_Init, MPI_Session_finalize ...). They
// hold the lock at every thread level, and may be made by any thread at any time. The last one
// chooses how calls are made from here on.
void mp_life_enter(int call);
void mp_life_exit(void);

// Counts a user of MPI with that thread level who comes (`by` is 1) or has gone (-1), and says so
// on the board: once the first has come, an exit before the last has gone is a failure. How they
// come and go: api/life.h.
void mp_process_count_user(int thread_level, int by);

// This process has taken its place in the job: MPI can be used from now on, and what calls have
// said before is carried over to its board.
void mp_process_joined(int rank, int size, bool launched, struct mp_segment_header *segment);

// Whether some ranks of the job are far.
static inline bool mp_process_has_far(void)
{
    return mp_process.near < mp_process.size;
}

// True if several threads may be in calls at the same time, as far as the present users said.
bool mp_process_is_threaded(void);

// The World Model's thread level; while it does not run, the highest one of the sessions.
int mp_process_thread_level(void);

// The same because a process of another world has died: it does not count as a failure of its own.
_Noreturn void mp_process_abort_with_others(int code, const char *message);

// Ends the job: leaves `message` and `code` on the board for the launcher, prints the message
// itself when there is no launcher, and exits. In a child process (process/child.h), which is no
// part of the job, it ends that one only. Never returns. Safe in any state.
_Noreturn void mp_process_abort(int code, const char *message);

#endif
