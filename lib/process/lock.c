// SPDX-License-Identifier: MIT
// The library's lock, and who needs it.
//
// While one user of MPI (process/process.h) is there, and its thread level is below
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
//
// Where several threads may call at the same time, most programs still have one that makes all the
// calls, or nearly, and a lock that nobody else wants costs an atomic instruction on either side
// of a call, which waits for the stores of the message to be through. So the lock is biased: the
// thread that made MPI_Init_thread is the owner, and while the guard is MP_OWNED it enters without
// the lock, as if the guard were down. The first call of any other thread takes the lock and raises
// the guard to MP_LOCKED, for all and for good. The argument is the same: the owner says that it is
// inside (owner_inside), then looks at the guard; whoever raises it does that, fences for both, and
// then waits for the owner to come out, or to park in a wait. The owner has a word of its own for
// that, since any thread may write board->call here before it knows. Nobody else becomes the owner
// later: two threads that both take themselves for the owner for a moment would both write that
// word. Without membarrier there is no owner.
//
// The lock goes to whoever comes first, and a thread that has just given it back is there before
// one that has to be woken. So it is taken in turns: see let_others_go_first.
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/fail.h"
#include "mpi.h"
#include "process/child.h"
#include "process/peers.h"
#include "process/process.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How long the raiser naps between two looks at a stray, and where membarrier is not to be had, how
// long it takes for granted that a store has become visible.
enum { NAP_NS = 50000, VISIBLE_NS = 1000000 };

#define OWN static _Thread_local __attribute__((tls_model("initial-exec")))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
OWN uint32_t held;      // how often this thread holds the lock
OWN uint32_t released;  // what mp_lock_release or mp_lock_yield took from `held`
OWN uint32_t callbacks; // functions of the program's that this thread is in
OWN int current;        // the call that this thread is in, if it knew the guard when it entered

OWN bool owner;     // this thread is let in without the lock while the guard is MP_OWNED
OWN uint32_t depth; // calls that it is in that way, one in another's callback

static bool in_child;                 // this process was forked
static uint32_t inside;               // threads in guarded calls; under the lock
static bool owner_chosen;             // there is one, or was; under the lock
static _Atomic uint32_t owner_inside; // written by the owner
static _Atomic uint32_t parked;       // a stray has seen the guard and waits for the lock

static void nap(long ns)
{
    struct timespec time = {0, ns};
    nanosleep(&time, NULL);
}

// The mutex, in turns. By itself it goes to whoever asks first when it is free, and that is the
// thread that has just given it back and calls again: one that polls (MPI_Iprobe, MPI_Test) would
// keep out one that waits. So whoever held it last and calls again lets those that want it go
// first, after a few calls: it yields until one of them has had it, or for a moment, since they may
// be kept from running by others. (At each call the two would only hand it to and fro: two threads
// of a rank that talk to themselves took three times as long.) And who wants it yields for a while
// before it sleeps, for it is never held for long. A thread in a wait wants it between its looks,
// too.
enum { YIELDS_FOR_MUTEX = 64, MOMENT_NS = 50000, CALLS_IN_A_ROW = 16 };
static _Atomic uint32_t wanting;    // threads that want the mutex
static _Atomic(void *) last_holder; // the address of its `held`; written with the mutex held
OWN uint32_t in_a_row;              // calls of this thread while others wanted it

// Relaxed, all of it: these words say only what is likely, and the mutex orders the rest.
static bool should_wait(void)
{
    return atomic_load_explicit(&wanting, memory_order_relaxed) != 0 &&
           atomic_load_explicit(&last_holder, memory_order_relaxed) == &held;
}

// Until one of them has had it, or that time is over. The mutex is free, or whoever has it gives it
// back soon or while it waits, so one of them gets it if it may take as long as it takes: so it is
// in the calls in which MPI comes and goes, which nobody makes for speed.
static void let_others_go_first(int64_t most_ns)
{
    int64_t since = should_wait() ? mp_clock_ns(CLOCK_MONOTONIC) : 0;

    while (should_wait()) {
        int64_t passed = mp_clock_ns(CLOCK_MONOTONIC) - since;
        if (passed >= most_ns) {
            return;
        }
        if (passed < MOMENT_NS) {
            sched_yield();
        } else {
            nap(NAP_NS);
        }
    }
}

