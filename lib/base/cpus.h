// SPDX-License-Identifier: MIT
// Sets of CPUs, as affinity masks and the kernel's lists have them.
#ifndef MP_BASE_CPUS_H
#define MP_BASE_CPUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MP_CPUS_WORDS = 128, MP_CPUS_MAX = MP_CPUS_WORDS * 64 };

// Of as many CPUs as any kernel has.
struct mp_cpus {
    uint64_t words[MP_CPUS_WORDS];
};

static inline bool mp_cpus_has(const struct mp_cpus *cpus, int cpu)
{
    return cpus->words[cpu / 64] >> cpu % 64 & 1;
}

static inline void mp_cpus_add(struct mp_cpus *cpus, int cpu)
{
    cpus->words[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

int mp_cpus_count(const struct mp_cpus *cpus);

// The lowest one from `cpu` on, or -1.
int mp_cpus_next(const struct mp_cpus *cpus, int cpu);

// Where a process may run, 0 being this one; empty if that cannot be known.
struct mp_cpus mp_cpus_of(pid_t pid);

// Reads a list such as "0-3,8" from the file of that name. False if there is none.
bool mp_cpus_read(struct mp_cpus *cpus, const char *name);

#endif
