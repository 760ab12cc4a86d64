// SPDX-License-Identifier: MIT
// A member's gate: what other ranks synchronize with when they access that member's part of a
// window. There is one per member and window, in the member's part of the shared heap, or in its
// private memory where it has none; then others send it messages (window/serve.c), and it does to
// its gate what they would have done. Read next: window/gate.c (the lock), window/epoch.c.
#ifndef MP_WINDOW_GATE_H
#define MP_WINDOW_GATE_H

#include "base/bits.h"
#include "shm/layout.h"
#include "wait/progress.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The lock is one word: a reader-writer lock with tickets, first come, first served, so that nobody
// starves.
//   bits 0-15   next: the ticket of whoever comes next
//   bits 16-31  serving: whose turn it is
//   bits 32-63  readers that hold it
// An exclusive holder has the turn, and there are no readers; it passes the turn on when it
// unlocks. A shared one passes the turn on as soon as it is counted among the readers. So with
// next == serving and no readers the lock is free, and either kind is taken by one instruction.
// Every change is sequentially consistent: what was stored to the window before an unlock is
// visible to whoever takes the lock after it, and no store of the epoch is still under way. (A
// release store would do for an exclusive holder that has stored nothing, and is not faster.)
//
// Who waits. A ticket is held by at most one thread of a rank at a time, so there are never more
// than `size` from serving to next, and their owners have places of their own in a table of a power
// of two. Whoever has to wait writes its rank there and then looks at the word. Whoever passes the
// turn on changes the word, then looks at the table and wakes that rank. A rank sleeps only if it
// has announced it before its last look, with a membarrier in between (process/peers.h): so either
// that look sees the turn, or the other side sees both the owner and the sleeper.
//
// Two members tell each other of their epochs through one line, that for the higher one in the
// lower one's gate: then whoever fetches the line to write finds what the other one has written, so
// that an epoch takes 2.0 times as long as a line between the cores, and 2.4 with a line each way.
// Only where they do not both see that line, each sends messages, and finds in its own gate what
// it was sent.
struct mp_gate_calls {
    // Epochs that one member has opened for the other (MPI_Win_post), and epochs of the other one
    // that it has completed. Written by that member with release, or by the other one where a
    // message says so; read with acquire by the other one, which knows how many it has seen.
    _Atomic uint32_t posted, completed;
};

struct mp_gate_pair {
    _Alignas(MP_APART) struct mp_gate_calls owner; // what the gate's owner tells the other one,
    struct mp_gate_calls other;                    // and what it is told
};

struct mp_gate {
    _Alignas(MP_APART) _Atomic uint64_t lock;
    // 1 + rank in the window of the exclusive holder, negative if it has the lock by messages;
    // written by whoever took it for that rank, and 0 before it is given. For reports.
    _Atomic int32_t holder;
    int32_t size;                // members; written once
    uint32_t owners_mask;        // places in the table of owners less 1; written once
    struct mp_gate_pair pairs[]; // by rank; behind them the owners of tickets (1 + rank)
};

static inline uint32_t mp_gate_owners(int size)
{
    uint32_t places = 1;
    while (places < (uint32_t)size) {
        places *= 2;
    }
    return places;
}

static inline size_t mp_gate_bytes(int size)
{
    return sizeof(struct mp_gate) + (size_t)size * sizeof(struct mp_gate_pair) +
           mp_gate_owners(size) * sizeof(_Atomic uint32_t);
}

// Zeroed memory becomes a gate.
static inline void mp_gate_init(struct mp_gate *gate, int size)
{
    gate->size = size;
    gate->owners_mask = mp_gate_owners(size) - 1;
}

static inline uint32_t mp_gate_next(uint64_t word)
{
    return (uint32_t)(word & 0xffff);
}

static inline uint32_t mp_gate_serving(uint64_t word)
{
    return (uint32_t)(word >> 16 & 0xffff);
}

static inline uint32_t mp_gate_readers(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint64_t mp_gate_word(uint32_t next, uint32_t serving, uint32_t readers)
{
    return (next & 0xffff) | (uint64_t)(serving & 0xffff) << 16 | (uint64_t)readers << 32;
}

// The world ranks of the members, to wake them.
struct mp_group;

// Takes a ticket for an exclusive or a shared lock. True: the lock is taken. Else *ticket is to be
// waited for: say who waits (`rank` in the window: the one to be woken), then ask until it is had.
bool mp_gate_ask(struct mp_gate *gate, bool exclusive, uint32_t *ticket);
void mp_gate_say(struct mp_gate *gate, uint32_t ticket, int rank);
bool mp_gate_has(struct mp_gate *gate, bool exclusive, uint32_t ticket,
                 const struct mp_group *group);

// Takes the lock only if that can be done at once.
static inline bool mp_gate_try(struct mp_gate *gate, bool exclusive)
{
    uint64_t old = atomic_load_explicit(&gate->lock, memory_order_relaxed), new;
    do {
        uint32_t next = mp_gate_next(old), serving = mp_gate_serving(old);
        uint32_t readers = mp_gate_readers(old);
        if (next != serving || (exclusive && readers > 0)) {
            return false;
        }
        new = exclusive ? mp_gate_word(next + 1, serving, readers)
                        : mp_gate_word(next + 1, serving + 1, readers + 1);
    } while (!atomic_compare_exchange_weak(&gate->lock, &old, new));
    return true;
}

void mp_gate_unlock_shared(struct mp_gate *gate, const struct mp_group *group);
void mp_gate_wake_next(struct mp_gate *gate, uint64_t word, const struct mp_group *group);
static inline void mp_gate_unlock(struct mp_gate *gate, bool exclusive,
                                  const struct mp_group *group)
{
    if (!exclusive) {
        mp_gate_unlock_shared(gate, group);
        return;
    }
    uint64_t old = atomic_load_explicit(&gate->lock, memory_order_relaxed), new;
    do {
        new = mp_gate_word(mp_gate_next(old), mp_gate_serving(old) + 1, mp_gate_readers(old));
    } while (!atomic_compare_exchange_weak(&gate->lock, &old, new));
    if (unlikely(mp_gate_next(new) != mp_gate_serving(new))) {
        mp_gate_wake_next(gate, new, group);
    }
}

#endif
