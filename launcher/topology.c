// SPDX-License-Identifier: MIT
// Three kinds of file in /sys say how CPUs lie together: which share a package, which of those a
// last-level cache, and which of those a core. Each is read once per group, so a machine of 2 CPUs
// costs a handful of reads, and one of 192 some two hundred.
// Read next: placement.c (which of them each rank gets).
#define _GNU_SOURCE
#include "launcher/topology.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// From the largest group to the smallest. The cache is the third level's where there is one; a
// machine without has cores that share nothing below the package.
static const char *const groups[] = {"topology/package_cpus_list", "cache/index3/shared_cpu_list",
                                     "topology/thread_siblings_list"};
enum { GROUPS = sizeof groups / sizeof *groups };

struct cpu_mask cpu_mask_of(pid_t pid)
{
    struct cpu_mask mask = {{0}};

    if (syscall(SYS_sched_getaffinity, pid, sizeof mask.words, mask.words) <= 0)
        mask = (struct cpu_mask){{0}};
    return mask;
}

int cpu_mask_count(const struct cpu_mask *mask)
{
    int count = 0;

    for (int i = 0; i < TOPOLOGY_MASK_WORDS; i++)
        count += __builtin_popcountll(mask->words[i]);
    return count;
}

int cpu_mask_next(const struct cpu_mask *mask, int cpu)
{
    for (int i = cpu / 64; i < TOPOLOGY_MASK_WORDS; i++) {
        uint64_t word = mask->words[i];
        if (i == cpu / 64)
            word &= ~UINT64_C(0) << cpu % 64;
        if (word)
            return i * 64 + __builtin_ctzll(word);
    }
    return -1;
}

// Sets the CPUs of a list such as "0-3,8" in `mask`.
static void parse_list(const char *list, struct cpu_mask *mask)
{
    const char *at = list;
    char *end;

    while (*at >= '0' && *at <= '9') {
        long from = strtol(at, &end, 10);
        long to = *end == '-' ? strtol(end + 1, &end, 10) : from;
        for (long cpu = from; cpu <= to && cpu < TOPOLOGY_CPUS_MAX; cpu++)
            cpu_mask_add(mask, (int)cpu);
        at = *end == ',' ? end + 1 : end;
    }
}

// The CPUs of `among` that lie with `cpu`, by the file `group` of its folder; `fallback` (just this
// CPU, or all) where there is no such file.
static struct cpu_mask together(const char *folder, const char *group, int cpu,
                                const struct cpu_mask *among, const struct cpu_mask *fallback)
{
    struct cpu_mask found = {{0}};
    char path[300];
    char list[4096];
    ssize_t got = -1;

    snprintf(path, sizeof path, "%s/cpu%d/%s", folder, cpu, group);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        got = read(fd, list, sizeof list - 1);
        close(fd);
    }
    if (got > 0) {
        list[got] = 0;
        parse_list(list, &found);
    } else {
        found = *fallback;
    }
    for (int i = 0; i < TOPOLOGY_MASK_WORDS; i++)
        found.words[i] &= among->words[i];
    cpu_mask_add(&found, cpu);
    return found;
}

static void add_core(struct topology *t, const struct cpu_mask *core)
{
    t->cores[t->ncores].at = t->ncpus;
    for (int cpu = cpu_mask_next(core, 0); cpu >= 0; cpu = cpu_mask_next(core, cpu + 1))
        t->cpus[t->ncpus++] = cpu;
    t->cores[t->ncores].threads = t->ncpus - t->cores[t->ncores].at;
    t->ncores++;
}

// Adds the CPUs of `left`, which lie together in everything above `level`.
static void add_group(struct topology *t, const char *folder, int level, struct cpu_mask left)
{
    if (level == GROUPS) {
        add_core(t, &left);
        return;
    }
    for (int cpu; (cpu = cpu_mask_next(&left, 0)) >= 0;) {
        struct cpu_mask alone = {{0}};
        // Nothing is said: one package, one cache, and a core of its own for each CPU.
        const struct cpu_mask *fallback = level == GROUPS - 1 ? &alone : &left;
        struct cpu_mask group = together(folder, groups[level], cpu, &left, fallback);
        for (int i = 0; i < TOPOLOGY_MASK_WORDS; i++)
            left.words[i] &= ~group.words[i];
        add_group(t, folder, level + 1, group);
    }
}

int topology_read(struct topology *topology, const struct cpu_mask *usable, const char *folder)
{
    size_t room = (size_t)cpu_mask_count(usable) + 1;

    *topology = (struct topology){.cpus = malloc(room * sizeof *topology->cpus),
                                  .cores = malloc(room * sizeof *topology->cores)};
    if (!topology->cpus || !topology->cores) {
        topology_release(topology);
        return -1;
    }
    add_group(topology, folder, 0, *usable);
    return 0;
}

void topology_release(struct topology *topology)
{
    free(topology->cpus);
    free(topology->cores);
    *topology = (struct topology){0};
}
