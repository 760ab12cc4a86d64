// SPDX-License-Identifier: MIT
// Limits and filters that a container, a batch system or a shell put around mprun. Most of them are
// met where the thing is wanted, and said there. Here is the rest: limits that may be raised, and
// system calls whose refusal would be found out only when the ranks run already, or by libuv, which
// then aborts.
// Read next: keeper.c and segment.c, which raise limits.
#define _GNU_SOURCE
#include "launcher/allowed.h"

#include "base/bits.h"
#include "launcher/report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool allowed_raise(int resource, rlim_t needed, struct rlimit *before)
{
    if (getrlimit(resource, before) != 0) {
        before->rlim_cur = before->rlim_max = RLIM_INFINITY;
        return true;
    }
    if (before->rlim_cur >= needed) // RLIM_INFINITY is the greatest number
        return true;
    struct rlimit raised = {.rlim_cur = needed, .rlim_max = needed};
    if (before->rlim_max < needed && setrlimit(resource, &raised) == 0) // that is root's privilege
        return true;
    raised.rlim_cur = raised.rlim_max = before->rlim_max;
    return setrlimit(resource, &raised) == 0 && raised.rlim_cur >= needed;
}

const char *allowed_hint(int error)
{
    switch (error) {
    case EMFILE:
        return " (raise the limit on open descriptors, ulimit -n)";
    case EAGAIN:
        return " (is there a limit on processes, ulimit -u, or the control group's pids.max?)";
    case ENOMEM:
        return " (is there a limit on memory, ulimit -v?)";
    case E2BIG:
        return " (arguments and environment together are too long; ulimit -s limits them)";
    case EPERM:
    case ENOSYS:
        return " (does a filter of system calls, seccomp, refuse it?)";
    default:
        return "";
    }
}

// ---- System calls

// What a call failed with that has wrong arguments, or an answer that does not matter; 0: it did
// not. It does nothing, but a filter sees it first.
static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

bool allowed_calls(void)
{
    if (prctl(PR_GET_SECCOMP) == 0)
        return true; // no filter

    struct timespec now = {0};
    sigset_t none;
    sigemptyset(&none);
    const struct {
        const char *name;
        int error;
    } calls[] = {
        {"prctl", error_of(prctl(PR_GET_CHILD_SUBREAPER, NULL))},
        {"getppid", error_of(syscall(SYS_getppid))}, // getppid() leaves errno alone
        {"fcntl", error_of(fcntl(-1, F_GETFD))},
        {"kill", error_of(kill(getpid(), 0))},
        {"wait4", error_of(waitpid(getpid(), NULL, WNOHANG))},
        {"rt_sigprocmask", error_of(sigprocmask(SIG_BLOCK, &none, NULL))},
        {"rt_sigtimedwait", error_of(sigtimedwait(&none, NULL, &now))},
        {"signalfd4", error_of(signalfd(-1, &none, -1))},
        {"pipe2", error_of(pipe2((int[2]){0}, -1))},
        {"eventfd2", error_of(eventfd(0, -1))},
        {"epoll_create1", error_of(epoll_create1(-1))},
        {"epoll_ctl", error_of(epoll_ctl(-1, EPOLL_CTL_DEL, -1, NULL))},
        {"poll", error_of(poll(NULL, 0, 0))},
        {"epoll_wait", error_of(epoll_wait(-1, &(struct epoll_event){0}, 1, 0))},
    };
    for (size_t i = 0; i < mp_array_length(calls); i++) {
        if (calls[i].error != EPERM && calls[i].error != EACCES && calls[i].error != ENOSYS)
            continue;
        report_line("the system call %s, which mprun cannot do without, is refused: %s%s",
                    calls[i].name, strerror(calls[i].error), allowed_hint(calls[i].error));
        return false;
    }
    return true;
}
