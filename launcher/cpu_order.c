// SPDX-License-Identifier: MIT
// Small files in /sys say how CPUs lie together: which share a package, which of those a memory
// node, a last-level cache, a second-level cache, and which a core. Each is read once per group, so
// a plain start on a machine of 2 CPUs costs a handful of reads, and on one of 192 some two
// hundred.
// Read next: mapping.c (which of them each rank gets).
#define _GNU_SOURCE
#include "launcher/cpu_order.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// From the largest group to the smallest. The cache is the third level's where there is one; a
// machine without has cores that share nothing below the package.
static const struct group {
    enum level level;
    const char *file; // below the folder of a CPU
    bool always;
} groups[] = {{LEVEL_SOCKET, "topology/package_cpus_list", true},
              {LEVEL_NUMA, NULL, false}, // in a folder of its own
              {LEVEL_L3, "cache/index3/shared_cpu_list", true},
              {LEVEL_L2, "cache/index2/shared_cpu_list", false},
              {LEVEL_CORE, "topology/thread_siblings_list", true}};
enum { GROUPS = sizeof groups / sizeof *groups };

struct reading {
    struct topology *topology;
    const struct mp_cpus *usable;
    const char *folder;
    bool all;
    int in[LEVELS]; // of the group that is being read
};

// The CPUs of the memory node that `cpu` belongs to. (A node may have none: memory alone.)
static bool read_memory_node(struct mp_cpus *found, const char *folder, int cpu)
{
    char path[400];
    struct dirent *entry;
    bool is_it = false;

    snprintf(path, sizeof path, "%s/node", folder);
    DIR *nodes = opendir(path);
    while (nodes && !is_it && (entry = readdir(nodes))) {
        if (strncmp(entry->d_name, "node", 4) != 0)
            continue;
        snprintf(path, sizeof path, "%s/node/%s/cpulist", folder, entry->d_name);
        is_it = mp_cpus_read(found, path) && mp_cpus_has(found, cpu);
    }
    if (nodes)
        closedir(nodes);
    return is_it;
}

// The CPUs of `among` that lie with `cpu` in a group of that kind; `fallback` (just this CPU, or
// all) where nothing is said. Notes which group that is.
static struct mp_cpus together(struct reading *r, const struct group *group, int cpu,
                               const struct mp_cpus *among, const struct mp_cpus *fallback)
{
    struct mp_cpus found;
    char path[400];

    snprintf(path, sizeof path, "%s/cpu/cpu%d/%s", r->folder, cpu, group->file ? group->file : "");
    if (group->file ? mp_cpus_read(&found, path) : read_memory_node(&found, r->folder, cpu))
        r->topology->known |= 1U << group->level;
    else
        found = *fallback;
    mp_cpus_add(&found, cpu);
    mp_cpus_keep(&found, r->usable);
    r->in[group->level] = mp_cpus_next(&found, 0);
    mp_cpus_keep(&found, among);
    return found;
}

static void add_core(struct reading *r, const struct mp_cpus *core)
{
    struct topology *t = r->topology;

    t->cores[t->ncores].at = t->ncpus;
    for (int cpu = mp_cpus_next(core, 0); cpu >= 0; cpu = mp_cpus_next(core, cpu + 1)) {
        r->in[LEVEL_HWTHREAD] = cpu;
        memcpy(t->in[t->ncpus], r->in, sizeof r->in);
        t->cpus[t->ncpus++] = cpu;
    }
    t->cores[t->ncores].threads = t->ncpus - t->cores[t->ncores].at;
    t->ncores++;
}

// Adds the CPUs of `left`, which lie together in all groups before groups[at].
static void add_group(struct reading *r, int at, struct mp_cpus left)
{
    while (at < GROUPS && !groups[at].always && !r->all)
        at++;
    if (at == GROUPS) {
        add_core(r, &left);
        return;
    }
    for (int cpu; (cpu = mp_cpus_next(&left, 0)) >= 0;) {
        struct mp_cpus alone = {{0}};
        // Nothing is said: one package, one cache, and a core of its own for each CPU.
        const struct mp_cpus *fallback = groups[at].level == LEVEL_CORE ? &alone : &left;
        struct mp_cpus group = together(r, &groups[at], cpu, &left, fallback);
        mp_cpus_drop(&left, &group);
        add_group(r, at + 1, group);
    }
}

int topology_read(struct topology *topology, const struct mp_cpus *usable, const char *folder,
                  bool all)
{
    size_t room = (size_t)mp_cpus_count(usable) + 1;
    struct reading reading = {.topology = topology, .usable = usable, .folder = folder, .all = all};

    *topology = (struct topology){.cpus = malloc(room * sizeof *topology->cpus),
                                  .cores = malloc(room * sizeof *topology->cores),
                                  .in = malloc(room * sizeof *topology->in),
                                  .known = 1U << LEVEL_MACHINE | 1U << LEVEL_HWTHREAD};
    if (!topology->cpus || !topology->cores || !topology->in) {
        topology_release(topology);
        return -1;
    }
    add_group(&reading, 0, *usable);
    return 0;
}

int topology_objects(const struct topology *t, enum level level, struct mp_cpus **objects)
{
    struct mp_cpus *list = calloc((size_t)t->ncpus + 1, sizeof *list);
    int *of = malloc(((size_t)t->ncpus + 1) * sizeof *of); // the label of each
    int count = 0;

    for (int i = 0; list && of && i < t->ncpus; i++) {
        int at = count - 1; // most often the one before
        while (at >= 0 && of[at] != t->in[i][level])
            at--;
        if (at < 0) {
            at = count++;
            of[at] = t->in[i][level];
        }
        mp_cpus_add(&list[at], t->cpus[i]);
    }
    if (!list || !of)
        count = -1;
    free(of);
    *objects = list;
    return count;
}

int topology_place(const struct topology *topology, int cpu)
{
    for (int i = 0; i < topology->ncpus; i++)
        if (topology->cpus[i] == cpu)
            return i;
    return -1;
}

void topology_release(struct topology *topology)
{
    free(topology->cpus);
    free(topology->cores);
    free(topology->in);
    *topology = (struct topology){0};
}
