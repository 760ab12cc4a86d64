// SPDX-License-Identifier: MIT
// The CPUs that mprun may use, in the order in which they lie in the machine, and what they are
// parts of. See cpu_order.c.
#ifndef MPRUN_CPU_ORDER_H
#define MPRUN_CPU_ORDER_H

#include "base/cpus.h"

// What a machine consists of, from the largest part to the smallest.
enum level {
    LEVEL_DEFAULT, // nothing was said
    LEVEL_MACHINE,
    LEVEL_SOCKET,
    LEVEL_NUMA,
    LEVEL_L3,
    LEVEL_L2,
    LEVEL_CORE,
    LEVEL_HWTHREAD,
    LEVELS
};

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
    int (*in)[LEVELS]; // for each of `cpus`, what it lies in: by the lowest CPU of that
    unsigned known;    // 1 << level of what the machine tells
};

// Reads the topology of the CPUs in `usable` from the folder that /sys/devices/system is, or one
// like it; memory nodes and second-level caches, which a plain start need not know, only with
// `all`. What is not told there is taken as flat: each CPU is a core. topology_release gives back
// what this takes. Returns 0, or -1: no memory.
int topology_read(struct topology *topology, const struct mp_cpus *usable, const char *folder,
                  bool all);

// The parts of that level, in order, as sets of usable CPUs; the caller frees *objects. Returns how
// many there are, or -1: no memory.
int topology_objects(const struct topology *topology, enum level level, struct mp_cpus **objects);

// Where in the order a CPU stands; -1 for one that is not there.
int topology_place(const struct topology *topology, int cpu);

void topology_release(struct topology *topology);

#endif
