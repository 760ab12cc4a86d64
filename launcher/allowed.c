// SPDX-License-Identifier: MIT
// Limits and filters that a container, a batch system or a shell put around mprun. Most of them are
// met where the thing is wanted, and said there. Here is the rest: limits that may be raised, and
// system calls whose refusal would be found out only when the ranks run already, or by libuv, which
// then aborts.
// Read next: keeper.c and segment.c, which raise limits.
#define _GNU_SOURCE
#include "launcher/allowed.h"

#include "base/bits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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
    struct rlimit raised = {.rlim_cur = before->rlim_max, .rlim_max = before->rlim_max};
    if (before->rlim_max < needed) { // that is root's privilege
        raised.rlim_cur = raised.rlim_max = needed;
        if (setrlimit(resource, &raised) == 0)
            return true;
        raised.rlim_cur = raised.rlim_max = before->rlim_max;
    }
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

static bool closes(int fd)
{
    return fd >= 0 && close(fd) == 0;
}

static bool try_prctl(void)
{
    int is;
    return prctl(PR_GET_CHILD_SUBREAPER, &is) == 0;
}

static bool try_getppid(void)
{
    return syscall(SYS_getppid) >= 0; // getppid() leaves errno alone
}

static bool try_fcntl(void)
{
    return fcntl(STDERR_FILENO, F_GETFD) >= 0 || errno == EBADF;
}

static bool try_kill(void)
{
    return kill(getpid(), 0) == 0;
}

static bool try_wait(void)
{
    return waitpid(getpid(), NULL, WNOHANG) >= 0 || errno == ECHILD;
}

static bool try_sigprocmask(void)
{
    sigset_t mask;
    return sigprocmask(SIG_BLOCK, NULL, &mask) == 0;
}

static bool try_sigwait(void)
{
    struct timespec now = {0};
    sigset_t none;

    sigemptyset(&none);
    return sigtimedwait(&none, NULL, &now) >= 0 || errno == EAGAIN || errno == EINTR;
}

static bool try_signalfd(void)
{
    sigset_t none;

    sigemptyset(&none);
    return closes(signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK));
}

static bool try_pipe(void)
{
    int ends[2];
    return pipe2(ends, O_CLOEXEC) == 0 && closes(ends[0]) && closes(ends[1]);
}

static bool try_eventfd(void)
{
    return closes(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static bool try_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int other = epoll_create1(EPOLL_CLOEXEC); // something to wait for
    bool works = epoll >= 0 && other >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, other, &event) == 0 &&
                 epoll_wait(epoll, &event, 1, 0) == 0;

    int error = errno;
    closes(other);
    closes(epoll);
    errno = error;
    return works;
}

bool allowed_calls(char *error, size_t room)
{
    static const struct call {
        const char *name;
        bool (*works)(void);
    } calls[] = {
        {"prctl", try_prctl},
        {"getppid", try_getppid},
        {"fcntl", try_fcntl},
        {"kill", try_kill},
        {"wait4", try_wait},
        {"rt_sigprocmask", try_sigprocmask},
        {"rt_sigtimedwait", try_sigwait},
        {"signalfd4", try_signalfd},
        {"pipe2", try_pipe},
        {"eventfd2", try_eventfd},
        {"epoll_create1, epoll_ctl or epoll_wait", try_epoll},
    };

    if (prctl(PR_GET_SECCOMP) == 0)
        return true; // no filter
    for (size_t i = 0; i < mp_array_length(calls); i++) {
        if (calls[i].works())
            continue;
        snprintf(error, room, "the system call %s, which mprun cannot do without, is refused: %s%s",
                 calls[i].name, strerror(errno), allowed_hint(errno));
        return false;
    }
    return true;
}
