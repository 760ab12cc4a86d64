// SPDX-License-Identifier: MIT
// Glimpses: what ranks say and do at the moment when there is a cause to end the job; soon after
// that there is nobody to ask. Read next: job.c (when they are taken), report.c (what is told).
#define _GNU_SOURCE
#include "launcher/glimpse.h"

#include "base/clock.h"
#include "launcher/family.h"
#include "launcher/look.h"

#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 5 }; // of CPU time, spent on seeing what ranks do, before they are ended

// The rank goes on writing meanwhile: what we read may be a little off, never invalid.
void glimpse_take(struct job *job, int rank)
{
    struct mp_board *board = job_board(job, rank);
    struct glimpse *g = &job->glimpses[rank];

    g->state = atomic_load_explicit(&board->state, memory_order_acquire);
    g->call = atomic_load_explicit(&board->call, memory_order_relaxed);
    g->sleeps_in = atomic_load_explicit(&board->sleeps_in, memory_order_relaxed);
    g->peer = atomic_load_explicit(&board->peer, memory_order_relaxed);
    g->tag = atomic_load_explicit(&board->tag, memory_order_relaxed);
    g->pid = atomic_load_explicit(&board->pid, memory_order_relaxed);
    // Inside a collective (its context ids are odd) tags are the library's own, and so are peers,
    // unless it is the one that failed.
    if (atomic_load_explicit(&board->context, memory_order_relaxed) & 1) {
        g->tag = -1;
        if (job->cause != CAUSE_RANK || g->peer != job->failed)
            g->peer = -2;
    }
}

// What a board says is the rank's word, and its own namespace's number: it is believed of our own
// processes.
pid_t glimpse_process(const struct job *job, int rank, pid_t on_board)
{
    pid_t started = job->ranks[rank].pid;

    return on_board != started && family_has(on_board) ? on_board : started;
}

// What the system says of a rank, where MPI does not say it all.
static void look_at_rank(struct job *job, int rank)
{
    struct glimpse *g = &job->glimpses[rank];
    bool outside = g->state == MP_RANK_FINALIZED || (g->state == MP_RANK_RUNNING && g->call == 0);
    struct mp_stat look;

    if (job->ranks[rank].ended || !look_at_threads(glimpse_process(job, rank, g->pid), &look))
        return;
    if (look.state == 't') // by a debugger
        look.state = 'T';
    if (look.state == 'T' || (outside && strchr("RSD", look.state))) {
        g->doing = look.state;
        g->seconds = (float)(look.user + look.system) / (float)sysconf(_SC_CLK_TCK);
    }
}

// Our own time: on a busy machine it does not run out while others have the CPU.
static int64_t cpu_ns(void)
{
    return mp_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

// Those who do not wait are looked at first, since the others may wait for them, and all only as
// long as nobody minds: the job shall end now.
void glimpse_take_all(struct job *job)
{
    int64_t until = cpu_ns() + LOOK_MS * INT64_C(1000000);

    for (int i = 0; i < job->nranks; i++)
        glimpse_take(job, i);
    for (int blocked = 0; blocked < 2; blocked++)
        for (int i = 0; i < job->nranks && cpu_ns() < until; i++)
            if ((job->glimpses[i].state == MP_RANK_BLOCKED) == (blocked != 0))
                look_at_rank(job, i);
}
