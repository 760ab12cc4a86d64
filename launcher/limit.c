// SPDX-License-Identifier: MIT
// A limit on memory that the kernel does not know: a rank's large blocks lie in a file that all
// ranks map, which counts neither as its data nor, if a peer touches it first, as its own; and of
// addresses it has far more than of memory. So we look, some times a second: at what is private to
// the rank's processes, and at the pages of its own part of the shared heap. A rank above the
// limit is killed, and its job ends as after any failure.
//
// A control group for each rank would be no better where one may be made at all. It charges a page
// of the shared heap to whoever touches it first: a rank would pay for what it writes into its
// peers' memory, and they would have that for nothing.
// Read next: lib/shm/layout.h (the heap), job.c.
#define _GNU_SOURCE
#include "launcher/limit.h"

#include "base/file.h"
#include "boot/protocol.h"
#include "launcher/family.h"
#include "launcher/machine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 200, PROCESSES_MOST = 500 };

// The number of kB after that word.
static uint64_t field(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) << 10 : 0;
}

// What is private to a process and all below it; *mapped becomes what of files in memory they have.
static uint64_t private_memory(pid_t first, uint64_t *mapped)
{
    pid_t pids[PROCESSES_MOST];
    size_t count = 1;
    uint64_t bytes = 0;

    pids[0] = first;
    *mapped = 0;
    for (size_t i = 0; i < count; i++) {
        char text[4096];
        mp_file_read(text, sizeof text, "/proc/%d/status", (int)pids[i]);
        bytes += field(text, "RssAnon:") + field(text, "VmSwap:");
        *mapped += field(text, "RssShmem:");
        count += family_children(pids[i], pids + count, PROCESSES_MOST - count);
    }
    return bytes;
}

// The pages that there are of a rank's part of the heap.
static uint64_t heap_memory(const struct job *job, int rank)
{
    const struct mp_segment_header *segment = job->segments[job_node(job, rank)];
    unsigned shift = mp_heap_shift(segment->world, machine_memory());
    int fd = mp_node_heap_fd((int)segment->node);
    off_t at = (off_t)(MP_HEAP_HEAD + ((uint64_t)(rank - (int)segment->first) << shift));
    off_t end = at + ((off_t)1 << shift);
    uint64_t bytes = 0;

    while (segment->shared_heap && at < end && (at = lseek(fd, at, SEEK_DATA)) >= 0 && at < end) {
        off_t hole = lseek(fd, at, SEEK_HOLE);
        hole = hole < 0 || hole > end ? end : hole;
        bytes += (uint64_t)(hole - at);
        at = hole;
    }
    return bytes;
}

static void on_look(uv_timer_t *timer)
{
    struct job *job = timer->data;
    uint64_t most = job->options->limits.memory;

    for (int i = 0; i < job->started && job->phase == PHASE_RUNNING; i++) {
        struct rank *rank = &job->ranks[i];
        uint64_t mapped;
        if (rank->ended || rank->over > 0)
            continue;
        uint64_t bytes = private_memory(rank->pid, &mapped);
        if (bytes + mapped <= most) // what it has of its heap is among that, or not touched since
            continue;
        bytes += heap_memory(job, i);
        if (bytes <= most)
            continue;
        rank->over = bytes;
        kill(rank->pid, SIGKILL);
    }
}

void limit_start(struct job *job)
{
    if (job->options->limits.memory == 0)
        return;
    uv_timer_init(&job->loop, &job->limit);
    job->limit.data = job;
    uv_timer_start(&job->limit, on_look, LOOK_MS, LOOK_MS);
    uv_unref((uv_handle_t *)&job->limit);
}
