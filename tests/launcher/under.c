// SPDX-License-Identifier: MIT
// Executes a command under a condition that containers and other programs put it in:
//   under refuse CALL EPERM|ENOSYS COMMAND...  a filter refuses that system call; exit 77: no
//   filters under closed COMMAND...                    every descriptor above 2 is closed under
//   covered COMMAND...                   the same, and files are open in their places under calls
//   prints the names of calls that `refuse` knows
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What mprun itself uses, except those without which no program starts.
static const struct call {
    const char *name;
    unsigned number;
} calls[] = {
#define CALL(name)        \
    {                     \
#name, SYS_##name \
    }
    CALL(clone),
    CALL(clone3),
    CALL(chdir),
    CALL(dup3),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_pwait),
    CALL(eventfd2),
    CALL(fcntl),
    CALL(flock),
    CALL(fstat),
    CALL(ftruncate),
    CALL(getdents64),
    CALL(getpgid),
    CALL(getppid),
    CALL(getrandom),
    CALL(getrlimit),
    CALL(ioctl),
    CALL(kill),
    CALL(lseek),
    CALL(madvise),
    CALL(membarrier),
    CALL(memfd_create),
    CALL(pipe2),
    CALL(prctl),
    CALL(prlimit64),
    CALL(recvmsg),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigtimedwait),
    CALL(sched_getaffinity),
    CALL(sched_setaffinity),
    CALL(sendmsg),
    CALL(setpgid),
    CALL(setrlimit),
    CALL(signalfd4),
    CALL(socketpair),
    CALL(sysinfo),
    CALL(timerfd_create),
    CALL(wait4),
#ifdef SYS_dup2 // what newer machines do not have
    CALL(dup2),
    CALL(epoll_wait),
    CALL(fork),
    CALL(pipe),
    CALL(poll),
    CALL(vfork),
#endif
};

static int refuse(const char *name, const char *with)
{
    int error = strcmp(with, "EPERM") == 0 ? EPERM : ENOSYS;
    size_t i = 0;

    while (i < sizeof calls / sizeof *calls && strcmp(calls[i].name, name) != 0)
        i++;
    if (i == sizeof calls / sizeof *calls) {
        fprintf(stderr, "under: no call \"%s\"\n", name);
        return 2;
    }
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fprintf(stderr, "under: this system has no filters of system calls: %s\n", strerror(errno));
        return 77;
    }
    return 0;
}

static void close_all(int covered)
{
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    for (int fd = 3; covered && fd < 70; fd++)
        if (open(fd % 2 ? "/dev/null" : "/proc/self/exe", O_RDONLY) < 0)
            exit(2);
}

int main(int argc, char **argv)
{
    const char *condition = argc > 1 ? argv[1] : "";
    int command = 2;
    int status = 0;

    if (strcmp(condition, "calls") == 0) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            puts(calls[i].name);
        return 0;
    }
    if (strcmp(condition, "refuse") == 0 && argc > 4) {
        status = refuse(argv[2], argv[3]);
        command = 4;
    } else if (strcmp(condition, "closed") == 0 || strcmp(condition, "covered") == 0) {
        close_all(strcmp(condition, "covered") == 0);
    } else {
        status = 2;
    }
    if (status != 0 || command >= argc)
        return status;
    execvp(argv[command], argv + command);
    fprintf(stderr, "under: %s: %s\n", argv[command], strerror(errno));
    return 127;
}
