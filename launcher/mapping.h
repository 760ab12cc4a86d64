// SPDX-License-Identifier: MIT
// The part of placement that only thinks: which CPUs each rank gets of a machine that is described.
// See mapping.c.
#ifndef MPRUN_MAPPING_H
#define MPRUN_MAPPING_H

#include "launcher/cpu_order.h"
#include "launcher/options.h"

// Parts of the machine's CPUs; rank r runs on part r % count. `count` 0: ranks run wherever mprun
// may.
struct placement {
    int count;
    struct mp_cpus *parts;
    int threads; // that a rank may run at the same time: the CPUs of its part or, of all, its share
    int crowd;   // how many ranks are on the CPU that has most of them
    bool paper;  // the machine is one of MPRUN_SYSROOT: nobody can be bound to its CPUs
    int lock;    // see placement_settle
    const char *unbound; // why ranks run wherever they may, if they do
    char error[300];
};

// Deals `nranks` ranks out as `wish` says to the CPUs of `topology`, those that `taken` is not if
// they suffice. `near`, unless it is NULL, are the CPUs that are near to what each rank works with:
// then ranks are dealt to them. Sets the parts, and lowers `threads` to what the smallest has.
// There are no parts where nothing was asked for and there are fewer free CPUs than ranks, or none
// shall be bound. Returns 0, or -1 with a sentence in placement->error.
int mapping_make(struct placement *placement, const struct topology *topology,
                 const struct mp_cpus *taken, int nranks, const struct wish *wish,
                 const struct mp_cpus *near);

// How many ranks `wish`, which wants so many on each object, means on that machine; -1 with a
// sentence in `error`.
int mapping_count(const struct topology *topology, const struct wish *wish, char *error,
                  size_t room);

#endif
