// SPDX-License-Identifier: MIT
// Where ranks run. Left to itself, the kernel may put two ranks that wait for each other on one CPU
// while another process, or nobody, has the next: 8 bytes then take 1.6 us and not 0.05. So each
// rank gets a part of the CPUs that are free when the job starts: an equal one, or what the user
// asks for (mapping.c).
//
//   - A CPU is taken if another process of the system is bound to it: its affinity mask is narrower
//     than ours. Other jobs' ranks are. Who is not bound goes where there is room by himself.
//   - With more ranks than free CPUs nothing is bound, unless somebody asks for it: the kernel
//     shares out time better than we.
//
// Two jobs that start at the same moment must not take the same CPUs. Whoever looks for bound
// processes therefore holds a lock until its own are bound: flock(2) on /proc, where they are
// found; everybody can open it, and the lock goes with the process. If somebody holds it for half a
// second, we go on: all that is lost is speed.
#define _GNU_SOURCE
#include "launcher/placement.h"

#include "launcher/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/sys/devices/system"

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

// The CPUs that ranks may have: all that mprun may use, or those of them that the user names.
static struct mp_cpus usable_cpus(const struct options *options)
{
    struct mp_cpus usable = machine_usable();

    if (options->cpu_set)
        mp_cpus_keep(&usable, options->cpu_set);
    return usable;
}

static int read_topology(struct topology *topology, const struct mp_cpus *usable, bool all)
{
    char folder[400];

    snprintf(folder, sizeof folder, "%s" SYSTEM_FOLDER, machine_root());
    return topology_read(topology, usable, folder, all);
}

// Whoever names CPUs keeps to them, also where ranks are not bound to any of their own.
static int keep_to(struct placement *placement, const struct mp_cpus *cpus)
{
    placement->parts = malloc(sizeof *placement->parts);
    if (!placement->parts)
        return -1;
    placement->parts[0] = *cpus;
    placement->count = 1;
    return 0;
}

int placement_make(struct placement *placement, const struct options *options, int cpus,
                   const struct mp_cpus *near)
{
    const struct wish *wish = &options->wish;
    int nranks = options->nranks;
    struct mp_cpus usable = usable_cpus(options);
    struct topology topology = {0};
    struct mp_cpus taken = {{0}};
    bool asked = near || wish->map != LEVEL_DEFAULT || wish->bind > LEVEL_MACHINE;
    int error = 0;

    *placement = (struct placement){
        .lock = -1, .threads = cpus > nranks ? cpus / nranks : 1, .paper = machine_is_paper()};
    bool may = mp_cpus_count(&usable) > 0 && wish->bind != LEVEL_MACHINE &&
               (asked || (nranks <= cpus && may_bind()));
    if (may) {
        error = read_topology(&topology, &usable, asked);
        if (error == 0 && !placement->paper) {
            placement->lock = take_lock();
            struct mp_cpus own = mp_cpus_of(0);
            taken = find_taken(&own);
        }
        if (error == 0)
            error = mapping_make(placement, &topology, &taken, nranks, wish, near);
        topology_release(&topology);
    }
    placement->unbound = wish->bind == LEVEL_MACHINE ? "as asked"
                         : may || nranks > cpus      ? "more ranks than free CPUs"
                                                     : "this system refuses it";
    if (error == 0 && placement->count == 0 && options->cpu_set)
        error = keep_to(placement, &usable);
    if (error != 0 && placement->error[0] == 0)
        snprintf(placement->error, sizeof placement->error, "out of memory");
    return error;
}

const struct mp_cpus *placement_of(const struct placement *placement, int rank)
{
    return placement->count > 0 ? &placement->parts[rank % placement->count] : NULL;
}

int placement_count(struct options *options, int cpus)
{
    struct mp_cpus usable = usable_cpus(options);
    struct topology topology;
    bool of_cpus = options->wish.map >= LEVEL_CORE;

    snprintf(options->error, sizeof options->error, "out of memory");
    if (read_topology(&topology, &usable, true) != 0)
        return -1;
    int count = mapping_count(&topology, &options->wish, options->error, sizeof options->error);
    topology_release(&topology);
    // A quota may allow fewer CPUs than there are.
    return of_cpus && count > cpus * options->wish.per ? cpus * options->wish.per : count;
}
