// SPDX-License-Identifier: MIT
// Where the ranks of a job run. See placement.c.
#ifndef MPRUN_PLACEMENT_H
#define MPRUN_PLACEMENT_H

#include "launcher/mapping.h"
#include "launcher/options.h"

// Decides where the ranks of a settled job run; `cpus` is machine_cpus(), and `near` are, if ranks
// have devices, the CPUs near to those of each rank. Where other processes are bound to CPUs, their
// CPUs are left to them: that it stays true until our ranks are bound too is what a lock is held
// for, until placement_settle. Returns 0, or -1 with a sentence in placement->error.
int placement_make(struct placement *placement, const struct options *options, int cpus,
                   const struct mp_cpus *near);

// All ranks have been started.
void placement_settle(struct placement *placement);

// The CPUs of a rank; NULL: wherever mprun may.
const struct mp_cpus *placement_of(const struct placement *placement, int rank);

// How many ranks the job has by default, unless that is one for each CPU: where so many were asked
// for on each object of some kind. Returns -1 with a sentence in options->error.
int placement_count(struct options *options, int cpus);

#endif
