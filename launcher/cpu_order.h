// SPDX-License-Identifier: MIT
// The CPUs that mprun may use, in the order in which they lie in the machine. See cpu_order.c.
#ifndef MPRUN_CPU_ORDER_H
#define MPRUN_CPU_ORDER_H

#include "base/cpus.h"

// A core: its usable hardware threads are CPUs at, at + 1 ... of the order below.
struct core {
    int at;
    int threads;
};

// CPUs that are close to each other follow each other: the threads of a core, the cores of a
// last-level cache, the caches of a package.
struct topology {
    int ncpus;
    int *cpus;
    int ncores;
    struct core *cores;
};

// Reads the topology of the CPUs in `usable` from the folder that /sys/devices/system/cpu is, or
// one like it. What is not told there is taken as flat: each CPU is a core. The caller owns the two
// arrays. Returns 0, or -1: no memory.
int topology_read(struct topology *topology, const struct mp_cpus *usable, const char *folder);

void topology_release(struct topology *topology);

#endif
