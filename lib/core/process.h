// SPDX-License-Identifier: MIT
// This process as a rank: who it is, whether MPI runs, and what every call does on the way in and
// on the way out. Read next: core/channel.h (how it reaches its peers), api/api.h.
#ifndef MP_CORE_PROCESS_H
#define MP_CORE_PROCESS_H

#include "base/bits.h"
#include "base/calls.h"
#include "shm/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct mp_comm;

enum mp_process_state { MP_BEFORE_INIT = 0, MP_RUNNING, MP_FINALIZED };

struct mp_process {
    // Non-zero sends mp_enter the slow way: MPI is not running, or several threads may call.
    uint32_t guarded;
    enum mp_process_state state;
    int thread_level; // MPI_THREAD_*
    int rank;         // in the world
    int size;         // of the world
    bool launched;    // by mprun; false: a world of one that started by itself
    bool shm;         // the channel is shared memory: peers' memory is in `segment`
    struct mp_segment_header *segment;
    struct mp_board *board; // this rank's
    uint64_t main_thread;   // pthread_self of the thread that called MPI_Init
};

extern struct mp_process mp_process;

// The slow ways, in core/process.c. Entering fails, with the error already raised, when MPI is not
// running; at MPI_THREAD_MULTIPLE it takes the library's lock (recursive, released while waiting).
int mp_enter_guarded(int call);
void mp_leave_guarded(void);

// Releases the lock around a wait, if this level has one, and takes it again.
void mp_lock_release(void);
void mp_lock_acquire(void);

// Opens a call: every function of the API that needs MPI to be running begins with this and returns
// its result if it is not 0.
static inline int mp_enter(int call)
{
    if (unlikely(mp_process.guarded)) {
        return mp_enter_guarded(call);
    }
    atomic_store_explicit(&mp_process.board->call, (uint32_t)call, memory_order_relaxed);
    return 0;
}

// Closes a call. The error handler, if there is one to call, is called after this.
static inline void mp_exit(void)
{
    atomic_store_explicit(&mp_process.board->call, 0, memory_order_relaxed);
    if (unlikely(mp_process.guarded)) {
        mp_leave_guarded();
    }
}

// Joins the job with that thread level (MPI_Init). Returns 0 or an error class with mp_fail.
int mp_process_init(int required);

// Leaves it (MPI_Finalize), after the caller's barrier over the world.
void mp_process_finish(void);

// Ends the job: leaves `message` and `code` on the board for the launcher, prints the message
// itself when there is no launcher, and exits. Never returns. Safe in any state.
_Noreturn void mp_process_abort(int code, const char *message);

#endif
