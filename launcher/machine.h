// SPDX-License-Identifier: MIT
// What this machine lets us use: CPUs, memory, and whether it ran out of that. See machine.c.
#ifndef MPRUN_MACHINE_H
#define MPRUN_MACHINE_H

#include "base/cpus.h"

#include <stdbool.h>
#include <stdint.h>

// The folder whose proc, sys and dev tell about CPUs and devices: MPRUN_SYSROOT, for tests, or "".
const char *machine_root(void);

// Whether the CPUs are those of such a folder, so that nobody can run there.
bool machine_is_paper(void);

// The CPUs that mprun may use: those in its affinity mask, or all on paper.
struct mp_cpus machine_usable(void);

// How many CPUs mprun may use: machine_usable(), and no more than its control group's
// quota, rounded up. At least 1.
int machine_cpus(void);

// How many processes the kernel killed for want of memory since it started, -1 if it does not say.
int64_t machine_oom_kills(void);

// Bytes of memory that the machine has.
uint64_t machine_memory(void);

// Whether membarrier(2) is there for processes that share memory.
bool machine_has_membarrier(void);

#endif
