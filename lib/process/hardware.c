// SPDX-License-Identifier: MIT
// See hardware.h. The kernel tells, for each CPU, the list of those that share a package, a cache
// ... with it; we are restricted to an instance if our affinity mask lies within the list of one
// of our CPUs.
#define _GNU_SOURCE
#include "process/hardware.h"

#include "base/bits.h"

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SYSTEM "/sys/devices/system/"

enum type { MACHINE, PACKAGE, NUMA_NODE, L3_CACHE, L2_CACHE, L1_CACHE, CORE, CPU };

static const char scheme[] = "hwloc://";
static const char *const names[MP_HARDWARE_TYPES] = {
    "hwloc://Machine", "hwloc://Package", "hwloc://NUMANode", "hwloc://L3Cache",
    "hwloc://L2Cache", "hwloc://L1Cache", "hwloc://Core",     "hwloc://PU"};

// CPU numbers above this are taken for absent.
enum { CPUS = 8192 };
struct cpus {
    unsigned long bits[CPUS / (8 * sizeof(long))];
};

const char *mp_hardware_name(int type)
{
    return names[type];
}

int mp_hardware_find(const char *name)
{
    for (int type = 0; type < MP_HARDWARE_TYPES; type++) {
        if (strcasecmp(name, names[type]) == 0 ||
            strcasecmp(name, names[type] + strlen(scheme)) == 0) {
            return type;
        }
    }
    return -1;
}

static bool has(const struct cpus *cpus, int cpu)
{
    return cpus->bits[(size_t)cpu / (8 * sizeof(long))] >> (size_t)cpu % (8 * sizeof(long)) & 1;
}

static void add(struct cpus *cpus, int cpu)
{
    cpus->bits[(size_t)cpu / (8 * sizeof(long))] |= 1UL << (size_t)cpu % (8 * sizeof(long));
}

static int first_of(const struct cpus *cpus)
{
    for (int cpu = 0; cpu < CPUS; cpu++) {
        if (has(cpus, cpu)) {
            return cpu;
        }
    }
    return -1;
}

static bool is_within(const struct cpus *part, const struct cpus *whole)
{
    for (size_t i = 0; i < mp_array_length(part->bits); i++) {
        if (part->bits[i] & ~whole->bits[i]) {
            return false;
        }
    }
    return true;
}

// The first line of a file, without its end. False: there is none.
static bool read_line(const char *path, char *text, int room)
{
    FILE *file = fopen(path, "re");
    bool good = file && fgets(text, room, file);
    if (file) {
        fclose(file);
    }
    if (good) {
        text[strcspn(text, "\n")] = 0;
    }
    return good;
}

// Reads a list like 0-3,8,10-11.
static bool read_cpus(const char *path, struct cpus *cpus)
{
    char text[8192];
    char *at = text;

    memset(cpus, 0, sizeof *cpus);
    if (!read_line(path, text, sizeof text)) {
        return false;
    }
    while (*at) {
        long from = strtol(at, &at, 10);
        long to = *at == '-' ? strtol(at + 1, &at, 10) : from;
        for (long cpu = from; cpu >= 0 && cpu <= to && cpu < CPUS; cpu++) {
            add(cpus, (int)cpu);
        }
        if (*at != ',') {
            break;
        }
        at++;
    }
    return first_of(cpus) >= 0;
}

static bool read_topology(int cpu, const char *name, const char *old_name, struct cpus *cpus)
{
    char path[128];
    snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/topology/%s", cpu, name);
    if (read_cpus(path, cpus)) {
        return true;
    }
    snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/topology/%s", cpu, old_name);
    return read_cpus(path, cpus);
}

// The CPUs that share a cache of that level (not one for instructions), and how large it is.
static bool read_cache(int cpu, int level, struct cpus *cpus, size_t *bytes)
{
    char path[128];
    char text[32];

    for (int index = 0; index < 16; index++) {
        snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/cache/index%d/level", cpu, index);
        if (!read_line(path, text, sizeof text)) {
            return false;
        }
        bool found = atoi(text) == level;
        snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/cache/index%d/type", cpu, index);
        if (found && read_line(path, text, sizeof text) && strcmp(text, "Instruction") != 0) {
            snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/cache/index%d/size", cpu, index);
            *bytes = read_line(path, text, sizeof text) ? (size_t)atol(text) << 10 : 0;
            snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/cache/index%d/shared_cpu_list", cpu,
                     index);
            return read_cpus(path, cpus);
        }
    }
    return false;
}

size_t mp_hardware_cache_share(void)
{
    static size_t share;
    for (int level = 4; share == 0 && level > 1; level--) {
        struct cpus cpus;
        size_t bytes = 0, count = 0;
        if (read_cache(0, level, &cpus, &bytes) && bytes > 0) {
            for (int cpu = 0; cpu < CPUS; cpu++) {
                count += has(&cpus, cpu);
            }
            share = bytes / count;
        }
    }
    share = share ? share : SIZE_MAX;
    return share;
}

static bool read_memory_node(int cpu, struct cpus *cpus)
{
    DIR *nodes = opendir(SYSTEM "node");
    bool found = false;

    for (struct dirent *entry; nodes && !found && (entry = readdir(nodes)) != NULL;) {
        char path[300];
        if (strncmp(entry->d_name, "node", 4) == 0) {
            snprintf(path, sizeof path, SYSTEM "node/%s/cpulist", entry->d_name);
            found = read_cpus(path, cpus) && has(cpus, cpu);
        }
    }
    if (nodes) {
        closedir(nodes);
    }
    return found;
}

// The CPUs of the instance that `cpu` belongs to.
static bool read_instance(enum type type, int cpu, struct cpus *cpus)
{
    size_t bytes;

    switch (type) {
    case MACHINE:
        memset(cpus, 0xff, sizeof *cpus);
        return true;
    case PACKAGE:
        return read_topology(cpu, "package_cpus_list", "core_siblings_list", cpus);
    case NUMA_NODE:
        return read_memory_node(cpu, cpus);
    case L3_CACHE:
        return read_cache(cpu, 3, cpus, &bytes);
    case L2_CACHE:
        return read_cache(cpu, 2, cpus, &bytes);
    case L1_CACHE:
        return read_cache(cpu, 1, cpus, &bytes);
    case CORE:
        return read_topology(cpu, "core_cpus_list", "thread_siblings_list", cpus);
    case CPU:
        memset(cpus, 0, sizeof *cpus);
        add(cpus, cpu);
        return true;
    }
    return false;
}

void mp_hardware_instances(int instances[MP_HARDWARE_TYPES])
{
    struct cpus own = {{0}};
    struct cpus of;

    for (int type = 0; type < MP_HARDWARE_TYPES; type++) {
        instances[type] = MP_HARDWARE_NONE;
    }
    if (sched_getaffinity(0, sizeof own, (cpu_set_t *)(void *)&own) != 0 || first_of(&own) < 0) {
        return;
    }
    for (int type = 0; type < MP_HARDWARE_TYPES; type++) {
        if (read_instance((enum type)type, first_of(&own), &of)) {
            instances[type] = is_within(&own, &of) ? first_of(&of) : MP_HARDWARE_SEVERAL;
        }
    }
}
