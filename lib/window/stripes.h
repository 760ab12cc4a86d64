// SPDX-License-Identifier: MIT
// What makes accumulates atomic (MPI 5.0, 12.7.1): each rank has 64 locks, its stripes, in its part
// of the shared heap. Every accumulate of whatever type and operation takes the stripe of the
// element's first byte, as the owner sees its address; so sums, swaps and long vectors exclude each
// other, by whichever way and through whichever window they come. (Taking one, an addition and
// giving it back take as long alone as one `lock xadd`: 5 ns.)
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

enum { MP_STRIPES = 64, MP_STRIPE_BITS = 12 };

struct mp_stripe {
    _Alignas(MP_APART) _Atomic uint32_t held;
};

static inline uint64_t mp_stripe_number(uint64_t address)
{
    return address >> MP_STRIPE_BITS & (MP_STRIPES - 1);
}

void mp_stripe_wait(struct mp_stripe *stripe);
static inline void mp_stripe_take(struct mp_stripe *stripe)
{
    if (unlikely(atomic_exchange_explicit(&stripe->held, 1, memory_order_acquire))) {
        mp_stripe_wait(stripe);
    }
}

static inline void mp_stripe_give(struct mp_stripe *stripe)
{
    atomic_store_explicit(&stripe->held, 0, memory_order_release);
}

// This rank's stripes, made at the first call; NULL with mp_fail when memory is out.
struct mp_stripe *mp_stripes_own(void);

#endif
