// SPDX-License-Identifier: MIT
// The front forks the keeper, waits for it, and mirrors its exit. It holds nothing of the job; it
// is here so that there is somebody left who cleans up when the keeper is killed, and so that the
// user has one process to see, signal and wait for. Read next: keeper.c.
#define _GNU_SOURCE
#include "launcher/front.h"

#include "base/clock.h"
#include "launcher/allowed.h"
#include "launcher/family.h"
#include "launcher/keeper.h"
#include "launcher/look.h"
#include "launcher/private.h"
#include "launcher/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESTART_AFTER_NS INT64_C(1000000000)

// Blocks the signals that we handle, so that they wait to be read. A signal that our parent made us
// ignore (nohup, a shell's background job) stays ignored: it is left alone.
static void block_signals(struct signal_sets *sets)
{
    static const int handled[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGUSR1,
                                  SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU};
    struct sigaction action;

    signal(SIGCHLD, SIG_DFL); // ignored, it would take our children's statuses away
    sigemptyset(&sets->handled);
    sigaddset(&sets->handled, SIGCHLD);
    sigaddset(&sets->handled, SIGCONT); // it continues us in any case
    sigaddset(&sets->handled, FRONT_GONE_SIGNAL);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        if (sigaction(handled[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&sets->handled, handled[i]);

    sigset_t blocked = sets->handled;
    sigaddset(&blocked, SIGPIPE); // a write says EPIPE instead
    sigaddset(&blocked, SIGXFSZ); // and what would pass the limit on files, EFBIG
    sigaddset(&blocked, SIGTTOU); // both, in the background, may write to the terminal
    sigprocmask(SIG_BLOCK, &blocked, &sets->of_ranks);
}

// The keeper was killed, so its ranks are dying; everything they had started is ours to end.
static int clean_up(int signal)
{
    if (!family_end())
        report_line("a process of the job cannot be killed: " UNKILLABLE);
    report_line("ended: mprun's own process was killed by signal %d (%s)", signal,
                strsignal(signal));
    return 128 + signal;
}

static bool stops(int signal)
{
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

// Could anybody continue us whom the terminal has stopped? In a process group without a shell the
// terminal stops nobody: the kernel sees to that. But the keeper, in a group of its own, looks like
// a shell to it.
static bool has_shell(void)
{
    pid_t group = getpgid(0);
    pid_t parent = getppid();
    struct mp_stat look;

    while (parent > 0 && getpgid(parent) == group && look_at(parent, &look))
        parent = look.parent;
    return parent > 0 && getpgid(parent) != group && getsid(parent) == getsid(0);
}

// Stops this process, as `signal` does where nobody handles it, so that our parent sees why. In a
// process group without a shell the kernel ignores these signals; but whoever sends them to us then
// is no terminal and means it. A SIGCONT is left to be read: there is one if we were stopped.
static void stop_as(int signal)
{
    sigset_t one;
    sigset_t pending;

    sigemptyset(&one);
    sigaddset(&one, signal);
    kill(getpid(), signal);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sigprocmask(SIG_BLOCK, &one, NULL);
    if (sigpending(&pending) == 0 && !sigismember(&pending, SIGCONT))
        raise(SIGSTOP);
}

// Sees one keeper to its end. *failed: it was killed, or stays what it said.
static int wait_for(pid_t keeper, const struct signal_sets *sets, bool *failed)
{
    siginfo_t info;
    int status;

    for (;;) {
        int signal = sigwaitinfo(&sets->handled, &info);
        if (signal < 0)
            continue; // EINTR: stopped and continued
        if (signal == SIGTSTP && info.si_code == SI_KERNEL && !has_shell()) {
            kill(0, SIGCONT); // to us, too, and from us to the keeper
            continue;
        }
        if (signal != SIGCHLD) {
            kill(keeper, stops(signal) ? SIGTSTP : signal);
            if (stops(signal))
                stop_as(signal);
            continue;
        }
        // Others can be our children only after the keeper is gone.
        if (waitpid(keeper, &status, WNOHANG) != keeper)
            continue;
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        *failed = true;
        return clean_up(WTERMSIG(status));
    }
}

// Runs the job once. *failed, which the keeper sees: whether a rank or the keeper itself did.
static int run_once(const struct options *options, int cpus, int64_t start_ns,
                    const struct signal_sets *sets, bool *failed)
{
    pid_t front = getpid();
    pid_t keeper = fork();

    if (keeper < 0) {
        report_line("cannot start a process: %s%s", strerror(errno), allowed_hint(errno));
        return EXIT_NOT_EXECUTABLE;
    }
    if (keeper == 0)
        _exit(keeper_run(options, cpus, start_ns, front, sets, failed));

    // The writer of a pipe that the job reads shall learn when the last rank closed it. (But where
    // there may be another job, that shall have what is left.)
    int null = options->restarts == 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    return wait_for(keeper, sets, failed);
}

// A job that fails at once would do so again.
static bool may_restart(const struct options *options, int64_t since_ns)
{
    return options->restarted < options->restarts &&
           mp_clock_ns(CLOCK_MONOTONIC) - since_ns >= RESTART_AFTER_NS;
}

int front_run(struct options *options, int cpus, int64_t start_ns)
{
    struct signal_sets sets;
    bool here = false;
    bool *failed = &here;
    int status;

    block_signals(&sets);
    if (!allowed_calls())
        return EXIT_NOT_EXECUTABLE;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    private_sweep();
    if (options->restarts > 0)
        failed =
            mmap(NULL, sizeof *failed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (options->wants_tmpdir)
        options->tmpdir = private_make(options->error, sizeof options->error);
    if (failed == MAP_FAILED || (options->wants_tmpdir && !options->tmpdir)) {
        report_line("%s", failed == MAP_FAILED ? "out of memory" : options->error);
        return EXIT_NOT_EXECUTABLE;
    }
    for (;;) {
        int64_t since_ns = mp_clock_ns(CLOCK_MONOTONIC);
        *failed = false;
        status = run_once(options, cpus, start_ns, &sets, failed);
        if (!*failed || !may_restart(options, since_ns))
            break;
        options->restarted++;
        if (!options->quiet)
            report_line("restart %d of %d", options->restarted, options->restarts);
    }
    if (options->tmpdir)
        private_remove(options->tmpdir);
    return status;
}
