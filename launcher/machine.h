// SPDX-License-Identifier: MIT
// What this machine lets us use: CPUs, cores, and whether it ran out of memory. See machine.c.
#ifndef MPRUN_MACHINE_H
#define MPRUN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

// How many CPUs mprun may use: those in its affinity mask, and no more than its control group's
// quota, rounded up. At least 1.
int machine_cpus(void);

// The cores that the affinity mask touches. `masks` holds `words` 64-bit words for each: its usable
// CPUs. Lives as long as the program; computed on the first call. NULL if memory ran out.
struct cores {
    int count;
    int words;
    uint64_t *masks;
    int *first; // each core's lowest usable CPU
};
const struct cores *machine_cores(void);

// How many processes the kernel killed for want of memory since it started, -1 if it does not say.
int64_t machine_oom_kills(void);

// Bytes of memory that the machine has.
uint64_t machine_memory(void);

// Whether membarrier(2) is there for processes that share memory.
bool machine_has_membarrier(void);

#endif
