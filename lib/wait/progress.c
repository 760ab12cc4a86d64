// SPDX-License-Identifier: MIT
// Progress and waiting: the loop that every blocking call ends in. A wait makes a step again and
// again; one that finds nothing to do pauses, and how depends on the state that the wait is in:
//
//   state   when                             a pause is            and goes on to
//   SPIN    the core is ours: not crowded,   a few idle cycles     ARMED, after SPIN_NS
//           and no thread wants the lock
//   YIELD   crowded                          sched_yield, without  ARMED, after YIELD_NS
//                                            the lock
//           or a thread may want the lock    the same              ARMED, after SPIN_NS
//   ARMED   it has lasted for that long      none: the sleep is    SLEEP
//                                            announced; the caller
//                                            and a step look again
//   SLEEP   and they found nothing           one sleep, until a    SPIN or YIELD, anew
//                                            peer wakes us
//
// A step that finds something to do begins anew, in SPIN or YIELD. Crowded is not the wait's but
// the process's (waited_long decides, when it looks at the clock):
//
//   from         to           when
//   -            crowded      there are more ranks than cores: for good
//   -            crowded      other ranks are on our CPU and take it from us (spread.c): CROWDED_NS
//   -            crowded      the core was taken away, by whomever: for CROWDED_NS
//   crowded      stubborn     ... and again while we yield: not crowded, for STUBBORN_NS
//
// In SPIN and YIELD a rank may also move to another CPU, where there are fewer ranks of the job.
#define _GNU_SOURCE
#include "wait/progress.h"

#include "base/caller.h"
#include "base/clock.h"
#include "boot/guests.h"
#include "process/handed.h"
#include "process/peers.h"
#include "process/process.h"
#include "wait/spread.h"

#include <sched.h>
#include <time.h>

// A wake-up costs 3 to 30 us, so sleeping pays only when the wait is much longer than that; a core
// that others want is left to them sooner.
enum { SPIN_NS = 5000000, YIELD_NS = 1000000 };

// A look at the clock costs 22 ns, and a pause 24 (a yield 480): so it adds a part in hundreds to
// spinning, and about one to yielding. Where yields are not planned, each may take a time slice.
enum { POLLS_PER_CLOCK = 256, YIELDS_PER_CLOCK = 4 };

// Two looks at the clock further apart than this mean that the core was taken away: a time
// slice is 1 ms or more, and 256 polls in vain take some 10 us. Then it is crowded, for some
// slices. (Two ranks that had started on one CPU spun in turns of a tick, 8 ms per barrier.)
enum { TAKEN_AWAY_NS = 200000, CROWDED_NS = 20000000 };

// A process that waits as we do gives the core back at once. Where a yield takes as long, the other
// one computes, has nothing to do with us, and takes its whole time slice whenever it is offered
// one: a job beside one such process was ten times as slow as one that just spins. So spin for so
// long, and be content with the share of the core that the system gives us.
enum { STUBBORN_NS = 100000000 };

// Looks where it is after so many yields, in however many waits: two system calls, of 300 ns, in
// 64 of 480 ns.
enum { YIELDS_PER_SPREAD = 64 };

// Looks in vain (MPI_Test ...) after which there is more to do than to look: a rank on a crowded
// core yields, since whoever it waits for may need the core, and streams have their turn. After
// which mprun is told, each time (a program may look only now and then). And after which that has
// lasted for long: a millisecond or more. Each is a multiple of the one before.
enum { LOOKS_PER_MORE = 4, LOOKS_PER_TELL = 256, LOOKS_UNTIL_LATE = 1 << 14 };

// On a crowded core a rank leaves the core after so many bytes of messages, also if it has not had
// to wait for any; a step of progress counts as so many. (Beside a flood of 16 KB, three ranks on
// two cores, a question takes 19 us, and 47 if a rank leaves its core only when it has to wait.)
enum { PACE_BYTES = 64 << 10, STEP_BYTES = 16 << 10 };

static uint64_t crowded_until, stubborn_until;

// Threads of this rank that announced a sleep. The announcement stands until the last one takes it
// back, since the others may be asleep already.
static int armed_waiters;
bool mp_progress_late;
uint64_t mp_progress_events;

static struct mp_list pollers = {&pollers, &pollers};

// Where a walk through the pollers goes on: a poll may remove any of them, and may make progress
// itself (a function of the program's that calls MPI), which is a walk within the walk.
struct walk {
    struct mp_list *next;
    struct walk *outer;
};
static struct walk *walks;

void mp_progress_add(struct mp_poller *poller)
{
    if (mp_list_empty(&poller->link)) {
        mp_list_insert(&pollers, &poller->link);
    }
}

