// SPDX-License-Identifier: MIT
// Three kinds of file in /sys say how CPUs lie together: which share a package, which of those a
// last-level cache, and which of those a core. Each is read once per group, so a machine of 2 CPUs
// costs a handful of reads, and one of 192 some two hundred.
// Read next: placement.c (which of them each rank gets).
#define _GNU_SOURCE
#include "launcher/cpu_order.h"

#include <stdio.h>
#include <stdlib.h>

// From the largest group to the smallest. The cache is the third level's where there is one; a
// machine without has cores that share nothing below the package.
static const char *const groups[] = {"topology/package_cpus_list", "cache/index3/shared_cpu_list",
                                     "topology/thread_siblings_list"};
enum { GROUPS = sizeof groups / sizeof *groups };

// The CPUs of `among` that lie with `cpu`, by the file `group` of its folder; `fallback` (just this
// CPU, or all) where there is no such file.
static struct mp_cpus together(const char *folder, const char *group, int cpu,
                               const struct mp_cpus *among, const struct mp_cpus *fallback)
{
    struct mp_cpus found;
    char path[300];

    snprintf(path, sizeof path, "%s/cpu%d/%s", folder, cpu, group);
    if (!mp_cpus_read(&found, path))
        found = *fallback;
    for (int i = 0; i < MP_CPUS_WORDS; i++)
        found.words[i] &= among->words[i];
    mp_cpus_add(&found, cpu);
    return found;
}

static void add_core(struct topology *t, const struct mp_cpus *core)
{
    t->cores[t->ncores].at = t->ncpus;
    for (int cpu = mp_cpus_next(core, 0); cpu >= 0; cpu = mp_cpus_next(core, cpu + 1))
        t->cpus[t->ncpus++] = cpu;
    t->cores[t->ncores].threads = t->ncpus - t->cores[t->ncores].at;
    t->ncores++;
}

// Adds the CPUs of `left`, which lie together in everything above `level`.
static void add_group(struct topology *t, const char *folder, int level, struct mp_cpus left)
{
    if (level == GROUPS) {
        add_core(t, &left);
        return;
    }
    for (int cpu; (cpu = mp_cpus_next(&left, 0)) >= 0;) {
        struct mp_cpus alone = {{0}};
        // Nothing is said: one package, one cache, and a core of its own for each CPU.
        const struct mp_cpus *fallback = level == GROUPS - 1 ? &alone : &left;
        struct mp_cpus group = together(folder, groups[level], cpu, &left, fallback);
        for (int i = 0; i < MP_CPUS_WORDS; i++)
            left.words[i] &= ~group.words[i];
        add_group(t, folder, level + 1, group);
    }
}

int topology_read(struct topology *topology, const struct mp_cpus *usable, const char *folder)
{
    size_t room = (size_t)mp_cpus_count(usable) + 1;

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
