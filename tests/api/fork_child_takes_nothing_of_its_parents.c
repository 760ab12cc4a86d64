// SPDX-License-Identifier: MIT
// A child that a signal handler forks in the middle of a look at the sockets ends that look before
// it is turned away. It takes no connection and no bytes that are its parent's, and sends none of
// them once more: here each child is there first, its parent goes on when it has ended. The signals
// come when a system call of the library returns with something.
// ranks: 2 3
// channels: socket
// timeout: 30
// not under: asan tsan
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 200, LOOKS = 5000, NAP_NS = 1000000, WORDS = 100000, ROUNDS = 20 };
static int count, wrong;
static volatile sig_atomic_t in_wait, in_child;

// It was turned away, or its call needed to wait no more.
static int has_ended(pid_t pid)
{
    struct timespec nap = {0, NAP_NS};
    int status;

    for (int look = 0; look < LOOKS; look++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status);
        nanosleep(&nap, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return 0;
}

static void fork_here(int number)
{
    (void)number;
    int error = errno;
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        in_wait = 0;
        in_child = 1;
    } else {
        count++;
        wrong += pid < 0 || !has_ended(pid);
    }
    errno = error;
}

static long disturbed(long result)
{
    if (in_wait && result > 0 && count < CHILDREN)
        raise(SIGUSR1);
    return result;
}

// In the C library's place.
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    return (int)disturbed(syscall(SYS_epoll_pwait, fd, events, most, timeout, NULL, 8));
}

ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
    return disturbed(syscall(SYS_recvfrom, fd, buffer, bytes, flags, NULL, NULL));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return disturbed(syscall(SYS_recvmsg, fd, message, flags));
}

ssize_t send(int fd, const void *buffer, size_t bytes, int flags)
{
    return disturbed(syscall(SYS_sendto, fd, buffer, bytes, flags, NULL, 0));
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = fork_here, .sa_flags = SA_RESTART};
    static int out[WORDS], in[WORDS];

    start(&argc, &argv);
    sigaction(SIGUSR1, &action, NULL);
    int next = (rank + 1) % size, before = (rank + size - 1) % size;
    for (int round = 0; round < ROUNDS; round++) {
        int words = round % 2 ? WORDS : 3;
        for (int i = 0; i < words; i++)
            out[i] = rank + i * round;
        in_wait = 1;
        OK(MPI_Sendrecv(out, words, MPI_INT, next, round, in, words, MPI_INT, before, round,
                        MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        in_wait = 0;
        if (in_child)
            _exit(0);
        for (int i = 0; i < words; i++)
            CHECK(in[i] == before + i * round, "round %d: word %d is %d", round, i, in[i]);
    }
    CHECK(count > 0, "no child");
    CHECK(wrong == 0, "%d of %d children did not end", wrong, count);
    return finish();
}
