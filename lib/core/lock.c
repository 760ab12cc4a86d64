// SPDX-License-Identifier: MIT
// The library's lock, and who needs it.
//
// While one user of MPI (core/process.h) is there, and its thread level is below
// MPI_THREAD_MULTIPLE, calls come one at a time and nobody needs a lock: the guard is down. But a
// second user may come at any time: MPI_Session_init may be called by any thread, also while
// another one is in a call of the World Model (11.3.1). Whoever raises the guard then has to be
// sure that no thread is inside without the lock (a stray):
//
// - A call says that it is inside (board->call) and then looks at the guard; whoever raises the
//   guard does that and then looks at board->call. Between the two, each needs a fence, or both
//   could miss what the other did. Calls are frequent and raising is rare, so the raiser fences for
//   both, with membarrier(2), and a call pays for nothing but the order of its instructions.
// - The raiser, which holds the lock, waits for the stray to come out. A stray that waits for a
//   message may stay inside for ever; but it comes by here (mp_lock_acquire) before and after it
//   sleeps, sees the guard, and parks: from there on it is an owner of the lock like any other.
//
// The guard goes down again in the last call of MPI_Session_finalize and the like, when no other
// thread is inside.
#define _GNU_SOURCE
#include "core/channel.h"
#include "core/errhandler.h"
#include "core/process.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How long the raiser naps between two looks at a stray, and where membarrier is not to be had, how
// long it takes for granted that a store has become visible.
enum { NAP_NS = 50000, VISIBLE_NS = 1000000 };

#define OWN static _Thread_local __attribute__((tls_model("initial-exec")))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
OWN uint32_t held;      // how often this thread holds the lock
OWN uint32_t released;  // what mp_lock_release took from `held`
OWN uint32_t callbacks; // functions of the program's that this thread is in

static uint32_t inside;         // threads in guarded calls; under the lock
static _Atomic uint32_t parked; // a stray has seen the guard and waits for the lock

static void take(void)
{
    if (held++ == 0) {
        pthread_mutex_lock(&mutex);
    }
}

static void drop(void)
{
    if (--held == 0) {
        pthread_mutex_unlock(&mutex);
    }
}

static void set_guard(uint32_t on)
{
    atomic_store_explicit(&mp_process.guarded, on, memory_order_relaxed);
}

static bool guard_is_up(void)
{
    return atomic_load_explicit(&mp_process.guarded, memory_order_relaxed) != 0;
}

static void say_call(int call)
{
    atomic_store_explicit(&mp_process.board->call, (uint32_t)call, memory_order_relaxed);
}

int mp_enter_guarded(int call)
{
    for (;;) {
        if (held == 0) {
            say_call(0); // not inside yet: nobody must wait for us
        }
        take();
        if (mp_process.users == 0) {
            drop();
            return mp_raise(call, NULL,
                            mp_fail(MPI_ERR_OTHER, "called %s",
                                    mp_process.state == MP_BEFORE_INIT ? "before MPI_Init"
                                                                       : "after MPI_Finalize"));
        }
        if (guard_is_up()) {
            break;
        }
        // It went down while we waited.
        drop();
        say_call(call);
        atomic_signal_fence(memory_order_seq_cst);
        if (!guard_is_up()) {
            return 0;
        }
    }
    if (held == 1) {
        inside++;
    }
    say_call(call);
    return 0;
}

void mp_leave_guarded(void)
{
    if (held == 0) {
        return; // came in before the guard was raised
    }
    if (held == 1) {
        inside--;
    }
    drop();
}

// A wait may be several calls deep (a callback that calls MPI): all levels are given up.
void mp_lock_release(void)
{
    if (unlikely(held != 0)) {
        released = held;
        held = 0;
        pthread_mutex_unlock(&mutex);
    }
}

void mp_lock_acquire(void)
{
    if (unlikely(released != 0)) {
        pthread_mutex_lock(&mutex);
        held = released;
        released = 0;
    } else if (unlikely(guard_is_up()) && held == 0) {
        // A stray. Release: pairs with the raiser's acquire.
        atomic_store_explicit(&parked, 1, memory_order_release);
        take();
        inside++;
    }
}

void mp_callback_begin(void)
{
    callbacks++;
}

void mp_callback_end(void)
{
    callbacks--;
}

static void nap(long ns)
{
    struct timespec time = {0, ns};
    nanosleep(&time, NULL);
}

static void fence_for_all_threads(void)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0 ||
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
        nap(VISIBLE_NS);
    }
}

// True if whoever is inside can only be this very thread, in a callback.
static bool alone(void)
{
    return !mp_process.threads || callbacks;
}

// With the lock held, and the guard down.
static void raise_guard(void)
{
    struct mp_board *board = mp_process.board;

    atomic_store_explicit(&parked, 0, memory_order_relaxed);
    set_guard(1);
    if (alone()) {
        return;
    }
    fence_for_all_threads();
    // Acquire: what the stray did is visible when it is out, or parked.
    while (atomic_load_explicit(&board->call, memory_order_acquire) &&
           !atomic_load_explicit(&parked, memory_order_acquire)) {
        if (mp_process.shm) {
            mp_shm_wake(board); // over sockets it wakes by itself from time to time
        }
        nap(NAP_NS);
    }
}

void mp_life_enter(int call)
{
    take();
    if (!guard_is_up()) {
        raise_guard();
    }
    if (held == 1) {
        inside++;
        say_call(call);
    }
}

void mp_life_exit(void)
{
    if (held == 1) {
        inside--;
        say_call(0);
        if (inside == 0 && mp_process.users > 0 && !mp_process_is_threaded()) {
            set_guard(0);
        }
    }
    drop();
}
