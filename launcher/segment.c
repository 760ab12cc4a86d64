// SPDX-License-Identifier: MIT
// The control segment is a memfd: it has no name that could be left over, and it is gone with the
// last process that maps it. It is sparse; the launcher touches its header and boards only.
// Read next: lib/shm/layout.h (what is in it), lib/boot/boot.c (how a rank takes it).
#define _GNU_SOURCE
#include "launcher/segment.h"

#include "boot/protocol.h"
#include "launcher/allowed.h"
#include "launcher/machine.h"
#include "launcher/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

// True if the system gives out more address space than it has memory. Where it does not, a page of
// a shared file that cannot be had is a fatal signal, where malloc would have returned NULL.
static bool overcommits(uint64_t bytes)
{
    void *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return probe != MAP_FAILED && munmap(probe, bytes) == 0;
}

// Makes a sparse file of `bytes` bytes as descriptor `number`. Returns 0, or -1 with errno and what
// failed in *step. The limit on the size of files counts when the file gets its size, and never
// again, so ranks keep the one that mprun found. (Above the limit ftruncate would send us SIGXFSZ,
// but that is blocked.)
static int make_memory(const char *name, uint64_t bytes, int number, const char **step)
{
    struct rlimit files;

    allowed_raise(RLIMIT_FSIZE, bytes, &files);
    *step = "memfd_create";
    int fd = memfd_create(name, MFD_CLOEXEC);
    bool made = fd >= 0;
    if (made) {
        *step = "ftruncate";
        made = ftruncate(fd, (off_t)bytes) == 0;
    }
    if (made && fd != number) {
        *step = "dup2";
        made = dup2(fd, number) >= 0;
    }
    int error = errno;
    if (fd >= 0 && fd != number)
        close(fd);
    if (files.rlim_cur < bytes)
        setrlimit(RLIMIT_FSIZE, &files);
    errno = error;
    return made ? 0 : -1;
}

// The memory from which ranks take their large blocks. Without it everything works, just slower, so
// nothing that goes wrong here is worth a word.
static bool make_heap(uint32_t nranks)
{
    uint64_t bytes = MP_HEAP_HEAD + ((uint64_t)nranks << mp_heap_shift(nranks, machine_memory()));
    const char *step;

    return overcommits(bytes) && make_memory("mprun-heap", bytes, MP_HEAP_FD, &step) == 0;
}

struct mp_segment_header *segment_create(const struct options *options, int cpus, int64_t start_ns)
{
    struct mp_segment_header plan = {0};
    uint32_t nranks = (uint32_t)options->nranks;
    uint64_t bytes = mp_segment_plan(&plan, nranks, nranks);

    plan.channel = (uint32_t)options->channel;
    plan.cores = (uint32_t)cpus;
    plan.ranks_per_core = (nranks + plan.cores - 1) / plan.cores;
    plan.universe = nranks > plan.cores ? nranks : plan.cores;
    plan.fence = machine_has_membarrier() ? 0 : MP_FENCE_ALWAYS;
    plan.start_ns = start_ns;
    if (getrandom(&plan.job, sizeof plan.job, GRND_NONBLOCK) != (ssize_t)sizeof plan.job)
        plan.job = (uint64_t)start_ns * 0x9e3779b97f4a7c15u + (uint64_t)getpid();

    plan.shared_heap = !options->no_shared_heap && nranks > 1 &&
                       options->channel == MP_CHANNEL_SHM && make_heap(nranks);

    const char *step;
    if (make_memory("mprun", bytes, MP_SEGMENT_FD, &step) != 0) {
        bool limited = errno == EFBIG;
        report_line("cannot create the job's shared memory of %llu bytes (%s): %s%s",
                    (unsigned long long)bytes, step, strerror(errno),
                    limited ? " (raise the limit on the size of files, ulimit -f)"
                            : allowed_hint(errno));
        return NULL;
    }
    struct mp_segment_header *segment =
        mmap(NULL, plan.doorbells_offset, PROT_READ | PROT_WRITE, MAP_SHARED, MP_SEGMENT_FD, 0);
    if (segment == MAP_FAILED) {
        report_line("cannot map the job's shared memory: %s%s", strerror(errno),
                    allowed_hint(errno));
        return NULL;
    }
    *segment = plan;

    int rank = 0;
    for (int i = 0; i < options->nprograms; i++) {
        for (int k = 0; k < options->programs[i].ranks; k++, rank++) {
            mp_segment_board(segment, rank)->appnum = i;
            mp_segment_board(segment, rank)->appranks = options->programs[i].ranks;
            mp_segment_homes(segment)[rank] = MP_HOME(0, rank);
        }
    }
    return segment;
}
