// SPDX-License-Identifier: MIT
// A job's way from its start to its end, as phases that events move forward, never back:
//
//   event             RUNNING               LINGERING    ENDING            KILLING
//   rank ended well   last: to LINGERING    cannot be    -                 -
//   ... failed late   noted; the same       cannot be    -                 -
//   ... failed        to ENDING, the cause  cannot be    -                 -
//   asked to stop     to ENDING, the cause  to ENDING    2nd: to KILLING   -
//   --timeout         to ENDING, the cause  -            -                 -
//   a deadlock        to ENDING, the cause  -            -                 -
//   the front killed  to ENDING, the cause  to ENDING    to KILLING        -
//   timer             cannot be             to ENDING    to KILLING        kill again
//   no child left     to OVER               to OVER      to OVER           to OVER
//
// Late is past MPI_Finalize, where ranks are independent of each other. Entering ENDING sends
// SIGTERM to every process of the job, entering KILLING sends SIGKILL to every child, and so does
// each death after it, until wait(2) says that there is no child. Nothing polls: signals arrive
// through a descriptor, and time through timers.
//
// ENDING is as long as it takes until no process is left, and at most: a moment after a rank
// failed, since nobody can count on what the others do then; but what somebody asked to stop may
// have work to save, and gets --grace seconds.
//
// A job that is stopped (Ctrl-Z) is in none of this: the keeper does not stop, so that it can end
// the job at any time.
// Read next: keeper.c (starts the ranks), report.c (says how it ended), family.c.
#define _GNU_SOURCE
#include "launcher/job.h"

#include "base/clock.h"
#include "base/say.h"
#include "launcher/connect.h"
#include "launcher/deadlock_watch.h"
#include "launcher/family.h"
#include "launcher/glimpse.h"
#include "launcher/huge.h"
#include "launcher/input.h"
#include "launcher/keeper.h"
#include "launcher/limit.h"
#include "launcher/look.h"
#include "launcher/machine.h"
#include "launcher/output.h"
#include "launcher/report.h"
#include "launcher/segment.h"
#include "launcher/stranger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    KILL_AGAIN_MS = 20,
    KILL_ROUNDS = 100, // then something cannot be killed: it hangs in the kernel
    WATCH_MS = 250,
    LINGER_MS = 100, // for what a rank left running: the last command of a pipe, a logger
    AGAIN_MS =
        300, // a signal that comes sooner after the first belongs to it: timeout(1) sends two
    SAME_SIGNAL_MS = 20, // between a signal to our group killing a rank and our hearing of it
};

void job_note_started(struct job *job, int rank, pid_t pid)
{
    job->ranks[rank].pid = pid;
    job->started++;
    job->alive++;
}

bool job_ended_with_others(const struct job *job)
{
    return job->cause == CAUSE_OTHERS ||
           (job->cause == CAUSE_RANK && job->failure == FAILURE_OTHERS);
}

static int rank_of(const struct job *job, pid_t pid)
{
    for (int i = 0; i < job->nranks; i++)
        if (job->ranks[i].pid == pid && !job->ranks[i].ended)
            return i;
    return -1;
}

// ---- The end

static void start_killing(struct job *job)
{
    job->phase = PHASE_KILLING;
    family_signal_children(SIGKILL);
    uv_timer_set_repeat(&job->grace, KILL_AGAIN_MS);
    uv_timer_again(&job->grace);
}

static void on_drained(void *argument)
{
    struct job *job = argument;
    uv_stop(&job->loop);
}

// True if somebody wants the job to stop, and it was not a rank's failure that ends it.
static bool was_asked(const struct job *job)
{
    return job->cause == CAUSE_SIGNAL || job->cause == CAUSE_TIMEOUT ||
           (job->cause == CAUSE_RANK && job->failure == FAILURE_ASKED);
}

static void start_ending(struct job *job);

