// SPDX-License-Identifier: MIT
// Where ranks run. Left to itself, the kernel may put two ranks that wait for each other on one CPU
// while another process, or nobody, has the next: 8 bytes then take 1.6 us and not 0.05. So each
// rank gets a part of the CPUs that are free when the job starts, all parts of the same size:
//
//   - Parts are neighbours in the machine (topology.c), whole cores if there are as many cores as
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

static bool is_narrower(const struct cpu_mask *mask, const struct cpu_mask *than)
{
    int count = cpu_mask_count(mask);
    return count > 0 && count < cpu_mask_count(than);
}

// The CPUs that processes are bound to. Threads of the kernel have masks as well, and process group
// 0; what they do on a CPU is part of what it costs to have one.
static struct cpu_mask find_taken(const struct cpu_mask *usable)
{
    struct cpu_mask taken = {{0}};
    DIR *folder = opendir("/proc");
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 0)
            continue;
        struct cpu_mask mask = cpu_mask_of(pid);
        if (!is_narrower(&mask, usable) || getpgid(pid) == 0)
            continue;
        for (int i = 0; i < TOPOLOGY_MASK_WORDS; i++)
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

static bool is_core_free(const struct topology *t, const struct core *core,
                         const struct cpu_mask *taken)
{
    for (int i = 0; i < core->threads; i++)
        if (cpu_mask_has(taken, t->cpus[core->at + i]))
            return false;
    return true;
}

// Adds the hardware threads of the next `count` units to a part: free cores, or with `by_core`
// false, free CPUs. Returns where to go on.
static int add_units(struct cpu_mask *part, const struct topology *t, const struct cpu_mask *taken,
                     bool by_core, int at, int count)
{
    for (; count > 0; at++) {
        if (!by_core) {
            if (cpu_mask_has(taken, t->cpus[at]))
                continue;
            cpu_mask_add(part, t->cpus[at]);
        } else {
            const struct core *core = &t->cores[at];
            if (!is_core_free(t, core, taken))
                continue;
            for (int i = 0; i < core->threads; i++)
                cpu_mask_add(part, t->cpus[core->at + i]);
        }
        count--;
    }
    return at;
}

// Parts of equally many cores may have more threads or fewer: the smallest counts, for all.
static void settle_threads(struct placement *placement)
{
    for (int i = 0; i < placement->count; i++) {
        int part = cpu_mask_count(&placement->parts[i]);
        placement->threads = part < placement->threads ? part : placement->threads;
    }
}

int placement_cut(struct placement *placement, const struct topology *topology,
                  const struct cpu_mask *taken, int nranks)
{
    int cpus = 0;
    int cores = 0;
    int at = 0;

    for (int i = 0; i < topology->ncpus; i++)
        cpus += !cpu_mask_has(taken, topology->cpus[i]);
    for (int i = 0; i < topology->ncores; i++)
        cores += is_core_free(topology, &topology->cores[i], taken);
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
    static const struct cpu_mask nobody;
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
    struct cpu_mask usable = cpu_mask_of(0);
    struct topology topology = {0};
    int error = 0;

    *placement = (struct placement){.lock = -1, .threads = cpus > nranks ? cpus / nranks : 1};
    if (binding == BIND_NONE || cpu_mask_count(&usable) == 0 ||
        (binding == BIND_SHARE && (nranks > cpus || !may_bind())))
        return 0;
    if (topology_read(&topology, &usable, CPU_FOLDER) != 0)
        return -1;
    if (binding == BIND_CORE) {
        error = one_core_each(placement, &topology);
    } else {
        placement->lock = take_lock();
        struct cpu_mask taken = find_taken(&usable);
        placement_cut(placement, &topology, &taken, nranks);
    }
    topology_release(&topology);
    return error;
}

const struct cpu_mask *placement_of(const struct placement *placement, int rank)
{
    return placement->count > 0 ? &placement->parts[rank % placement->count] : NULL;
}
