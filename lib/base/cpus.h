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

// Leaves those that are in `of` too.
static inline void mp_cpus_keep(struct mp_cpus *cpus, const struct mp_cpus *of)
{
    for (int i = 0; i < MP_CPUS_WORDS; i++)
        cpus->words[i] &= of->words[i];
}

// Takes those out that are in `these`.
static inline void mp_cpus_drop(struct mp_cpus *cpus, const struct mp_cpus *these)
{
    for (int i = 0; i < MP_CPUS_WORDS; i++)
        cpus->words[i] &= ~these->words[i];
}

static inline void mp_cpus_join(struct mp_cpus *cpus, const struct mp_cpus *these)
{
    for (int i = 0; i < MP_CPUS_WORDS; i++)
        cpus->words[i] |= these->words[i];
}

int mp_cpus_count(const struct mp_cpus *cpus);

// The lowest one from `cpu` on, or -1.
int mp_cpus_next(const struct mp_cpus *cpus, int cpu);

// Where a process may run, 0 being this one; empty if that cannot be known.
struct mp_cpus mp_cpus_of(pid_t pid);

// Reads a list such as "0-3,8", as far as it goes. Returns where that ends.
const char *mp_cpus_parse(struct mp_cpus *cpus, const char *list);

// The same from the file of that name. False if there is none.
bool mp_cpus_read(struct mp_cpus *cpus, const char *name);

// Writes such a list, as much of it as there is room for.
void mp_cpus_write(const struct mp_cpus *cpus, char *list, size_t room);

#endif