static void on_grace(uv_timer_t *timer)
{
    struct job *job = timer->data;

    switch (job->phase) {
    case PHASE_RUNNING:
        return;
    case PHASE_LINGERING:
        start_ending(job);
        return;
    case PHASE_ENDING:
        if (job->told || job->patience_ms <= AGAIN_MS) {
            start_killing(job);
            return;
        }
        job->told = true;
        report_patience(job);
        uv_timer_start(timer, on_grace, job->patience_ms - AGAIN_MS, 0);
        return;
    case PHASE_KILLING:
        family_signal_children(SIGKILL);
        if (++job->kill_rounds == KILL_ROUNDS)
            uv_stop(&job->loop);
        return;
    case PHASE_OVER:
        output_drain(on_drained, job);
        return;
    }
}

// Asks every process of the job to leave; those that do not, are made to.
static void start_ending(struct job *job)
{
    bool left = job->phase == PHASE_LINGERING;

    job->phase = PHASE_ENDING;
    job->patience_ms = was_asked(job) ? (uint64_t)(job->options->grace * 1000) : FAILED_GRACE_MS;
    uv_timer_stop(&job->timeout);
    uv_timer_stop(&job->watch);
    uv_timer_stop(&job->deadlock);
    uv_timer_start(&job->grace, on_grace, job->patience_ms < AGAIN_MS ? job->patience_ms : AGAIN_MS,
                   0);
    size_t asked = family_ask_to_leave();
    if (left) {
        job->nleft = family_sees_all() ? asked : 0;
        job->left = asked > 0;
    }
}

static void end_job(struct job *job, enum cause cause)
{
    if (job->phase == PHASE_RUNNING) {
        job->cause = cause;
        glimpse_take_all(job);
    }
    if (job->phase <= PHASE_LINGERING)
        start_ending(job);
}

// The same for what counts only while the job runs, and says what mprun shall exit with.
static void end_running(struct job *job, enum cause cause, int exit_status)
{
    if (job->phase != PHASE_RUNNING)
        return;
    job->exit_status = exit_status;
    end_job(job, cause);
}

static bool killed_by_request(const struct job *job)
{
    return (job->cause == CAUSE_RANK || job->cause == CAUSE_LATE) && job->failure == FAILURE_ASKED;
}

void job_refuse(struct job *job, const char *why)
{
    if (job->phase == PHASE_RUNNING)
        snprintf(job->refusal, sizeof job->refusal, "%s", why);
    end_running(job, CAUSE_REFUSED, EXIT_NOT_EXECUTABLE);
}

// No process is left. A rank that died of a signal that asks to stop probably got it as a member of
// our process group (Ctrl-C), then we are about to hear of it as well, and that is the cause.
static void finish(struct job *job)
{
    job->phase = PHASE_OVER;
    uv_timer_stop(&job->grace);
    input_stop();
    if (job->cause == CAUSE_FRONT) {
        output_drain(NULL, NULL); // what goes without waiting: nobody could end us
        uv_stop(&job->loop);
    } else if (killed_by_request(job)) {
        uv_timer_start(&job->grace, on_grace, SAME_SIGNAL_MS, 0);
    } else {
        output_drain(on_drained, job);
    }
}

// ---- Ranks that end

static bool anybody_joined(const struct job *job)
{
    for (int i = 0; i < job->nranks; i++)
        if (atomic_load_explicit(&job_board(job, i)->pid, memory_order_relaxed) != 0)
            return true;
    return false;
}

