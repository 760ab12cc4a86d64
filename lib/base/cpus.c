// SPDX-License-Identifier: MIT
// Sets of CPUs: see cpus.h.
#define _GNU_SOURCE
#include "base/cpus.h"

#include "base/file.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int mp_cpus_count(const struct mp_cpus *cpus)
{
    int count = 0;

    for (int i = 0; i < MP_CPUS_WORDS; i++)
        count += __builtin_popcountll(cpus->words[i]);
    return count;
}

int mp_cpus_next(const struct mp_cpus *cpus, int cpu)
{
    for (int i = cpu / 64; i < MP_CPUS_WORDS; i++) {
        uint64_t word = cpus->words[i];
        if (i == cpu / 64)
            word &= ~UINT64_C(0) << cpu % 64;
        if (word)
            return i * 64 + __builtin_ctzll(word);
    }
    return -1;
}

struct mp_cpus mp_cpus_of(pid_t pid)
{
    struct mp_cpus cpus = {{0}};

    if (syscall(SYS_sched_getaffinity, pid, sizeof cpus.words, cpus.words) <= 0)
        cpus = (struct mp_cpus){{0}};
    return cpus;
}

bool mp_cpus_read(struct mp_cpus *cpus, const char *name)
{
    char list[3 * MP_CPUS_MAX]; // every second CPU, four digits and a comma each, is the longest
    char *at = list;

    *cpus = (struct mp_cpus){{0}};
    if (mp_file_read(list, sizeof list, "%s", name) == 0)
        return false;
    while (*at >= '0' && *at <= '9') {
        long from = strtol(at, &at, 10);
        long to = *at == '-' ? strtol(at + 1, &at, 10) : from;
        for (long cpu = from; cpu <= to && cpu < MP_CPUS_MAX; cpu++)
            mp_cpus_add(cpus, (int)cpu);
        at += *at == ',';
    }
    return mp_cpus_next(cpus, 0) >= 0;
}
