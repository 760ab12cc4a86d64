// SPDX-License-Identifier: MIT
// Sets of CPUs: see cpus.h.
#define _GNU_SOURCE
#include "base/cpus.h"

#include "base/file.h"

#include <stdio.h>
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

const char *mp_cpus_parse(struct mp_cpus *cpus, const char *list)
{
    *cpus = (struct mp_cpus){{0}};
    while (*list >= '0' && *list <= '9') {
        char *end;
        long from = strtol(list, &end, 10);
        long to = *end == '-' ? strtol(end + 1, &end, 10) : from;
        for (long cpu = from; cpu <= to && cpu < MP_CPUS_MAX; cpu++)
            mp_cpus_add(cpus, (int)cpu);
        list = end + (*end == ',');
    }
    return list;
}

bool mp_cpus_read(struct mp_cpus *cpus, const char *name)
{
    char list[3 * MP_CPUS_MAX]; // every second CPU, four digits and a comma each, is the longest

    *cpus = (struct mp_cpus){{0}};
    if (mp_file_read(list, sizeof list, "%s", name) == 0)
        return false;
    mp_cpus_parse(cpus, list);
    return mp_cpus_next(cpus, 0) >= 0;
}

void mp_cpus_write(const struct mp_cpus *cpus, char *list, size_t room)
{
    size_t length = 0;
    int last;

    *list = 0;
    for (int cpu = mp_cpus_next(cpus, 0); cpu >= 0 && length < room;
         cpu = mp_cpus_next(cpus, last + 1)) {
        for (last = cpu; mp_cpus_next(cpus, last + 1) == last + 1;)
            last++;
        length += (size_t)snprintf(list + length, room - length, last > cpu ? "%s%d-%d" : "%s%d",
                                   length > 0 ? "," : "", cpu, last);
    }
}
