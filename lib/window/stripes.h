// SPDX-License-Identifier: MIT
// What makes accumulates atomic (MPI 5.0, 12.7.1): each rank has 64 locks, its stripes, in its part
// of the shared heap. An accumulate takes the stripe of the element's first byte, as the owner sees
// its address; so sums, swaps and long vectors exclude each other, by whichever way and through
// whichever window they come.
//
// Single words. What programs count with is one word, which the processor combines atomically by
// itself (window/accumulate.c says which operations). Such an access does without the stripe as
// long as nobody else wants it: `blocks` is 0. Whoever wants it for anything else takes it, sets
// `blocks`, and waits until no rank is still inside such an access: each one says that it is, in
// `combines` on its board. That is Dekker's agreement: the one stores `combines` and then loads
// `blocks`, the other stores `blocks` and then loads `combines`, so one of them sees the other. The
// fence that the first one needs in between is the other's membarrier (process/peers.h). While
// `blocks` is set single words take the stripe, too, and change the word atomically all the same,
// for those that see `blocks` cleared again: that is done, under the stripe, after so many single
// words in a row that the membarrier, of 2.3 us, costs them nothing. (A fetch-and-op with a flush
// takes 16 ns so and 29 under the stripe, with both ranks at one counter 0.3 lines and 1.0.)
//
// A stripe is held for some copying and never across a wait, so a waiter spins, and yields where
// the holder may have been preempted. The taking exchange is acquire and pairs with the release of
// the giving store. Who wants several takes them in rising order; who holds one only never wants
// another. A rank that dies with one ends the job.
#ifndef MP_WINDOW_STRIPES_H
#define MP_WINDOW_STRIPES_H

#include "base/bits.h"
#include "shm/layout.h"

#include <stdatomic.h>
#include <stdint.h>

// Whether an atomic change is a memory fence, too, and of all that was stored before.
#if defined(__x86_64__)
enum { MP_CHANGE_IS_FENCE = 1 };
#else
enum { MP_CHANGE_IS_FENCE = 0 };
#endif

enum { MP_STRIPES = 64, MP_STRIPE_BITS = 12 };

struct mp_stripe {
    _Alignas(MP_APART) _Atomic uint32_t held;
    _Atomic uint32_t blocks; // not 0: all take the stripe. Written by the holder
    uint32_t singles;        // single words in a row, by holders
};

static inline struct mp_stripe *mp_stripe_of(struct mp_stripe *stripes, uint64_t address)
{
    return &stripes[address >> MP_STRIPE_BITS & (MP_STRIPES - 1)];
}

// For a single word, and for anything.
void mp_stripe_wait(struct mp_stripe *stripe);
static inline void mp_stripe_take_single(struct mp_stripe *stripe)
{
    if (unlikely(atomic_exchange_explicit(&stripe->held, 1, memory_order_acquire))) {
        mp_stripe_wait(stripe);
    }
}

void mp_stripe_close(struct mp_stripe *stripe);
static inline void mp_stripe_take(struct mp_stripe *stripe)
{
    mp_stripe_take_single(stripe);
    stripe->singles = 0;
    if (unlikely(!atomic_load_explicit(&stripe->blocks, memory_order_relaxed))) {
        mp_stripe_close(stripe);
    }
}

static inline void mp_stripe_give(struct mp_stripe *stripe)
{
    atomic_store_explicit(&stripe->held, 0, memory_order_release);
}

// This rank's stripes, made at the first call; NULL with mp_fail when memory is out.
struct mp_stripe *mp_stripes_own(void);

#endif