void mp_progress_remove(struct mp_poller *poller)
{
    for (struct walk *walk = walks; walk; walk = walk->outer) {
        if (walk->next == &poller->link) {
            walk->next = poller->link.next;
        }
    }
    mp_list_remove(&poller->link);
}

static int poll_all(void)
{
    struct walk walk = {.next = pollers.next, .outer = walks};
    int done = 0;

    walks = &walk;
    while (walk.next != &pollers) {
        struct mp_poller *poller = mp_container_of(walk.next, struct mp_poller, link);
        walk.next = poller->link.next;
        done += poller->poll(poller);
    }
    walks = walk.outer;
    return done;
}

int mp_progress(void)
{
    int done = mp_channel->poll();
    if (unlikely(!mp_list_empty(&pollers))) {
        done += poll_all();
    }
    return done;
}

// For those that look as for those that wait: see progress.h.
static void late(void)
{
    mp_progress_late = true;
    if (mp_handed.late) {
        mp_handed.late();
    }
}

static unsigned looks_in_vain;

// Whether there is more to do after a look in vain; and that, which returns what it moved. A
// program may look as seldom as it likes, so streams, which are not polled each time while near
// messages come (message/near_and_far.c), have their turn here.
static inline bool there_is_more(void)
{
    return unlikely(looks_in_vain % LOOKS_PER_MORE == 0) &&
           (mp_far || mp_process.crowded || looks_in_vain % LOOKS_PER_TELL == 0);
}

static __attribute__((noinline)) int look_more(void)
{
    static uint64_t caller;
    int done = mp_far ? mp_far->poll() : 0;

    if (done) {
        mp_wake_threads();
        return done;
    }
    if (looks_in_vain % LOOKS_PER_TELL == 0) {
        caller = looks_in_vain < LOOKS_UNTIL_LATE    ? 0
                 : looks_in_vain == LOOKS_UNTIL_LATE ? mp_caller_find()
                                                     : caller;
        mp_record_polls(caller);
    }
    if (mp_process.crowded) {
        mp_lock_yield();
    }
    if (looks_in_vain % LOOKS_UNTIL_LATE == 0) {
        late();
        mp_progress_late = armed_waiters > 0;
    }
    return 0;
}

int mp_progress_look(void)
{
    int done = mp_progress();
    if (likely(!done)) {
        looks_in_vain++;
        done = there_is_more() ? look_more() : 0;
    }
    if (done) {
        if (looks_in_vain >= LOOKS_PER_TELL) {
            mp_record_polls_met();
        }
        looks_in_vain = 0;
    }
    return done;
}

void mp_waiter_begin(struct mp_waiter *waiter, int peer, int tag, uint32_t context, uint64_t bytes)
{
    *waiter = (struct mp_waiter){.peer = peer, .tag = tag, .context = context, .bytes = bytes};
}

static void arm(struct mp_waiter *waiter)
{
    waiter->armed = mp_channel->arm();
    armed_waiters++;
    late();
}

static void disarm(struct mp_waiter *waiter)
{
    if (--armed_waiters == 0) {
        mp_channel->disarm();
        mp_progress_late = false;
    }
    waiter->armed = 0;
}

// Tells the board what this rank is about to sleep for.
static void publish(const struct mp_waiter *waiter)
{
    struct mp_board *board = mp_process.board;
    atomic_store_explicit(&board->sleeps_in, (uint32_t)mp_call_inside(), memory_order_relaxed);
    int peer = mp_is_guest(waiter->peer) ? MP_PEER_SEVERAL : waiter->peer; // no rank of this world
    atomic_store_explicit(&board->peer, peer, memory_order_relaxed);
    atomic_store_explicit(&board->tag, waiter->tag, memory_order_relaxed);
    atomic_store_explicit(&board->context, waiter->context, memory_order_relaxed);
    atomic_store_explicit(&board->bytes, waiter->bytes, memory_order_relaxed);
    atomic_store_explicit(&board->since_ns, (int64_t)waiter->began, memory_order_relaxed);
    atomic_store_explicit(&board->state, MP_RANK_BLOCKED, memory_order_release);
}

// And mprun, item by item.
static void tell(struct mp_waiter *waiter)
{
    if (!waiter->told) {
        waiter->told = true;
        waiter->record = mp_record_take();
        if (waiter->since_ns == 0) {
            waiter->since_ns = mp_clock_ns(CLOCK_MONOTONIC);
            waiter->caller = mp_caller_find();
        }
    }
    struct mp_wait_record *record = waiter->record;
    if (!record) {
        return;
    }
    mp_record_begin(record, waiter->since_ns, waiter->caller);
    if (waiter->describe) {
        waiter->describe(waiter->waits, record);
    }
    if (record->nitems == 0) {
        mp_record_add(record, MP_WAIT_OTHER)->met = mp_met_by_anybody();
    }
    mp_record_end(record);
}

