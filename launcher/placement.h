// SPDX-License-Identifier: MIT
// Where the ranks of a job run. See placement.c.
#ifndef MPRUN_PLACEMENT_H
#define MPRUN_PLACEMENT_H

#include "launcher/cpu_order.h"
#include "launcher/options.h"

// Parts of the machine's CPUs; rank r runs on part r % count. `count` 0: ranks run wherever mprun
// may.
struct placement {
    int count;
    struct mp_cpus *parts;
    int threads; // that a rank may run at the same time: the CPUs of its part or, of all, its share
    int lock;    // see placement_settle
};

// Decides where `nranks` ranks run that are bound as `binding` says; `cpus` is machine_cpus().
// Where other processes are bound to CPUs, their CPUs are left to them: that it stays true until
// our ranks are bound too is what a lock is held for, until placement_settle. Returns 0, or -1: no
// memory.
int placement_make(struct placement *placement, enum binding binding, int nranks, int cpus);

// All ranks have been started.
void placement_settle(struct placement *placement);

// The CPUs of a rank; NULL: wherever mprun may.
const struct mp_cpus *placement_of(const struct placement *placement, int rank);

// The part of placement_make that only thinks: cuts what is free of `topology`, which `taken` is
// not, into `nranks` equal parts, of neighbours, of whole cores if there are enough of them, and
// lowers placement->threads to what the smallest has.
// Returns 0 if it could: with fewer free CPUs than ranks there are no parts.
int placement_cut(struct placement *placement, const struct topology *topology,
                  const struct mp_cpus *taken, int nranks);

#endif