static bool asks_to_stop(int signal)
{
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

static enum failure judge(const struct job *job, int rank)
{
    struct mp_board *board = job_board(job, rank);
    int status = job->ranks[rank].status;

    // Acquire: pairs with the release in the rank, so that message and code can be read.
    uint32_t aborted = atomic_load_explicit(&board->aborted, memory_order_acquire);
    if (aborted)
        return aborted == MP_ABORTED_WITH_OTHERS ? FAILURE_OTHERS : FAILURE_ABORT;
    if (WIFSIGNALED(status))
        return asks_to_stop(WTERMSIG(status)) ? FAILURE_ASKED : FAILURE_SIGNAL;
    if (WEXITSTATUS(status) != 0)
        return FAILURE_STATUS;
    // A rank that never joined is not of MPI, as far as we know; see on_watch.
    uint32_t state = atomic_load_explicit(&board->state, memory_order_acquire);
    bool inside = state == MP_RANK_RUNNING || state == MP_RANK_BLOCKED;
    return inside ? FAILURE_NO_FINALIZE : FAILURE_NONE;
}

// What mprun exits with when `rank` failed: never 0.
static int status_of(const struct job *job, int rank, enum failure failure)
{
    int status = job->ranks[rank].status;
    int code = 1;

    if (failure == FAILURE_ABORT || failure == FAILURE_OTHERS)
        code = job_board(job, rank)->abort_code & 255;
    else if (WIFSIGNALED(status))
        code = 128 + WTERMSIG(status);
    else if (WIFEXITED(status))
        code = WEXITSTATUS(status);
    return code != 0 ? code : 1;
}

static void note_failure(struct job *job, int rank, enum failure failure)
{
    const struct rank *r = &job->ranks[rank];

    job->failed = rank;
    job->failure = failure;
    job->exit_status = status_of(job, rank, failure);
    if (WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGKILL && job->oom_kills >= 0)
        job->out_of_memory = machine_oom_kills() > job->oom_kills;
}

static void fail_rank(struct job *job, int rank, enum failure failure)
{
    note_failure(job, rank, failure);
    end_job(job, CAUSE_RANK);
}

// Past MPI_Finalize nobody needs the others any more, and they may be writing their results: they
// are waited for. (Only MPI_Abort means them.)
static bool is_late(const struct job *job, int rank, enum failure failure)
{
    return failure > FAILURE_NO_FINALIZE && failure != FAILURE_ABORT &&
           atomic_load_explicit(&job_board(job, rank)->state, memory_order_acquire) ==
               MP_RANK_FINALIZED;
}

// The first one is told at the end, and gives the job its status.
static void fail_late(struct job *job, int rank, enum failure failure)
{
    if (job->phase != PHASE_RUNNING || job->late++ > 0)
        return;
    note_failure(job, rank, failure);
    glimpse_take(job, rank);
    job->cause = CAUSE_LATE;
}

// The last rank has ended, none failed before the end of MPI_Finalize. If all exit with the same
// status, then that is the program's own way to say no, and it has said why.
static void all_ended(struct job *job)
{
    bool same = job->late == job->nranks;

    for (int i = 0; same && i < job->nranks; i++)
        same = WIFEXITED(job->ranks[i].status) &&
               WEXITSTATUS(job->ranks[i].status) == job->exit_status;
    if (same)
        job->cause = CAUSE_NONE;
}

// A rank that exited with 0 and never called MPI_Init may belong to a program that is not MPI. But
// if another rank does call it, that one waits for ever. Nobody tells us when a rank joins, since
// that would cost every start-up a message, so from the moment when such a rank has left we look
// at the boards now and then.
static void on_watch(uv_timer_t *timer)
{
    struct job *job = timer->data;

    if (job->phase != PHASE_RUNNING || !anybody_joined(job))
        return;
    for (int i = 0; i < job->started; i++)
        if (job->ranks[i].ended && atomic_load(&job_board(job, i)->pid) == 0) {
            fail_rank(job, i, FAILURE_NO_INIT);
            return;
        }
}

// Waits for all that have ended, ranks and adopted processes, and draws the conclusions.
static void reap(struct job *job)
{
    enum failure worst = FAILURE_NONE;
    int worst_rank = -1;
    bool watch = false;
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        int rank = rank_of(job, pid);
        if (rank < 0)
            continue;
        job->ranks[rank].status = status;
        job->ranks[rank].ended = true;
        job->alive--;
        enum failure failure = judge(job, rank);
        if (is_late(job, rank, failure)) {
            fail_late(job, rank, failure);
            continue;
        }
        if (failure > worst || (failure == worst && failure != FAILURE_NONE && rank < worst_rank)) {
            worst = failure;
            worst_rank = rank;
        }
        if (atomic_load_explicit(&job_board(job, rank)->pid, memory_order_relaxed) == 0)
            watch = true;
    }
    bool nobody_left = pid < 0 && errno == ECHILD;

    if (worst != FAILURE_NONE && job->phase == PHASE_RUNNING)
        fail_rank(job, worst_rank, worst);
    else if (worst >= FAILURE_STATUS && job_ended_with_others(job) && job->phase == PHASE_ENDING) {
        job->cause = CAUSE_RANK; // it is what the other world died of: that was seen there first
        note_failure(job, worst_rank, worst);
    } else if (watch && job->phase == PHASE_RUNNING && job->alive > 0 &&
               !uv_is_active((uv_handle_t *)&job->watch)) {
        uv_timer_start(&job->watch, on_watch, WATCH_MS, WATCH_MS);
        on_watch(&job->watch);
    }

    if (job->phase == PHASE_OVER)
        return;
    if (job->phase == PHASE_RUNNING && job->alive == 0) {
        all_ended(job);
        job->phase = PHASE_LINGERING;
        uv_timer_stop(&job->timeout);
        uv_timer_stop(&job->watch);
        uv_timer_stop(&job->deadlock);
        uv_timer_start(&job->grace, on_grace, LINGER_MS, 0);
    }
    if (nobody_left)
        finish(job);
    else if (job->phase == PHASE_KILLING)
        family_signal_children(SIGKILL);
    else if (job->phase == PHASE_ENDING && (job->alive == 0 || !family_sees_all()))
        family_ask_orphans();
}

