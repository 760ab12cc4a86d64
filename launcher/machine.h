// SPDX-License-Identifier: MIT
// What this machine lets us use: CPUs, memory, and whether it ran out of that. See machine.c.
#ifndef MPRUN_MACHINE_H
#define MPRUN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

// How many CPUs mprun may use: those in its affinity mask, and no more than its control group's
// quota, rounded up. At least 1.
int machine_cpus(void);

// How many processes the kernel killed for want of memory since it started, -1 if it does not say.
int64_t machine_oom_kills(void);

// Bytes of memory that the machine has.
uint64_t machine_memory(void);

// Whether membarrier(2) is there for processes that share memory.
bool machine_has_membarrier(void);

#endif
