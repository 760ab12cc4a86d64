// SPDX-License-Identifier: MIT
// A child that borrows our memory until it executes its program (CLONE_VM | CLONE_VFORK): no page
// table is copied, and what went wrong in it can be read here as plain variables. We sleep
// meanwhile, so it may use our memory as it likes, on a stack of its own. All signals that mprun
// handles are blocked and read from descriptors, so no handler of ours can run in the child.
// Read next: keeper.c, which calls this for every rank.
#define _GNU_SOURCE
#include "launcher/spawn.h"
#include "boot/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10 };

struct attempt {
    const struct birth *birth;
    pid_t parent;
    int error; // written by the child: errno of the step that failed
    const char *step;
};

// Makes `from` the child's `to`, open across execve. It may have that number by chance.
static int move_descriptor(int from, int to)
{
    if (from == to)
        return fcntl(to, F_SETFD, 0);
    return dup2(from, to) < 0 ? -1 : 0;
}

static int child(void *argument)
{
    struct attempt *a = argument;
    const struct birth *b = a->birth;

    a->step = "be tied to mprun";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        goto failed;
    if (getppid() != a->parent) // it died before the line above
        _exit(1);
    atomic_store_explicit(b->pid, (int32_t)getpid(), memory_order_relaxed); // execve orders it
    a->step = "set its input and output";
    if (move_descriptor(b->fds[0], 0) != 0 || move_descriptor(b->fds[1], 1) != 0 ||
        move_descriptor(b->fds[2], 2) != 0 ||
        (b->control_fd >= 0 && move_descriptor(b->control_fd, MP_CONTROL_FD) != 0) ||
        (b->heap_fd >= 0 && move_descriptor(b->heap_fd, MP_HEAP_FD) != 0) ||
        move_descriptor(b->segment_fd, MP_SEGMENT_FD) != 0)
        goto failed;
    a->step = "enter its directory";
    if (b->wdir && chdir(b->wdir) != 0)
        goto failed;
    a->step = "bind";
    if (b->cpus && syscall(SYS_sched_setaffinity, 0, b->cpus_bytes, b->cpus) != 0)
        goto failed;
    a->step = "limit its descriptors";
    if (b->files && setrlimit(RLIMIT_NOFILE, b->files) != 0)
        goto failed;
    // The first such second is a signal that a program may use to save its work; the next kills.
    struct rlimit cpu = {.rlim_cur = b->cpu_seconds, .rlim_max = b->cpu_seconds + 1};
    a->step = "limit its CPU time";
    if (b->cpu_seconds > 0 && setrlimit(RLIMIT_CPU, &cpu) != 0)
        goto failed;
    a->step = "execute";
    sigprocmask(SIG_SETMASK, b->signals, NULL);
    execve(b->file, b->argv, b->environment);
    if (errno == ENOEXEC) { // a script without a "#!" line runs in the shell, as everywhere else
        execve(b->shell_argv[0], b->shell_argv, b->environment);
        errno = ENOEXEC;
    }
failed:
    a->error = errno;
    _exit(1);
}

pid_t spawn(const struct birth *birth, const char **step)
{
    static char stack[STACK_BYTES] __attribute__((aligned(64)));
    struct attempt attempt = {.birth = birth, .parent = getpid()};

    pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &attempt);
    if (pid < 0) {
        *step = "start a process for";
        return -1;
    }
    if (attempt.error == 0)
        return pid;
    while (syscall(SYS_wait4, pid, NULL, 0, NULL) < 0 && errno == EINTR)
        ;
    errno = attempt.error;
    *step = attempt.step;
    return -1;
}
