// SPDX-License-Identifier: MIT
// The front starts the warden, which forks a keeper for each world; each waits for its children and
// mirrors their exit. They hold nothing of the job. The front is here so that the user has one
// process to see, signal and wait for; and whoever of the three is left cleans up after the others.
// keeper.c says how. Read next: warden.c.
#define _GNU_SOURCE
#include "launcher/front.h"

#include "base/clock.h"
#include "launcher/allowed.h"
#include "launcher/family.h"
#include "launcher/look.h"
#include "launcher/private.h"
#include "launcher/report.h"
#include "launcher/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 1 << 20 };
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
    sigaddset(&sets->handled, GONE_SIGNAL);
    sigaddset(&sets->handled, NEWS_SIGNAL);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        if (sigaction(handled[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&sets->handled, handled[i]);

    sigset_t blocked = sets->handled;
    sigaddset(&blocked, SIGPIPE); // a write says EPIPE instead
    sigaddset(&blocked, SIGXFSZ); // and what would pass the limit on files, EFBIG
    sigaddset(&blocked, SIGTTOU); // both, in the background, may write to the terminal
    sigprocmask(SIG_BLOCK, &blocked, &sets->of_ranks);
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

// What the front does while a job runs. Returns what mprun shall exit with.
static int wait_for(pid_t warden, const struct signal_sets *sets, bool *failed)
{
    siginfo_t info;
    int how;

    for (;;) {
        int signal = sigwaitinfo(&sets->handled, &info);
        if (signal < 0 || signal == GONE_SIGNAL || signal == NEWS_SIGNAL)
            continue; // EINTR: stopped and continued
        if (signal == SIGTSTP && info.si_code == SI_KERNEL && !has_shell()) {
            kill(0, SIGCONT); // to us, too, and from us to the keeper
        } else if (signal != SIGCHLD) {
            kill(warden, stops(signal) ? SIGTSTP : signal);
            if (stops(signal))
                stop_as(signal);
        } else if (waitpid(warden, &how, WNOHANG) == warden) {
            return warden_mirror(how, true, failed);
        }
    }
}

static int be_warden(void *argument)
{
    const struct run *run = argument;
    int status = family_tie(run->front) ? warden_run(run) : EXIT_NOT_EXECUTABLE;

    // The front may be about to die, too. (But another run would use the folder again.)
    if (run->options->tmpdir && (run->options->restarts == 0 || getppid() != run->front))
        private_remove(run->options->tmpdir);
    _exit(status);
}

// The warden borrows the front's memory: no page table is copied, which would make a start 5 %
// longer. (Sanitizers keep book of one stack only.) Both also have one errno, one heap and whatever
// else the C library has for a thread, and no lock guards that, since it knows of one thread only:
//
//   the heap    only the warden uses it while both live, when it forks or cleans up: what the front
//               does in wait_for allocates nothing. The front cleans up when it has waited for the
//               warden. (If the warden was killed just inside malloc, some ns of a cleanup's ms or
//               of a world's start, the front may find the heap torn.)
//   errno       the front's calls that fail meanwhile do so with EINTR, when it was stopped and
//               continued, or in has_shell, when a terminal stops it. At worst a sentence of the
//               warden's gives a wrong reason, or is lost: what it decides by errno is ECHILD in
//               family_end and EPERM at the door, which no call of the front's gives, and what
//               else it may have been it asks again.
//   reports     are put together on the stack of who makes them
//   fork        gives the keeper a memory of its own, and its thread the right number. That of the
//               warden's thread stays the front's, 0 when that is dead: nobody asks for it.
//   descriptors are shared, too: leave_input means both
//
// What ends both at once, as the kernel does with all that share memory when that runs out, leaves
// the keeper, which is told.
static pid_t start_warden(struct run *run)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    pid_t warden = fork();
    if (warden == 0)
        be_warden(run);
    return warden;
#else
    static void *stack; // the keeper's, too; what grows down is no data to a limit (ulimit -d)
    if (!stack)
        stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_GROWSDOWN, -1, 0);
    if (stack == MAP_FAILED)
        return -1;
    return clone(be_warden, (char *)stack + STACK_BYTES,
                 CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, run);
#endif
}

static int run_once(struct options *options, int cpus, int64_t start_ns,
                    const struct signal_sets *sets, bool *failed)
{
    struct run run = {.options = options,
                      .cpus = cpus,
                      .start_ns = start_ns,
                      .front = getpid(),
                      .sets = sets,
                      .failed = failed};

    pid_t warden = start_warden(&run);
    return warden < 0 ? warden_start_failed() : wait_for(warden, sets, failed);
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
