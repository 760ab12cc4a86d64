// SPDX-License-Identifier: MIT
// What a rank may no longer do: a filter on a system call, as containers and sandboxes have them.
#ifndef TESTS_API_FILTER_H
#define TESTS_API_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// From now on that call gets `action` (SECCOMP_RET_ERRNO | EPERM, ...) in this thread and in those
// that it makes, or with `all` in all threads. Returns whether such filters are to be had here.
static inline int filter_call(unsigned call, unsigned action, int all)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, all ? SECCOMP_FILTER_FLAG_TSYNC : 0,
                   &program) == 0;
}

#endif
