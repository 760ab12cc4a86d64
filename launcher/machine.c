// SPDX-License-Identifier: MIT
// CPUs are counted as a program in a container would wish: what counts is what we may use, not what
// the machine has. Files are read only when their answer is needed; a plain start reads two or
// three, a few microseconds each.
// Read next: keeper.c, which puts the answers into the control segment.
#define _GNU_SOURCE
#include "launcher/machine.h"

#include "base/cpus.h"
#include "base/file.h"

#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

const char *machine_root(void)
{
    const char *root = getenv("MPRUN_SYSROOT");
    return root ? root : "";
}

// ---- The control group's quota

// CPUs that the control group at `folder` allows, or 0 when it sets no limit or is not there.
static int quota_of(const char *folder)
{
    char text[64];
    long long quota = 0;
    long long period = 100000;

    // Version 2: "QUOTA PERIOD" or "max PERIOD".
    if (mp_file_read(text, sizeof text, "%s/cpu.max", folder) > 0) {
        if (sscanf(text, "%lld %lld", &quota, &period) != 2)
            return 0;
    } else {
        if (mp_file_read(text, sizeof text, "%s/cpu.cfs_quota_us", folder) == 0)
            return 0;
        quota = atoll(text); // version 1; -1: no limit
        if (mp_file_read(text, sizeof text, "%s/cpu.cfs_period_us", folder) > 0)
            period = atoll(text);
    }
    return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

// The tightest quota of the group `path` and those above it, in the hierarchy mounted below
// /sys/fs/cgroup. In a container the path may be one that only the host knows; then just the mount
// itself counts.
static int quota_along(const char *mounted, const char *path)
{
    char mount[400];
    char folder[1000];
    int tightest = 0;

    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s", machine_root(), mounted);
    snprintf(folder, sizeof folder, "%s%s", mount, path);
    for (;;) {
        int quota = quota_of(folder);
        if (quota > 0 && (tightest == 0 || quota < tightest))
            tightest = quota;
        char *slash = strrchr(folder + strlen(mount), '/');
        if (!slash)
            return tightest;
        *slash = 0;
    }
}

static int quota(void)
{
    char text[4096];
    char *rest;
    int tightest = 0;

    mp_file_read(text, sizeof text, "%s/proc/self/cgroup", machine_root());
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char words[300]; // NUMBER:CONTROLLERS:PATH
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = 0;
        snprintf(words, sizeof words, ",%s,", controllers + 1);
        if (strcmp(path, "/") == 0)
            path++;
        int found = 0;
        if (strcmp(words, ",,") == 0)
            found = quota_along("", path);
        else if (strstr(words, ",cpu,"))
            found = quota_along("/cpu", path);
        if (found > 0 && (tightest == 0 || found < tightest))
            tightest = found;
    }
    return tightest;
}

// ---- CPUs

static bool read_paper(struct mp_cpus *cpus)
{
    char path[400];

    if (!*machine_root())
        return false;
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/online", machine_root());
    return mp_cpus_read(cpus, path);
}

bool machine_is_paper(void)
{
    struct mp_cpus cpus;
    return read_paper(&cpus);
}

struct mp_cpus machine_usable(void)
{
    struct mp_cpus cpus;
    return read_paper(&cpus) ? cpus : mp_cpus_of(0);
}

int machine_cpus(void)
{
    struct mp_cpus mask = machine_usable();
    int cpus = mp_cpus_count(&mask);
    int limit = quota();

    cpus = cpus > 0 ? cpus : 1;
    return limit > 0 && limit < cpus ? limit : cpus;
}

// ---- Memory

int64_t machine_oom_kills(void)
{
    char text[16384];
    const char *line;

    if (mp_file_read(text, sizeof text, "/proc/vmstat") == 0)
        return -1;
    line = strstr(text, "\noom_kill ");
    return line ? atoll(line + strlen("\noom_kill ")) : -1;
}

bool machine_has_membarrier(void)
{
    const long needed = MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

    return commands >= 0 && (commands & needed) == needed;
}

uint64_t machine_memory(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
}