// With `wanting` counting this thread.
static void wait_for_mutex(void)
{
    for (int i = 0; pthread_mutex_trylock(&mutex) != 0; i++) {
        if (i == YIELDS_FOR_MUTEX) {
            pthread_mutex_lock(&mutex);
            break;
        }
        sched_yield();
    }
    atomic_store_explicit(&last_holder, &held, memory_order_relaxed);
    atomic_fetch_sub_explicit(&wanting, 1, memory_order_relaxed);
}

static void lock_mutex(void)
{
    if (likely(pthread_mutex_trylock(&mutex) == 0)) {
        atomic_store_explicit(&last_holder, &held, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&wanting, 1, memory_order_relaxed);
        wait_for_mutex();
    }
}

static void take(void)
{
    if (held++ == 0) {
        if (unlikely(should_wait()) && ++in_a_row >= CALLS_IN_A_ROW) {
            in_a_row = 0;
            let_others_go_first(MOMENT_NS);
        }
        lock_mutex();
    }
}

static void drop(void)
{
    if (--held == 0) {
        pthread_mutex_unlock(&mutex);
    }
}

static void set_guard(uint32_t value)
{
    atomic_store_explicit(&mp_process.guarded, value, memory_order_relaxed);
}

static uint32_t guard(void)
{
    return atomic_load_explicit(&mp_process.guarded, memory_order_relaxed);
}

static void say_call(int call)
{
    atomic_store_explicit(&mp_process.board->call, (uint32_t)call, memory_order_relaxed);
}

void mp_lock_forked(void)
{
    in_child = true;
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    held = released = callbacks = depth = inside = 0;
    current = 0;
    atomic_store_explicit(&wanting, 0, memory_order_relaxed);
    owner = false;
    owner_chosen = true;
    set_guard(MP_LOCKED);
}

// A child that was forked in the middle of a call, in a function of the program's, comes back into
// that call, which is its parent's.
static void turn_children_away(void)
{
    if (mp_child_is()) {
        mp_child_refuse();
        mp_process_abort(MPI_ERR_OTHER, mp_fail_said(MPI_ERR_OTHER));
    }
}

// Where several threads are in calls, the board names the one that entered or left last.
int mp_call_inside(void)
{
    return current ? current
                   : (int)atomic_load_explicit(&mp_process.board->call, memory_order_relaxed);
}

int mp_callback_begin(void)
{
    callbacks++;
    return mp_call_inside();
}

