// SPDX-License-Identifier: MIT
// Where ranks run. Left to itself, the kernel may put two ranks that wait for each other on one CPU
// while another process, or nobody, has the next: 8 bytes then take 1.6 us and not 0.05. So each
// rank gets a part of the CPUs that are free when the job starts, all parts of the same size:
//
//   - Parts are neighbours in the machine (cpu_order.c), whole cores if there are as many cores as
//     ranks. 4 ranks on 16 CPUs have 4 each, so threads of a rank have room.
//   - A CPU is taken if another process of the system is bound to it: its affinity mask is narrower
//     than ours. Other jobs' ranks are. Who is not bound goes where there is room by himself.
//   - With more ranks than free CPUs nothing is bound: the kernel shares out time better than we.
//
// Two jobs that start at the same moment must not take the same CPUs. Whoever looks for bound
// processes therefore holds a lock until its own are bound: flock(2) on /proc, where they are
// found; everybody can open it, and the lock goes with the process. If somebody holds it for half a
// second, we go on: all that is lost is speed.
#define _GNU_SOURCE
#include "launcher/placement.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

enum { LOCK_TRIES = 500, LOCK_NAP_NS = 1000000 };

// Where a filter refuses it, the default is not worth a failed start. (An empty mask is never
// taken.)
static bool may_bind(void)
{
    return syscall(SYS_sched_setaffinity, 0, 0, NULL) == 0 || errno == EINVAL;
}

// ---- Who else is there

static bool is_narrower(const struct mp_cpus *mask, const struct mp_cpus *than)
{
    int count = mp_cpus_count(mask);
    return count > 0 && count < mp_cpus_count(than);
}

// The CPUs that processes are bound to. Threads of the kernel have masks as well, and process group
// 0; what they do on a CPU is part of what it costs to have one.
static struct mp_cpus find_taken(const struct mp_cpus *usable)
{
    struct mp_cpus taken = {{0}};
    DIR *folder = opendir("/proc");
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 0)
            continue;
        struct mp_cpus mask = mp_cpus_of(pid);
        // Most have our own mask: comparing takes a tenth of the time that counting does.
        if (memcmp(&mask, usable, sizeof mask) == 0 || getpgid(pid) == 0 ||
            !is_narrower(&mask, usable))
            continue;
        for (int i = 0; i < MP_CPUS_WORDS; i++)
            taken.words[i] |= mask.words[i];
    }
    if (folder)
        closedir(folder);
    return taken;
}

static int take_lock(void)
{
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            break; // refused: waiting does not help
        nanosleep(&(struct timespec){.tv_nsec = LOCK_NAP_NS}, NULL);
    }
    return fd;
}

void placement_settle(struct placement *placement)
{
    if (placement->lock >= 0)
        close(placement->lock);
    placement->lock = -1;
}

// ---- Cutting

// What parts are made of: whole cores, or single CPUs.
static struct core unit_at(const struct topology *t, bool by_core, int at)
{
    return by_core ? t->cores[at] : (struct core){.at = at, .threads = 1};
}

static bool is_free(const struct topology *t, struct core unit, const struct mp_cpus *taken)
{
    for (int i = 0; i < unit.threads; i++)
        if (mp_cpus_has(taken, t->cpus[unit.at + i]))
            return false;
    return true;
}

static int count_free(const struct topology *t, bool by_core, const struct mp_cpus *taken)
{
    int count = 0;

    for (int at = 0; at < (by_core ? t->ncores : t->ncpus); at++)
        count += is_free(t, unit_at(t, by_core, at), taken);
    return count;
}

// Adds the CPUs of the next `count` free units to a part. Returns where to go on.
static int add_units(struct mp_cpus *part, const struct topology *t, const struct mp_cpus *taken,
                     bool by_core, int at, int count)
{
    for (; count > 0; at++) {
        struct core unit = unit_at(t, by_core, at);
        if (!is_free(t, unit, taken))
            continue;
        for (int i = 0; i < unit.threads; i++)
            mp_cpus_add(part, t->cpus[unit.at + i]);
        count--;
    }
    return at;
}

// Parts of equally many cores may have more threads or fewer: the smallest counts, for all.
static void settle_threads(struct placement *placement)
{
    for (int i = 0; i < placement->count; i++) {
        int part = mp_cpus_count(&placement->parts[i]);
        placement->threads = part < placement->threads ? part : placement->threads;
    }
}

int placement_cut(struct placement *placement, const struct topology *topology,
                  const struct mp_cpus *taken, int nranks)
{
    int cpus = count_free(topology, false, taken);
    int cores = count_free(topology, true, taken);
    int at = 0;

    if (nranks > cpus)
        return -1;
    placement->parts = calloc((size_t)nranks, sizeof *placement->parts);
    if (!placement->parts)
        return -1;
    bool by_core = cores >= nranks;
    int units = (by_core ? cores : cpus) / nranks;
    for (int rank = 0; rank < nranks; rank++)
        at = add_units(&placement->parts[rank], topology, taken, by_core, at, units);
    placement->count = nranks;
    settle_threads(placement);
    return 0;
}

// --bind-to core: a core each, in turn, whoever else may be there.
static int one_core_each(struct placement *placement, const struct topology *topology)
{
    static const struct mp_cpus nobody;
    placement->parts = calloc((size_t)topology->ncores, sizeof *placement->parts);
    if (!placement->parts)
        return -1;
    for (int i = 0; i < topology->ncores; i++)
        add_units(&placement->parts[i], topology, &nobody, true, i, 1);
    placement->count = topology->ncores;
    settle_threads(placement);
    return 0;
}

int placement_make(struct placement *placement, enum binding binding, int nranks, int cpus)
{
    struct mp_cpus usable = mp_cpus_of(0);
    struct topology topology = {0};
    int error = 0;

    *placement = (struct placement){.lock = -1, .threads = cpus > nranks ? cpus / nranks : 1};
    if (binding == BIND_NONE || mp_cpus_count(&usable) == 0 ||
        (binding == BIND_SHARE && (nranks > cpus || !may_bind())))
        return 0;
    if (topology_read(&topology, &usable, CPU_FOLDER) != 0)
        return -1;
    if (binding == BIND_CORE) {
        error = one_core_each(placement, &topology);
    } else {
        placement->lock = take_lock();
        struct mp_cpus taken = find_taken(&usable);
        placement_cut(placement, &topology, &taken, nranks);
    }
    topology_release(&topology);
    return error;
}

const struct mp_cpus *placement_of(const struct placement *placement, int rank)
{
    return placement->count > 0 ? &placement->parts[rank % placement->count] : NULL;
}
