// SPDX-License-Identifier: MIT
// The control segment of a node is a memfd: it has no name that could be left over, and it is gone
// with the last process that maps it. It is sparse; the launcher touches its header and boards
// only. Read next: lib/shm/layout.h (what is in it), lib/boot/boot.c (how a rank takes it).
#define _GNU_SOURCE
#include "launcher/segment.h"

#include "boot/protocol.h"
#include "launcher/allowed.h"
#include "launcher/machine.h"
#include "launcher/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
        *step = "dup3";
        made = dup3(fd, number, O_CLOEXEC) >= 0;
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
static bool make_heap(uint32_t nranks, unsigned shift, int fd)
{
    uint64_t bytes = MP_HEAP_HEAD + ((uint64_t)nranks << shift);
    const char *step;

    return overcommits(bytes) && make_memory("mprun-heap", bytes, fd, &step) == 0;
}

uint64_t segment_most(void)
{
    struct rlimit before, most;

    allowed_raise(RLIMIT_FSIZE, RLIM_INFINITY, &before);
    if (getrlimit(RLIMIT_FSIZE, &most) != 0)
        most = before;
    setrlimit(RLIMIT_FSIZE, &before);
    return most.rlim_cur;
}

// The world rank that is the first one of a node: ranks lie in blocks.
static uint32_t first_of(const struct options *options, int node)
{
    return (uint32_t)((int64_t)node * options->nranks / options->nodes);
}

// What is the same in all segments of the job.
static struct mp_segment_header job_plan(const struct options *options, int cpus, int crowd,
                                         int64_t start_ns)
{
    uint32_t ranks = (uint32_t)options->nranks, cores = (uint32_t)cpus;
    uint32_t all = ranks + (uint32_t)options->others; // with the worlds that are there already
    uint32_t per_core = (all + cores - 1) / cores;
    struct mp_segment_header plan = {.channel = (uint32_t)options->channel,
                                     .nodes = (uint32_t)options->nodes,
                                     .cores = cores,
                                     .ranks_per_core =
                                         (uint32_t)crowd > per_core ? (uint32_t)crowd : per_core,
                                     .universe = all > cores ? all : cores,
                                     .fence = machine_has_membarrier() ? 0 : MP_FENCE_ALWAYS,
                                     .check = options->check,
                                     .start_ns = start_ns,
                                     .job = options->job,
                                     .number = (uint32_t)options->world,
                                     .errhandler = options->errhandler};

    snprintf(plan.warden, sizeof plan.warden, "%s", options->warden ? options->warden : "");
    snprintf(plan.parent, sizeof plan.parent, "%s", options->parent ? options->parent : "");

    if (plan.job == 0 &&
        getrandom(&plan.job, sizeof plan.job, GRND_NONBLOCK) != (ssize_t)sizeof plan.job)
        plan.job = (uint64_t)start_ns * 0x9e3779b97f4a7c15u + (uint64_t)getpid();
    return plan;
}

// Makes the memory that `plan`, of one node, describes. NULL if that fails, which was said then.
static struct mp_segment_header *make_segment(const struct mp_segment_header *plan)
{
    int fd = mp_node_segment_fd((int)plan->node);
    const char *step;

    if (make_memory("mprun", plan->bytes, fd, &step) != 0) {
        bool limited = errno == EFBIG;
        report_line("cannot create the job's shared memory of %llu bytes (%s): %s%s",
                    (unsigned long long)plan->bytes, step, strerror(errno),
                    limited ? " (raise the limit on the size of files, ulimit -f)"
                            : allowed_hint(errno));
        return NULL;
    }
    struct mp_segment_header *segment =
        mmap(NULL, plan->doorbells_offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (segment == MAP_FAILED) {
        report_line("cannot map the job's shared memory: %s%s", strerror(errno),
                    allowed_hint(errno));
        return NULL;
    }
    *segment = *plan;
    return segment;
}

bool segments_create(const struct options *options, int cpus, int crowd, int64_t start_ns,
                     struct mp_segment_header **segments)
{
    struct mp_segment_header plan = job_plan(options, cpus, crowd, start_ns);
    uint32_t world = (uint32_t)options->nranks;
    unsigned shift = mp_heap_shift(world, machine_memory());
    uint64_t most = segment_most();
    uint32_t boards = MP_BOARDS_MAX;
    bool heap = !options->no_shared_heap && options->channel == MP_CHANNEL_SHM;

    // Which communicators have a board is to be the same for all ranks.
    for (int node = 0; node < options->nodes; node++) {
        mp_segment_plan(&plan, first_of(options, node + 1) - first_of(options, node), world, most);
        boards = plan.boards < boards ? plan.boards : boards;
    }
    for (int node = 0; node < options->nodes; node++) {
        uint32_t first = first_of(options, node), nranks = first_of(options, node + 1) - first;
        mp_segment_plan(&plan, nranks, world, most);
        plan.boards = boards;
        plan.node = (uint32_t)node;
        plan.first = first;
        // A rank that is alone has nobody to share with, but a parent.
        bool shares = nranks > 1 || options->parent;
        plan.shared_heap = heap && shares && make_heap(nranks, shift, mp_node_heap_fd(node));
        segments[node] = make_segment(&plan);
        if (!segments[node])
            return false;
    }
    for (int node = 0; node < options->nodes; node++) {
        uint32_t *homes = mp_segment_homes(segments[node]);
        for (int to = 0; to < options->nodes; to++)
            for (uint32_t place = 0; place < segments[to]->nranks; place++)
                *homes++ = MP_HOME(to, place);
    }
    int node = 0, place = 0;
    for (int i = 0; i < options->nprograms; i++)
        for (int k = 0; k < options->programs[i].ranks; k++, place++) {
            if (place == (int)segments[node]->nranks) {
                node++;
                place = 0;
            }
            struct mp_board *board = mp_segment_board(segments[node], place);
            board->appnum = i;
            board->appranks = options->programs[i].ranks;
        }
    return true;
}
