// SPDX-License-Identifier: MIT
// Private memory gets huge pages from the kernel, shared files mostly do not (shmem_enabled is
// "never" by default), so a program would compute more slowly on the shared heap than on plain
// memory: random access and stencils by 15 to 25 percent, measured. Asking for them (MADV_COLLAPSE)
// copies the pages, and waits until every processor has let go of them: 1 to 60 ms for two
// megabytes while ranks spin. No rank could wait for that in the middle of its work. But pages
// belong to the file, not to a process: so the launcher, which has nothing else to do, maps a piece
// of the heap, asks, and unmaps it. The ranks find huge pages at their next access.
//
// Only regions all of whose pages are there: nothing is filled up, and a program's memory stays
// what it asked for. Slowly, since a rank's core has to do it.
#define _GNU_SOURCE
#include "launcher/huge.h"

#include "base/clock.h"
#include "base/file.h"
#include "boot/protocol.h"
#include "launcher/job.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define REGION ((off_t)2 << 20) // a huge page of all machines that have 4096 byte pages
#define PIECE  (4 * REGION)     // asked for at a time

// After a piece it rests for so many times as long as that took; after all of the heap for one
// second, and twice as long each time that there was nothing to do.
enum { REST = 20, SECONDS_MOST = 64 };

static void rest(int64_t ns)
{
    struct timespec time = mp_timespec(ns);
    nanosleep(&time, NULL);
}

// False where the administrator wants nobody to have huge pages. Where /sys is not mounted, as in a
// chroot, nobody says so; and a kernel that has none says that when it is asked for one.
static bool wanted(void)
{
    char text[64];

    mp_file_read(text, sizeof text, "/sys/kernel/mm/transparent_hugepage/enabled");
    return !strstr(text, "[never]") && sysconf(_SC_PAGESIZE) == 4096;
}

// Asks for the regions in [from, to) of the file through `window`. False if the kernel cannot.
// *worked: set if that took longer than finding them huge already would.
static bool collapse(char *window, int fd, off_t from, off_t to, bool *worked)
{
    size_t bytes = (size_t)(to - from);
    if (mmap(window, bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, from) != window)
        return false;
    int64_t start = mp_clock_ns(CLOCK_MONOTONIC);
    bool able = madvise(window, bytes, MADV_COLLAPSE) == 0 || (errno != EINVAL && errno != ENOSYS);
    int64_t took = mp_clock_ns(CLOCK_MONOTONIC) - start;
    mmap(window, (size_t)PIECE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
         -1, 0);
    if (took > 200 * 1000) {
        *worked = true;
        rest(took * REST);
    }
    return able;
}

// Once through a node's file, whose description we share with all ranks: every search says where it
// starts. False if there is no sense in trying again.
static bool look(char *window, int fd, bool *worked)
{
    off_t from, to = 0;
    while ((from = lseek(fd, to, SEEK_DATA)) >= 0 && (to = lseek(fd, from, SEEK_HOLE)) >= 0) {
        off_t end = to / REGION * REGION;
        for (off_t at = (from + REGION - 1) / REGION * REGION; at < end;) {
            off_t next = at + PIECE < end ? at + PIECE : end;
            if (!collapse(window, fd, at, next, worked))
                return false;
            at = next;
        }
    }
    return errno == ENXIO; // no more data
}

// The same for all nodes that have a heap.
static bool look_everywhere(char *window, const struct job *job, bool *worked)
{
    bool able = false;
    for (int node = 0; node < job->options->nodes; node++)
        able |= job->segments[node]->shared_heap && look(window, mp_node_heap_fd(node), worked);
    return able;
}

static void *tend(void *job)
{
    size_t room = (size_t)(PIECE + REGION);
    char *place = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (place == MAP_FAILED || !wanted())
        return NULL;
    char *window = place + (-(uintptr_t)place & (uintptr_t)(REGION - 1));
    int seconds = 1;
    for (bool worked = false; look_everywhere(window, job, &worked); worked = false) {
        seconds = worked ? 1 : seconds * 2;
        seconds = seconds < SECONDS_MOST ? seconds : SECONDS_MOST;
        rest(seconds * INT64_C(1000000000));
    }
    return NULL;
}

void huge_start(struct job *job)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &attributes, tend, job); // if there is none, it is only slower
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
