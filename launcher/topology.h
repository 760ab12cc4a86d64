// SPDX-License-Identifier: MIT
// The CPUs that mprun may use, in the order in which they lie in the machine. See topology.c.
#ifndef MPRUN_TOPOLOGY_H
#define MPRUN_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { TOPOLOGY_MASK_WORDS = 128, TOPOLOGY_CPUS_MAX = TOPOLOGY_MASK_WORDS * 64 };

// An affinity mask, of as many CPUs as any kernel has.
struct cpu_mask {
    uint64_t words[TOPOLOGY_MASK_WORDS];
};

static inline bool cpu_mask_has(const struct cpu_mask *mask, int cpu)
{
    return mask->words[cpu / 64] >> cpu % 64 & 1;
}

static inline void cpu_mask_add(struct cpu_mask *mask, int cpu)
{
    mask->words[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

// Where a process may run, 0 being this one; empty if that cannot be known.
struct cpu_mask cpu_mask_of(pid_t pid);

int cpu_mask_count(const struct cpu_mask *mask);

// The lowest CPU in `mask` from `cpu` on, or -1.
int cpu_mask_next(const struct cpu_mask *mask, int cpu);

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
int topology_read(struct topology *topology, const struct cpu_mask *usable, const char *folder);

void topology_release(struct topology *topology);

#endif
