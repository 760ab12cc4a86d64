// SPDX-License-Identifier: MIT
// Progress and waiting. Every wait in the library is this loop:
//
//     struct mp_waiter waiter;
//     mp_waiter_begin(&waiter, peer, tag, context, bytes);
//     while (!done) {
//         mp_waiter_step(&waiter);
//     }
//     mp_waiter_end(&waiter);
//
// A step makes progress once; when there was none it pauses: it spins while the rank is alone on
// its core, yields while it is not, and sleeps after a bounded time until a peer wakes it (design:
// waiting). Before it sleeps it announces that, lets the caller look once more, and publishes on
// the board what it waits for. `done` must be something that a peer's packet or a store followed by
// mp_wake changes.
#ifndef MP_WAIT_PROGRESS_H
#define MP_WAIT_PROGRESS_H

#include "base/list.h"
#include "wait/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MP_PEER_ANY = -1, MP_PEER_SEVERAL = -2 };

struct mp_waiter {
    uint64_t began; // clock when the waiting (re)started; 0: not read yet
    uint64_t last;  // clock at the last step, to notice that the core was taken away
    uint32_t polls; // steps without progress
    uint32_t armed; // announced that we are about to sleep: as mp_channel.arm said; else 0
    int peer, tag;  // for the board
    uint32_t context;
    uint64_t bytes;
    int64_t since_ns; // clock when it slept for the first time; 0: it has not
    uint64_t caller;  // and where the program was then: mp_caller_find
    bool told;        // to mprun: it has a record, if there was one left,
    struct mp_wait_record *record;
    const void *waits; // what is waited for, for `describe`
    // Tells mprun what that is (wait/record.h); NULL: anybody may meet it.
    void (*describe)(const void *waits, struct mp_wait_record *record);
};

void mp_waiter_begin(struct mp_waiter *waiter, int peer, int tag, uint32_t context, uint64_t bytes);
static inline void mp_waiter_describe(struct mp_waiter *waiter,
                                      void (*describe)(const void *waits,
                                                       struct mp_wait_record *record),
                                      const void *waits)
{
    waiter->describe = describe;
    waiter->waits = waits;
}
void mp_waiter_step(struct mp_waiter *waiter);
void mp_waiter_end(struct mp_waiter *waiter);

// A pause in a wait that is none of these, because it must keep the library's lock: one for what a
// peer does that is on its way already. A stopped peer takes as long as it takes, so after a while
// the pauses are naps. *pauses: how many there were, 0 at first.
void mp_pause_holding(unsigned *pauses);

// Some wait of this rank has lasted for long, and the next look is the last one before it sleeps;
// or it has looked for long (MPI_Test ...). The moment to find out whether that is in vain
// (mp_handed.late in process/handed.h).
extern bool mp_progress_late;

// Polls the channel and what else has something to do, once. Returns how much happened, 0 for
// nothing.
int mp_progress(void);

// What mp_progress polls besides the channel, as long as it is added. So that progress costs what
// there is to do and not what is under way, a poller looks only at what can have moved without a
// packet (room in a ring, a post on a desk), and its `poll` returns how much it did. What waits for
// a request is woken by that instead: mp_watch in message/request.h.
struct mp_poller {
    struct mp_list link; // an empty list while it is not added
    int (*poll)(struct mp_poller *poller);
};

// Both may be called at any time, by a poller too, for itself and for others, and twice.
void mp_progress_add(struct mp_poller *poller);
void mp_progress_remove(struct mp_poller *poller);

// The progress that a call makes which looks and does not wait (MPI_Test, MPI_Iprobe): the same,
// and where ranks share cores, a program that loops over such calls leaves the core now and then to
// those it is waiting for.
int mp_progress_look(void);

// After `bytes` bytes of a message went without a wait. Where ranks share cores, one that always
// finds something to receive, or room for what it sends, would keep its core for whole time slices,
// and the ranks beside it would wait that long for the core.
void mp_progress_pace(size_t bytes);

// Counts what happens while this rank waits: each step that found something to do, and what moves
// in a step that does not say so. As long as it stands still, the waits of this rank have sent
// nothing to anybody. For mprun: launcher/deadlock_watch.c.
extern uint64_t mp_progress_events;

// Whether something is under way here that goes on by itself, whatever call the program is in.
bool mp_progress_busy(void);

// Wakes a near rank (world rank) if it sleeps; to be called after every store to shared memory that
// it may be waiting for. Cheap when it does not sleep: one load of a line nobody writes.
void mp_wake(int world_rank);

// The same for other threads of this rank, after what one of them may be waiting for was done by
// this one: a request is complete, a message of ours to ourselves is there. With the lock held.
void mp_wake_threads(void);

#endif
