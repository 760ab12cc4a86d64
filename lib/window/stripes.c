// SPDX-License-Identifier: MIT
// The stripes of this rank, and waiting for one: see stripes.h.
#include "window/stripes.h"

#include "object/errhandler.h"
#include "process/peers.h"
#include "window/window.h"

#include <sched.h>

// Looks before a yield: about as long as a page of an accumulate takes.
enum { LOOKS = 200 };

void mp_stripe_wait(struct mp_stripe *stripe)
{
    unsigned looks = mp_process.crowded ? LOOKS - 1 : 0;
    do {
        // Read until it is free: writing would take the line from the holder.
        while (atomic_load_explicit(&stripe->held, memory_order_relaxed)) {
            if (++looks % LOOKS == 0) {
                sched_yield();
            } else {
                mp_cpu_relax();
            }
        }
    } while (atomic_exchange_explicit(&stripe->held, 1, memory_order_acquire));
}

// A rank that is inside has just begun, or was preempted there.
void mp_stripe_close(struct mp_stripe *stripe)
{
    atomic_store_explicit(&stripe->blocks, 1, memory_order_relaxed);
    mp_shm_fence_for_all();
    for (int place = 0; place < mp_process.near; place++) {
        const struct mp_board *board = mp_segment_board(mp_process.segment, place);
        // Acquire: pairs with the release in leave_single (accumulate.c).
        uint32_t first = atomic_load_explicit(&board->combines, memory_order_acquire);
        for (unsigned looks = 1;
             first % 2 && atomic_load_explicit(&board->combines, memory_order_acquire) == first;
             looks++) {
            if (looks % LOOKS == 0) {
                sched_yield();
            } else {
                mp_cpu_relax();
            }
        }
    }
}

struct mp_stripe *mp_stripes_own(void)
{
    static struct mp_stripe *own; // to the end of the process
    if (!own) {
        own = mp_window_memory(MP_STRIPES * sizeof *own, MP_APART, true);
    }
    if (!own) {
        mp_fail(MPI_ERR_NO_MEM, "no memory for a window");
    }
    return own;
}