static bool may_fence(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

static void fence_for_all_threads(void)
{
    if (!may_fence() || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
        nap(VISIBLE_NS);
    }
}

// True if whoever is inside can only be this very thread, in a callback.
static bool alone(void)
{
    return !mp_process.threads || callbacks;
}

static bool is_stray_inside(void)
{
    // Acquire: what the stray did is visible when it is out, or parked.
    return atomic_load_explicit(&mp_process.board->call, memory_order_acquire) &&
           !atomic_load_explicit(&parked, memory_order_acquire);
}

static bool is_owner_inside(void)
{
    return atomic_load_explicit(&owner_inside, memory_order_acquire);
}

// With the lock held, and the guard not at MP_LOCKED. This thread is not the owner.
static void raise_guard(void)
{
    bool owned = guard() == MP_OWNED;

    atomic_store_explicit(&parked, 0, memory_order_relaxed);
    set_guard(MP_LOCKED);
    if (!owned && alone()) {
        return;
    }
    fence_for_all_threads();
    while (owned ? is_owner_inside() : is_stray_inside()) {
        mp_shm_wake(mp_process.board);
        nap(NAP_NS);
    }
}

// With the lock held, and nobody else inside: from now on the owner needs no lock, if this is it.
static void give_to_owner(void)
{
    if (!owner && !owner_chosen && may_fence()) {
        owner = owner_chosen = true;
    }
    if (owner && !callbacks) {
        set_guard(MP_OWNED);
    }
}

// The owner's way in. In a callback it is inside already, whatever the guard is by now.
static bool enter_as_owner(void)
{
    if (depth == 0) {
        if (!owner || guard() != MP_OWNED) {
            return false;
        }
        atomic_store_explicit(&owner_inside, 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        if (unlikely(guard() != MP_OWNED)) {
            atomic_store_explicit(&owner_inside, 0, memory_order_relaxed);
            return false;
        }
    }
    depth++;
    return true;
}

// Release: pairs with the acquire of the thread that waits for the owner in raise_guard.
static void owner_is_out(void)
{
    atomic_store_explicit(&owner_inside, 0, memory_order_release);
}

static int refuse(void)
{
    if (mp_child_is()) {
        return mp_child_refuse();
    }
    return mp_fail(MPI_ERR_OTHER, "called %s",
                   mp_process.state == MP_BEFORE_INIT ? "before MPI_Init" : "after MPI_Finalize");
}

int mp_enter_guarded(int call)
{
    int err = 0;

    if (likely(enter_as_owner())) {
        current = call;
        return 0;
    }
    for (;;) {
        if (held == 0) {
            say_call(0); // not inside yet: nobody must wait for us
        }
        take();
        if (mp_process.users == 0) {
            err = refuse(); // and the lock is held until mp_exit, as in any call
            break;
        }
        if (guard() == MP_OWNED) {
            raise_guard();
        }
        if (guard()) {
            break;
        }
        // It went down while we waited.
        drop();
        say_call(call);
        atomic_signal_fence(memory_order_seq_cst);
        if (!guard()) {
            return 0;
        }
    }
    if (held == 1) {
        inside++;
    }
    say_call(call);
    current = call;
    return err;
}

void mp_leave_guarded(void)
{
    current = 0;
    if (likely(depth != 0)) {
        if (--depth == 0) {
            owner_is_out();
        }
        return;
    }
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

// With the mutex: what was given up for a while.
static void take_back(void)
{
    if (unlikely(in_child)) {
        turn_children_away(); // forked by a signal handler meanwhile
    }
    held = released;
    released = 0;
}

void mp_lock_yield(void)
{
    if (held == 0) {
        sched_yield();
        mp_lock_acquire(); // the guard may have risen
        return;
    }
    released = held;
    held = 0;
    atomic_fetch_add_explicit(&wanting, 1, memory_order_relaxed);
    pthread_mutex_unlock(&mutex);
    sched_yield();
    wait_for_mutex();
    take_back();
}

// Whoever waited for the lock in the middle of a call may find it given to the owner meanwhile.
static void take_again(void)
{
    take();
    turn_children_away(); // forked by a signal handler that came in the wait, here too
    if (guard() == MP_OWNED) {
        raise_guard();
    }
    inside++;
}

// Came in without the lock, as the owner or a stray, and goes on with it. Release: pairs with the
// acquire of the raiser that waits for that.
static void park(void)
{
    uint32_t calls = 1;
    if (depth != 0) {
        calls = depth;
        depth = 0;
        owner_is_out();
    } else {
        atomic_store_explicit(&parked, 1, memory_order_release);
    }
    take_again();
    held = calls;
}

// (One look at the guard decides: it may rise between two.)
void mp_lock_acquire(void)
{
    if (unlikely(released != 0)) {
        lock_mutex();
        take_back();
    } else if (unlikely(guard() == MP_LOCKED) && held == 0) {
        park();
    }
}

// A call that was made in the callback has cleared the name of the outer one. From there on the
// outer one, if it came in without the lock, passed for being outside, and a raiser did not wait
// for it. So this is a way in, like mp_enter and in the same order: say that we are inside, then
// look at the guard. Whoever must not go on without the lock takes it for the rest of the call: a
// stray if the guard is up at all, since it is not the owner, and the owner if it has lost that.
void mp_callback_end(int call)
{
    if (unlikely(callbacks == 0)) {
        turn_children_away();
    }
    callbacks--;
    say_call(call);
    atomic_signal_fence(memory_order_seq_cst);
    uint32_t now = guard();
    if (unlikely(held == 0 && (depth ? now == MP_LOCKED : now != 0))) {
        park();
    }
    if (held || depth) {
        current = call;
    }
}

void mp_life_enter(int call)
{
    if (held == 0 && callbacks) {
        // From the middle of a call that came in without the lock. Who has it may be waiting for
        // just that call to come out, or to park.
        park();
    }
    if (held == 0) {
        let_others_go_first(INT64_MAX);
    }
    take();
    if (owner && guard() == MP_OWNED) {
        set_guard(MP_LOCKED); // nobody is inside without the lock
    } else if (guard() != MP_LOCKED) {
        raise_guard();
    }
    if (held == 1) {
        inside++;
        say_call(call);
        current = call;
    }
}

void mp_life_exit(void)
{
    if (held == 1) {
        inside--;
        say_call(0);
        current = 0;
        if (inside == 0 && mp_process.users > 0) {
            if (!mp_process_is_threaded()) {
                set_guard(0);
            } else {
                give_to_owner();
            }
        }
    }
    drop();
}