// ---- Signals to mprun

static void stop_by_signal(struct job *job, int signal)
{
    bool same =
        killed_by_request(job) && WTERMSIG(job->ranks[job->failed].status) == signal && !job->told;

    if (job->phase == PHASE_RUNNING || same) {
        job->signal = signal;
        job->exit_status = 128 + signal;
        job->cause = CAUSE_SIGNAL;
        end_job(job, CAUSE_SIGNAL);
        if (job->phase == PHASE_OVER)
            output_drain(on_drained, job);
    } else if (job->phase == PHASE_LINGERING) {
        start_ending(job);
    } else if (job->phase == PHASE_ENDING && job->told && signal != SIGHUP) {
        start_killing(job); // the second time; but a terminal that is closed says so repeatedly
    } else if (job->phase == PHASE_OVER) {
        uv_stop(&job->loop); // whoever reads our output does not
    }
}

static void pass_on(struct job *job, int signal)
{
    for (int i = 0; i < job->started; i++) {
        pid_t started = job->ranks[i].pid;
        if (job->ranks[i].ended)
            continue;
        pid_t in_mpi = glimpse_process(
            job, i, atomic_load_explicit(&job_board(job, i)->pid, memory_order_relaxed));
        kill(started, signal);
        if (in_mpi != started)
            kill(in_mpi, signal);
    }
}

// Whoever kills mprun does not wait for work to be saved: the moment after a failure is all there
// is.
static void front_is_gone(struct job *job)
{
    if (job->phase == PHASE_ENDING)
        start_killing(job); // that moment was there already
    end_job(job, CAUSE_FRONT);
    job->cause = CAUSE_FRONT;
    if (job->phase == PHASE_OVER)
        uv_stop(&job->loop);
}

static bool is_tied(const struct job *job, uint64_t world)
{
    for (int i = 0; i < job->nranks; i++)
        for (int k = 0; k < MP_TIES && !job->ranks[i].ended; k++)
            if (atomic_load_explicit(&job_board(job, i)->ties[k], memory_order_relaxed) == world)
                return true;
    return false;
}

// A world has died. Ranks that are in a call, or make one, find out for themselves; others may
// compute for long.
static void on_news(struct job *job, uint64_t world)
{
    if (is_tied(job, world))
        end_running(job, CAUSE_OTHERS, EXIT_OTHERS);
}

