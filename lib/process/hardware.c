// SPDX-License-Identifier: MIT
// See hardware.h. The kernel tells, for each CPU, the list of those that share a package, a cache
// ... with it; we are restricted to an instance if our affinity mask lies within the list of one
// of our CPUs.
#define _GNU_SOURCE
#include "process/hardware.h"

#include "base/bits.h"
#include "base/cpus.h"
#include "base/file.h"

#include <dirent.h>
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

static bool is_within(const struct mp_cpus *part, const struct mp_cpus *whole)
{
    for (size_t i = 0; i < mp_array_length(part->words); i++) {
        if (part->words[i] & ~whole->words[i]) {
            return false;
        }
    }
    return true;
}

// The CPUs that share a cache of that level (not one for instructions), and how large it is.
static bool read_cache(int cpu, int level, struct mp_cpus *cpus, size_t *bytes)
{
    char cache[64], path[128], text[32];

    for (int index = 0; index < 16; index++) {
        snprintf(cache, sizeof cache, SYSTEM "cpu/cpu%d/cache/index%d", cpu, index);
        if (mp_file_read(text, sizeof text, "%s/level", cache) == 0) {
            return false;
        }
        bool found = atoi(text) == level;
        if (found && mp_file_read(text, sizeof text, "%s/type", cache) > 0 &&
            strcmp(text, "Instruction\n") != 0) {
            mp_file_read(text, sizeof text, "%s/size", cache);
            *bytes = (size_t)atol(text) << 10;
            snprintf(path, sizeof path, "%s/shared_cpu_list", cache);
            return mp_cpus_read(cpus, path);
        }
    }
    return false;
}

size_t mp_hardware_cache_share(void)
{
    static size_t share;
    for (int level = 4; share == 0 && level > 1; level--) {
        struct mp_cpus cpus;
        size_t bytes = 0;
        if (read_cache(0, level, &cpus, &bytes) && bytes > 0) {
            share = bytes / (size_t)mp_cpus_count(&cpus);
        }
    }
    share = share ? share : SIZE_MAX;
    return share;
}

static bool read_memory_node(int cpu, struct mp_cpus *cpus)
{
    DIR *nodes = opendir(SYSTEM "node");
    bool found = false;

    for (struct dirent *entry; nodes && !found && (entry = readdir(nodes)) != NULL;) {
        char path[300];
        if (strncmp(entry->d_name, "node", 4) == 0) {
            snprintf(path, sizeof path, SYSTEM "node/%s/cpulist", entry->d_name);
            found = mp_cpus_read(cpus, path) && mp_cpus_has(cpus, cpu);
        }
    }
    if (nodes) {
        closedir(nodes);
    }
    return found;
}

// The CPUs of the instance that `cpu` belongs to.
static bool read_instance(enum type type, int cpu, struct mp_cpus *cpus)
{
    char path[128];
    size_t bytes;

    switch (type) {
    case MACHINE:
        memset(cpus, 0xff, sizeof *cpus);
        return true;
    case PACKAGE:
        snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/topology/core_siblings_list", cpu);
        return mp_cpus_read(cpus, path);
    case NUMA_NODE:
        return read_memory_node(cpu, cpus);
    case L3_CACHE:
        return read_cache(cpu, 3, cpus, &bytes);
    case L2_CACHE:
        return read_cache(cpu, 2, cpus, &bytes);
    case L1_CACHE:
        return read_cache(cpu, 1, cpus, &bytes);
    case CORE:
        snprintf(path, sizeof path, SYSTEM "cpu/cpu%d/topology/thread_siblings_list", cpu);
        return mp_cpus_read(cpus, path);
    case CPU:
        memset(cpus, 0, sizeof *cpus);
        mp_cpus_add(cpus, cpu);
        return true;
    }
    return false;
}

void mp_hardware_instances(int instances[MP_HARDWARE_TYPES])
{
    struct mp_cpus own = mp_cpus_of(0);
    struct mp_cpus of;

    for (int type = 0; type < MP_HARDWARE_TYPES; type++) {
        instances[type] = MP_HARDWARE_NONE;
    }
    if (mp_cpus_next(&own, 0) < 0) {
        return;
    }
    for (int type = 0; type < MP_HARDWARE_TYPES; type++) {
        if (read_instance((enum type)type, mp_cpus_next(&own, 0), &of)) {
            instances[type] = is_within(&own, &of) ? mp_cpus_next(&of, 0) : MP_HARDWARE_SEVERAL;
        }
    }
}