static void untell(struct mp_waiter *waiter)
{
    if (waiter->told) {
        waiter->told = false;
        mp_record_give(waiter->record);
    }
}

static void sleep_now(struct mp_waiter *waiter)
{
    publish(waiter);
    tell(waiter);
    mp_lock_release();
    mp_channel->sleep(waiter->armed);
    mp_lock_acquire();
    atomic_store_explicit(&mp_process.board->state, MP_RANK_RUNNING, memory_order_relaxed);
    disarm(waiter);
    // Woken for something: look around for a while before the next sleep.
    waiter->began = 0;
    waiter->polls = 0;
}

static bool has_neighbours(void)
{
    return mp_process.near > 1 || mp_peers_end > mp_peers_first_guest;
}

// True when it is time to sleep.
static bool waited_long(struct mp_waiter *waiter, uint32_t patience)
{
    uint64_t now = (uint64_t)mp_clock_ns(CLOCK_MONOTONIC);
    bool taken_away = waiter->began != 0 && now - waiter->last > TAKEN_AWAY_NS;
    if (waiter->began == 0) {
        waiter->began = now;
    }
    if (has_neighbours() && mp_spread_look(now)) {
        mp_process.crowded = true;
        crowded_until = now + CROWDED_NS;
    } else if (taken_away && mp_process.crowded && !mp_process.planned) {
        mp_process.crowded = false;
        stubborn_until = now + STUBBORN_NS;
    } else if (taken_away && now > stubborn_until) {
        mp_process.crowded = true;
        crowded_until = now + CROWDED_NS;
    }
    if (mp_process.crowded && now > crowded_until) {
        mp_process.crowded = mp_process.planned;
    }
    waiter->last = now;
    return now - waiter->began > patience;
}

static void pause_once(struct mp_waiter *waiter)
{
    bool shared = mp_process.crowded;
    bool threads = mp_process_is_locked();
    bool planned = mp_process.planned; // else a yield may take a time slice
    uint32_t per_clock = !shared ? POLLS_PER_CLOCK : planned ? YIELDS_PER_CLOCK : 1;

    if (waiter->armed) {
        // The guard may have risen, and we may be a child by now, which a signal handler forked
        // after the last look and before the announcement: then that was made on a board where
        // nobody wakes it. A later one does not sleep, since its board has another number.
        mp_lock_acquire();
        sleep_now(waiter);
        return;
    }
    if (++waiter->polls % per_clock == 0 && waited_long(waiter, shared ? YIELD_NS : SPIN_NS)) {
        // Announce, then let the caller look once more; the next step without progress sleeps.
        arm(waiter);
        return;
    }
    static unsigned yields;
    if (shared && has_neighbours() && ++yields % YIELDS_PER_SPREAD == 0) {
        mp_spread_look((uint64_t)mp_clock_ns(CLOCK_MONOTONIC));
    }
    if (shared || threads) {
        mp_lock_yield(); // with threads: another one may wait for the lock
    } else {
        mp_cpu_relax();
        mp_lock_acquire(); // the guard may have risen
    }
}

void mp_pause_holding(unsigned *pauses)
{
    enum { SPINS = 2000, YIELDS = 2000, NAP_NS = 100000 };
    unsigned n = *pauses;

    if (n < SPINS) {
        mp_cpu_relax();
    } else if (n < SPINS + YIELDS) {
        sched_yield();
    } else {
        struct timespec time = {0, NAP_NS};
        nanosleep(&time, NULL);
        return;
    }
    *pauses = n + 1;
}

void mp_progress_pace(size_t bytes)
{
    static size_t moved;
    if (likely(!mp_process.crowded) || (moved += bytes) < PACE_BYTES) {
        return;
    }
    moved = 0;
    mp_lock_yield();
}

void mp_waiter_step(struct mp_waiter *waiter)
{
    if (mp_progress()) {
        mp_progress_events++;
        mp_progress_pace(STEP_BYTES);
        if (unlikely(waiter->armed)) {
            disarm(waiter);
        }
        if (unlikely(waiter->told)) {
            untell(waiter);
        }
        waiter->began = 0;
        waiter->polls = 0;
        return;
    }
    pause_once(waiter);
}

void mp_waiter_end(struct mp_waiter *waiter)
{
    if (unlikely(waiter->armed)) {
        disarm(waiter);
    }
    if (unlikely(waiter->told)) {
        untell(waiter);
    }
}

bool mp_progress_busy(void)
{
    return !mp_list_empty(&pollers) || (mp_handed.busy && mp_handed.busy());
}

void mp_wake(int world_rank)
{
    mp_shm_notify(mp_shm_peers[world_rank].board);
}

void mp_wake_threads(void)
{
    if (unlikely(mp_process_is_locked())) {
        mp_shm_notify(mp_process.board);
    }
}