static void on_signals(uv_poll_t *poll, int status, int events)
{
    struct job *job = poll->data;
    struct signalfd_siginfo info[16];
    ssize_t got;
    bool children = false;

    (void)status;
    (void)events;
    while ((got = read(job->signals_fd, info, sizeof info)) > 0) {
        for (size_t i = 0; i < (size_t)got / sizeof *info; i++) {
            int signal = (int)info[i].ssi_signo;
            if (signal == SIGCHLD) {
                children = true;
            } else if (signal == SIGUSR1 || signal == SIGUSR2) {
                pass_on(job, signal);
            } else if (signal == SIGCONT) {
                family_continue();
            } else if (signal == SIGTSTP) {
                family_stop();
            } else if (asks_to_stop(signal)) {
                stop_by_signal(job, signal);
            } else if (signal == NEWS_SIGNAL) {
                if ((pid_t)info[i].ssi_pid == job->warden)
                    on_news(job, info[i].ssi_ptr);
            } else if ((pid_t)info[i].ssi_pid == job->warden) { // the front is gone, or the warden
                front_is_gone(job);
            }
        }
    }
    if (children)
        reap(job); // after the signals, since they may explain the deaths
}

static void on_timeout(uv_timer_t *timer)
{
    end_running(timer->data, CAUSE_TIMEOUT, EXIT_TIMEOUT);
}

static void on_deadlock(uv_timer_t *timer)
{
    struct job *job = timer->data;
    uint64_t next_ms = DEADLOCK_LOOK_MS;
    bool certain = false;
    const char *text = job->phase == PHASE_RUNNING ? deadlock_look(job, &next_ms, &certain) : NULL;

    uv_timer_start(timer, on_deadlock, next_ms, 0);
    if (text && (!certain || job->options->on_deadlock == DEADLOCK_REPORT)) {
        mp_say_text(text, strlen(text));
    } else if (text) {
        job->deadlock_text = text;
        end_running(job, CAUSE_DEADLOCK, EXIT_DEADLOCK);
    }
}

static void on_input_lost(void *argument)
{
    end_running(argument, CAUSE_INPUT, EXIT_FAILURE);
}

static bool any_heap(const struct job *job)
{
    for (int node = 0; node < job->options->nodes; node++)
        if (job->segments[node]->shared_heap)
            return true;
    return false;
}

static void on_huge(uv_timer_t *timer)
{
    huge_start(timer->data);
}

int job_run(struct job *job)
{
    int error = uv_loop_init(&job->loop);
    if (error != 0)
        return error;
    job->signals_fd = signalfd(-1, job->handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (job->signals_fd < 0)
        return -errno;
    error = uv_poll_init(&job->loop, &job->signals, job->signals_fd);
    if (error != 0)
        return error;
    uv_timer_init(&job->loop, &job->grace);
    uv_timer_init(&job->loop, &job->timeout);
    uv_timer_init(&job->loop, &job->watch);
    uv_timer_init(&job->loop, &job->deadlock);
    job->signals.data = job->grace.data = job->timeout.data = job->watch.data = job;
    job->deadlock.data = job;
    uv_poll_start(&job->signals, UV_READABLE, on_signals);
    if (job->options->timeout > 0) {
        double passed = (double)(uv_hrtime() - (uint64_t)job->segments[0]->start_ns) / 1e9;
        double left = job->options->timeout - passed;
        uv_timer_start(&job->timeout, on_timeout, left > 0 ? (uint64_t)(left * 1000) : 0, 0);
    }
    if (job->options->on_deadlock != DEADLOCK_IGNORE)
        uv_timer_start(&job->deadlock, on_deadlock, DEADLOCK_LOOK_MS, 0);
    if (any_heap(job)) {
        uv_timer_init(&job->loop, &job->huge);
        job->huge.data = job;
        uv_timer_start(&job->huge, on_huge, HUGE_AFTER_MS, 0);
        uv_unref((uv_handle_t *)&job->huge);
    }
    output_start(&job->loop);
    input_start(&job->loop, on_input_lost, job);
    error = connect_start(&job->loop);
    if (error != 0)
        return error;
    stranger_start(job);
    limit_start(job);
    job->oom_kills = machine_oom_kills();
    uv_run(&job->loop, UV_RUN_DEFAULT);
    connect_stop();
    return 0;
}
