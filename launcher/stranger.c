// SPDX-License-Identifier: MIT
// Whether a rank that has not joined the job is about to become a world of its own, since what a
// script, a debugger or an interpreter has started there uses another MPI. Its libraries are seen
// in /proc/PID/maps. Most ranks join within milliseconds, and then there is nothing to look at; for
// those that do not, the time between looks doubles, so that a job which has nothing to do with MPI
// is asked a few times in all. What comes and goes between two looks is not seen.
//
// What another launcher has started is left alone: a rank may be a script that runs mpirun.
// Read next: library.c.
#define _GNU_SOURCE
#include "launcher/stranger.h"

#include "base/bits.h"
#include "base/file.h"
#include "boot/protocol.h"
#include "launcher/family.h"
#include "launcher/library.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_MS = 20,
    MS_PER_RANK = 2,    // later for many, which take longer to start
    LAST_MS = 60000,    // the longest time between looks
    MOST_RANKS = 16,    // at a look; if one rank is a stranger, most are
    MOST_PROCESSES = 64 // of a rank
};

static struct {
    uv_timer_t timer;
    uint64_t wait_ms;
} watch;

// Whether `pid` was started by another MPI's launcher, by the marks that those leave. A mark that
// we have ourselves says nothing, nor does the size that we give to our `nranks` ranks, too.
static bool has_launcher(pid_t pid, int nranks)
{
    static const char *const marks[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK",
                                        "PMIX_RANK"};
    static char text[128 << 10];
    size_t length = mp_file_read(text, sizeof text, "/proc/%d/environ", (int)pid);

    for (const char *at = text; at < text + length; at += strlen(at) + 1)
        for (size_t i = 0; i < mp_array_length(marks); i++) {
            size_t name = strlen(marks[i]);
            if (strncmp(at, marks[i], name) == 0 && at[name] == '=' && !getenv(marks[i]) &&
                (i > 0 || atoi(at + name + 1) != nranks))
                return true;
        }
    return false;
}

// Is this the process of another mprun that has ranks of its own?
static bool is_keeper(pid_t pid)
{
    char name[32];

    mp_file_read(name, sizeof name, "/proc/%d/comm", (int)pid);
    return strcmp(name, MP_KEEPER_NAME "\n") == 0;
}

// The first of the rank's processes that has another MPI's library loaded; 0 if none has.
static pid_t look_at(pid_t rank, int nranks, struct library *library)
{
    pid_t pids[MOST_PROCESSES] = {rank};
    size_t count = 1;

    for (size_t i = 0; i < count; i++) { // count grows: breadth first
        if (is_keeper(pids[i]))
            continue;
        if (library_loaded(pids[i], library) && !has_launcher(pids[i], nranks))
            return pids[i];
        count += family_children(pids[i], pids + count, MOST_PROCESSES - count);
    }
    return 0;
}

static void refuse(struct job *job, int rank, pid_t pid, const struct library *library)
{
    char name[32];
    char error[600];

    mp_file_read(name, sizeof name, "/proc/%d/comm", (int)pid);
    name[strcspn(name, "\n")] = 0;
    snprintf(
        error, sizeof error,
        "rank %d (%s, process %d) has loaded another MPI, %s (%s): the %d ranks would not know "
        "of each other; build the program with mprun's mpicc, or start it with that MPI's own "
        "launcher",
        rank, name, (int)pid, library->name, library->whose, job->nranks);
    job_refuse(job, error);
}

static void on_timer(uv_timer_t *timer)
{
    struct job *job = timer->data;
    struct library library;
    int looks = 0;

    for (int i = 0; i < job->started && looks < MOST_RANKS && job->phase == PHASE_RUNNING; i++) {
        struct mp_board *board = job_board(job, i);
        if (job->ranks[i].ended || atomic_load_explicit(&board->pid, memory_order_relaxed) != 0)
            continue;
        looks++;
        pid_t pid = look_at(job->ranks[i].pid, job->nranks, &library);
        // It may have joined meanwhile, or be one that never had to.
        if (pid > 0 && atomic_load_explicit(&board->pid, memory_order_relaxed) == 0)
            refuse(job, i, pid, &library);
    }
    if (looks == 0 || job->phase != PHASE_RUNNING)
        return;
    watch.wait_ms = 2 * watch.wait_ms < LAST_MS ? 2 * watch.wait_ms : LAST_MS;
    uv_timer_start(timer, on_timer, watch.wait_ms, 0);
}

void stranger_start(struct job *job)
{
    if (job->nranks == 1) // a world of one, as it should be
        return;
    watch.wait_ms = FIRST_MS + MS_PER_RANK * (uint64_t)job->nranks;
    watch.timer.data = job;
    uv_timer_init(&job->loop, &watch.timer);
    uv_timer_start(&watch.timer, on_timer, watch.wait_ms, 0);
}
