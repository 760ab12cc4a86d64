// SPDX-License-Identifier: MIT
// The account of a job's end: which rank failed first, how, in which MPI call, and who was waiting
// for it. It is put together from the ranks' boards, which outlive the ranks, and written in one
// piece after the last rank is gone, so that nothing is printed into the middle of it.
// Read next: job.h (the facts), lib/shm/layout.h (struct mp_board).
#define _GNU_SOURCE
#include "launcher/report.h"

#include "base/calls.h"
#include "base/clock.h"
#include "base/say.h"
#include "launcher/output.h"
#include "launcher/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_GROUPS = 4, MAX_RUNS = 8 };

void report_line(const char *format, ...)
{
    char line[4096], data[4200];
    struct text t = text_in(data, sizeof data);
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    text_put(&t, "mprun: %s\n", line);
    mp_say_text(t.data, t.length);
}

// ---- Words

static const char *signal_name(int signal)
{
    static const char *const names[] = {
        [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
        [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
        [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
        [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM", [SIGXCPU] = "SIGXCPU",
        [SIGXFSZ] = "SIGXFSZ", [SIGSYS] = "SIGSYS"};

    if (signal > 0 && signal < (int)(sizeof names / sizeof *names) && names[signal])
        return names[signal];
    return "a signal";
}

// " (node 1)" after a rank, if there are several.
static void put_node(struct text *t, const struct job *job, int rank)
{
    if (job->options->nodes > 1)
        text_put(t, " (node %d)", job_node(job, rank));
}

// The ranks of `chosen`, as in "rank 3" or "ranks 0, 2-5". Long lists end in "...".
static void put_numbers(struct text *t, const char *chosen, int nranks)
{
    int count = 0;
    int runs = 0;

    for (int i = 0; i < nranks; i++)
        count += chosen[i] != 0;
    text_put(t, "rank%s ", count == 1 ? "" : "s");
    for (int i = 0; i < nranks; i++) {
        if (!chosen[i])
            continue;
        int last = i;
        while (last + 1 < nranks && chosen[last + 1])
            last++;
        if (runs == MAX_RUNS) {
            text_put(t, ", ... (%d in all)", count);
            return;
        }
        text_put(t, runs++ > 0 ? ", %d" : "%d", i);
        if (last > i)
            text_put(t, last > i + 1 ? "-%d" : ", %d", last);
        i = last;
    }
}

// The same, and where they are: on one node, or how many nodes that is.
static void put_ranks(struct text *t, const struct job *job, const char *chosen)
{
    int nodes = 0, last = -1;

    put_numbers(t, chosen, job->nranks);
    for (int i = 0; i < job->nranks; i++) {
        if (!chosen[i] || job_node(job, i) == last)
            continue;
        last = job_node(job, i);
        nodes++;
    }
    if (job->options->nodes > 1 && nodes == 1)
        text_put(t, " (node %d)", last);
    else if (job->options->nodes > 1)
        text_put(t, " (%d nodes)", nodes);
}

// ---- Where the ranks were

static bool waits_for(const struct glimpse *g, int rank)
{
    return g->state == MP_RANK_BLOCKED && g->peer == rank;
}

static bool same_place(const struct glimpse *a, const struct glimpse *b)
{
    if (a->state != b->state || a->doing != b->doing)
        return false;
    return a->state == MP_RANK_BLOCKED
               ? a->sleeps_in == b->sleeps_in && a->peer == b->peer && a->tag == b->tag
               : a->call == b->call;
}

// Waits for a window's lock: the tag says whose (window/window_waits.h).
static bool is_lock(const struct glimpse *g)
{
    return g->sleeps_in == MP_CALL_Win_lock || g->sleeps_in == MP_CALL_Win_lock_all;
}

// "was waiting for rank 3 in MPI_Recv (tag 7)" and the like.
static void put_place(struct text *t, const struct job *job, const struct glimpse *g, int failed)
{
    const char *call = mp_call_name((int)g->sleeps_in);
    const char *in = g->sleeps_in ? " in " : ""; // not known

    if (g->state == MP_RANK_BLOCKED && g->peer >= 0) {
        if (g->peer == failed) {
            text_put(t, "waiting for it");
        } else {
            text_put(t, "waiting for rank %d", g->peer);
            put_node(t, job, g->peer < job->nranks ? g->peer : 0);
        }
        text_put(t, "%s%s", in, call);
        if (g->tag >= 0 && is_lock(g))
            text_put(t, ": it holds the lock of rank %d", g->tag);
        else if (g->tag >= 0)
            text_put(t, " (tag %d)", g->tag);
    } else if (g->state == MP_RANK_BLOCKED && g->peer == -1) {
        text_put(t, "waiting for any rank%s%s", in, call);
    } else if (g->state == MP_RANK_BLOCKED) {
        text_put(t, "waiting%s%s", in, call);
        if (is_lock(g))
            text_put(t, " for the lock of rank %d", g->tag);
    } else if (g->state == MP_RANK_FINALIZED) {
        text_put(t, "past MPI_Finalize");
    } else if (g->state == MP_RANK_STARTING) {
        text_put(t, "not in MPI yet");
    } else if (g->call != 0) {
        text_put(t, "in %s", mp_call_name((int)g->call));
    } else {
        text_put(t, "outside MPI");
    }
}

// What the group of `g` did there, as far as the system says more than MPI.
static void put_doing(struct text *t, const struct job *job, const char *group,
                      const struct glimpse *g)
{
    float least = g->seconds;
    float most = g->seconds;

    if (g->doing == 0)
        return;
    for (int i = 0; i < job->nranks; i++) {
        float seconds = job->glimpses[i].seconds;
        least = group[i] && seconds < least ? seconds : least;
        most = group[i] && seconds > most ? seconds : most;
    }
    text_put(t, ", %s (",
             g->doing == 'T'   ? "stopped by a signal"
             : g->doing == 'R' ? "computing"
             : g->doing == 'D' ? "waiting for a disk or the like"
                               : "sleeping");
    if (most - least >= 0.01F)
        text_put(t, "%.2f to ", (double)least);
    text_put(t, "%.2f s of CPU time)", (double)most);
}

// One line for each group of ranks in the same place; `failed` (or -1) is left out, and those who
// waited for it come first. When no rank is in MPI there is nothing to tell.
static void put_places(struct text *t, const struct job *job, int failed)
{
    static char done[MP_RANKS_MAX];
    static char group[MP_RANKS_MAX];
    bool any = false;
    int groups = 0;

    for (int i = 0; i < job->nranks; i++)
        any = any || (i != failed && job->glimpses[i].state != MP_RANK_STARTING);
    if (!any)
        return;
    memset(done, 0, sizeof done);
    if (failed >= 0)
        done[failed] = 1;
    for (int first = 1; first >= 0; first--) {
        for (int i = 0; i < job->nranks; i++) {
            const struct glimpse *g = &job->glimpses[i];
            int count = 0;
            if (done[i] || (first && (failed < 0 || !waits_for(g, failed))))
                continue;
            memset(group, 0, sizeof group);
            for (int k = i; k < job->nranks; k++) {
                if (!done[k] && same_place(g, &job->glimpses[k])) {
                    group[k] = done[k] = 1;
                    count++;
                }
            }
            if (groups++ == MAX_GROUPS) {
                text_put(t, "mprun: others were elsewhere\n");
                return;
            }
            text_put(t, "mprun: ");
            put_ranks(t, job, group);
            text_put(t, count == 1 ? " was " : " were ");
            put_place(t, job, g, failed);
            put_doing(t, job, group, g);
            text_put(t, "\n");
        }
    }
}

// Ranks that had all the messages that they keep. Who sends to one of those waits for it to
// receive, which may be what the job hangs on.
static void put_full(struct text *t, const struct job *job)
{
    static char full[MP_RANKS_MAX];
    int count = 0;

    for (int i = 0; i < job->nranks; i++) {
        full[i] = job_board(job, i)->full != 0;
        count += full[i];
    }
    if (count == 0)
        return;
    text_put(t, "mprun: ");
    put_ranks(t, job, full);
    text_put(t, " had as many messages unreceived as %s (MPRUN_UNEXPECTED): senders waited\n",
             count == 1 ? "it keeps" : "they keep");
}

// ---- How the rank failed

static void put_call(struct text *t, const struct glimpse *g, const struct job *job)
{
    bool others = false; // in MPI: then "before MPI_Init" says something

    for (int i = 0; i < job->nranks; i++)
        others = others || job->glimpses[i].pid != 0;
    if (g->state == MP_RANK_FINALIZED)
        text_put(t, " after MPI_Finalize");
    else if (g->state == MP_RANK_STARTING && others)
        text_put(t, " before MPI_Init was done");
    else if (g->state != MP_RANK_STARTING && g->call != 0)
        text_put(t, " in %s", mp_call_name((int)g->call));
}

static void put_failure(struct text *t, const struct job *job)
{
    const struct rank *rank = &job->ranks[job->failed];
    struct mp_board *board = job_board(job, job->failed);
    const struct glimpse *g = &job->glimpses[job->failed];
    int signal = WIFSIGNALED(rank->status) ? WTERMSIG(rank->status) : 0;

    board->message[sizeof board->message - 1] = 0;
    text_put(t, "mprun: ");
    if (job->options->world > 0)
        text_put(t, "world %d, ", job->options->world);
    text_put(t, "rank %d", job->failed);
    put_node(t, job, job->failed);
    text_put(t, job->options->nodes > 1 ? ", %s, process %d, " : " (%s, process %d) ",
             rank->program->argv[0], g->pid ? g->pid : (int)rank->pid);
    switch (job->failure) {
    case FAILURE_ABORT:
    case FAILURE_OTHERS:
        text_put(t, "ended the job with code %d", board->abort_code);
        if (board->message[0]) { // it names the call
            text_put(t, ":\n%s%s", board->message,
                     board->message[strlen(board->message) - 1] == '\n' ? "" : "\n");
        } else {
            put_call(t, g, job);
            text_put(t, "\n");
        }
        return;
    case FAILURE_SIGNAL:
    case FAILURE_ASKED:
        if (rank->over > 0) {
            text_put(t, "was ended: it had %.1f MiB of memory, and --limit mem allows %.1f",
                     (double)rank->over / (1 << 20),
                     (double)job->options->limits.memory / (1 << 20));
            put_call(t, g, job);
            text_put(t, "\n");
            return;
        }
        text_put(t, "was killed by %s (signal %d, %s)", signal_name(signal), signal,
                 strsignal(signal));
        put_call(t, g, job);
        if (signal == SIGXCPU && job->options->limits.cpu_seconds > 0)
            text_put(t, ": --limit cpu allows %llu s",
                     (unsigned long long)job->options->limits.cpu_seconds);
        if (WCOREDUMP(rank->status))
            text_put(t, ", and left a core dump");
        text_put(t, "\n");
        if (job->out_of_memory)
            text_put(t, "mprun: meanwhile the kernel killed a process because memory ran out\n");
        return;
    case FAILURE_STATUS:
        text_put(t, "exited with status %d", WEXITSTATUS(rank->status));
        put_call(t, g, job);
        text_put(t, "\n");
        return;
    case FAILURE_NO_FINALIZE:
        text_put(t, "exited with status 0 but without calling MPI_Finalize\n");
        return;
    case FAILURE_NO_INIT:
        text_put(t, "exited with status 0 without calling MPI_Init, but other ranks did call it\n");
        return;
    case FAILURE_NONE:
        return;
    }
}

// As in "mprun ... | head": no shell would say a word.
static bool died_for_want_of_reader(const struct job *job)
{
    int status = job->ranks[job->failed].status;

    return job->failure == FAILURE_SIGNAL && WTERMSIG(status) == SIGPIPE && !output_has_reader();
}

void report_patience(const struct job *job)
{
    const char *what = job->cause == CAUSE_TIMEOUT  ? "the time is up"
                       : job->cause == CAUSE_SIGNAL ? signal_name(job->signal)
                                                    : "a rank was told to stop";

    if (!job->options->quiet && isatty(STDERR_FILENO))
        report_line("%s: the job has %g s to save its work; Ctrl-C %sends it at once", what,
                    job->options->grace, job->signal == SIGINT ? "again " : "");
}

// A line for each way in which ranks ended.
static void put_exit_codes(struct text *t, const struct job *job)
{
    static char done[MP_RANKS_MAX], group[MP_RANKS_MAX];

    memset(done, 0, sizeof done);
    for (int i = 0; i < job->nranks; i++) {
        const struct rank *rank = &job->ranks[i];
        if (done[i])
            continue;
        memset(group, 0, sizeof group);
        for (int k = i; k < job->nranks; k++)
            if (job->ranks[k].ended == rank->ended && job->ranks[k].status == rank->status)
                group[k] = done[k] = 1;
        text_put(t, "mprun: ");
        put_ranks(t, job, group);
        if (!rank->ended)
            text_put(t, ": not ended\n");
        else if (WIFSIGNALED(rank->status))
            text_put(t, ": %s\n", signal_name(WTERMSIG(rank->status)));
        else
            text_put(t, ": exit status %d\n", WEXITSTATUS(rank->status));
    }
}

uint64_t report_faults(const struct job *job, int *finders)
{
    uint64_t sum = 0;
    int ranks = 0;
    for (int i = 0; i < job->nranks; i++) {
        uint32_t faults = atomic_load_explicit(&job_board(job, i)->faults, memory_order_relaxed);
        sum += faults;
        ranks += faults > 0;
    }
    if (finders)
        *finders = ranks;
    return sum;
}

// What --check comes to.
static void put_check(struct text *t, const struct job *job)
{
    int finders;
    uint64_t faults = report_faults(job, &finders);
    if (faults > 0)
        text_put(t, "mprun: check: %llu fault%s, on %d of %d rank%s\n", (unsigned long long)faults,
                 faults == 1 ? "" : "s", finders, job->nranks, job->nranks == 1 ? "" : "s");
    else if (!job->options->quiet && job->cause == CAUSE_NONE)
        text_put(t, "mprun: check: no faults\n");
}

void report_end(const struct job *job)
{
    char data[20000];
    struct text t = text_in(data, sizeof data);
    bool quiet = job->options->quiet;

    switch (job->cause) {
    case CAUSE_LATE:
        put_failure(&t, job);
        if (job->late > 1 && !quiet)
            text_put(&t, "mprun: %d more rank%s failed after MPI_Finalize\n", job->late - 1,
                     job->late == 2 ? "" : "s");
        break;
    case CAUSE_RANK:
        if (died_for_want_of_reader(job))
            break;
        put_failure(&t, job);
        if (quiet && job->failure != FAILURE_ABORT)
            t.length = (size_t)(strchrnul(t.data, '\n') + 1 - t.data);
        if (!quiet)
            put_places(&t, job, job->failed);
        break;
    case CAUSE_SIGNAL:
        if (job->options->world > 0)
            break; // the first one says so
        text_put(&t, "mprun: ended by %s\n", signal_name(job->signal));
        if (!quiet)
            put_places(&t, job, -1);
        break;
    case CAUSE_TIMEOUT:
        if (job->options->world > 0)
            break;
        text_put(&t, "mprun: ended after %g s, as --timeout asked\n", job->options->timeout);
        if (!quiet)
            put_places(&t, job, -1);
        break;
    case CAUSE_DEADLOCK:
        text_put(&t, "%.*s",
                 (int)(quiet ? strchrnul(job->deadlock_text, '\n') + 1 - job->deadlock_text
                             : (ptrdiff_t)strlen(job->deadlock_text)),
                 job->deadlock_text);
        break;
    case CAUSE_REFUSED:
        text_put(&t, "mprun: %s\n", job->refusal);
        break;
    case CAUSE_OTHERS:
        text_put(&t, "mprun: ");
        if (job->options->world > 0)
            text_put(&t, "world %d ", job->options->world);
        text_put(&t, "ended: it was connected to a world that died\n");
        break;
    case CAUSE_FRONT:
        return;
    case CAUSE_INPUT:
    case CAUSE_NONE:
        break;
    }
    if (!quiet && job->cause != CAUSE_NONE)
        put_full(&t, job);
    if (job->options->check)
        put_check(&t, job);
    if (job->phase != PHASE_OVER)
        text_put(&t, "mprun: a process of the job cannot be killed: " UNKILLABLE "\n");
    if (job->left && !quiet && job->nleft > 0)
        text_put(&t, "mprun: %zu process%s that ranks had left running %s ended\n", job->nleft,
                 job->nleft == 1 ? "" : "es", job->nleft == 1 ? "was" : "were");
    else if (job->left && !quiet)
        text_put(&t, "mprun: processes that ranks had left running were ended\n");
    if (job->options->exit_codes)
        put_exit_codes(&t, job);
    if (job->options->verbose) {
        int64_t took = mp_clock_ns(CLOCK_MONOTONIC) - job->segments[0]->start_ns;
        text_put(&t, "mprun: ended with status %d after %.3f s\n", job->exit_status,
                 (double)took / 1e9);
    }
    mp_say_text(t.data, t.length);
}
