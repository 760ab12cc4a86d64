// SPDX-License-Identifier: MIT
// A child that is forked, as by a signal handler, when its parent's wait has just lasted long
// enough for a sleep does not fall asleep in its parent's place: it ends. Here the library's looks
// at the clock fork; the last of them decides for the sleep.
// ranks: 2 4
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 300, LOOKS = 10000, NAP_NS = 1000000, WAIT_NS = 300000000 };
static pid_t children[CHILDREN];
static int count;
static int in_wait, in_child;

static void fork_here(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        in_wait = 0;
        in_child = 1;
    } else {
        children[count++] = pid;
    }
}

// In the C library's place.
int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (in_wait && count < CHILDREN)
        fork_here();
    return (int)syscall(SYS_clock_gettime, clock, time);
}

static void check_ended(pid_t pid)
{
    struct timespec nap = {0, NAP_NS};
    int status, looks = 0;

    CHECK(pid > 0, "no child");
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (looks++ == LOOKS) {
            kill(pid, SIGKILL);
            CHECK(0, "child goes on");
        }
        nanosleep(&nap, NULL);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 0, "status %d of a child", status);
}

int main(int argc, char **argv)
{
    struct timespec wait = {0, WAIT_NS};
    int word = 0;

    start(&argc, &argv);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank > 1) {
        // Where they are far, ranks 0 and 1 sleep in another way.
    } else if (rank == 1) {
        nanosleep(&wait, NULL);
        OK(MPI_Send(&word, 1, MPI_INT, 0, 0, MPI_COMM_WORLD));
    } else {
        in_wait = 1;
        OK(MPI_Recv(&word, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        in_wait = 0;
        if (in_child)
            _exit(0);
        CHECK(count > 0, "the wait was too short");
        for (int i = 0; i < count; i++)
            check_ended(children[i]);
    }
    return finish();
}
