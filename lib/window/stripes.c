// SPDX-License-Identifier: MIT
// The stripes of this rank, and waiting for one: see stripes.h.
#include "window/stripes.h"

#include "object/errhandler.h"
#include "process/process.h"
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
