// SPDX-License-Identifier: MIT
// A child that a signal handler forks in the middle of a wait does not go on with that wait, which
// is its parent's: it ends when the handler returns. Here two threads wait, and so hold the lock in
// turns.
//
// Not for the thread sanitizer (gcc 12's), of which we cannot ask it. A child that was forked while
// other threads ran is one that it ceases to look at, but not if the signal came in a call that
// blocks (epoll_wait, ppoll). Such a child waits for the sanitizer's own locks, whose holders are
// not there, or is told that it takes our lock twice. The sanitizer also puts a signal off while it
// takes the thread for one that does not block, as in a bare futex call, and may lose the first.
// ranks: 1 2
// timeout: 60
// not under: tsan
#define _GNU_SOURCE
#include "check.h"
#include "threads.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 20, LOOKS = 10000, NAP_NS = 1000000, TO_MAIN = 1, TO_OTHER };
static atomic_int latest; // process id of the child
static volatile sig_atomic_t in_child;
static atomic_bool waiting; // main is about to wait: before that it is in functions of the C
                            // library in which a handler may not fork (pthread_create)

static void fork_here(int number)
{
    (void)number;
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        in_child = 1;
    } else {
        atomic_store(&latest, pid);
    }
}

static void await(int tag)
{
    int word = -1;
    OK(MPI_Recv(&word, 1, MPI_INT, rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    if (in_child) {
        _exit(0);
    }
}

static void *wait_too(void *nothing)
{
    await(TO_OTHER);
    return nothing;
}

// True when the process has ended within a bound.
static int has_ended(pid_t pid, int *status)
{
    struct timespec nap = {0, NAP_NS};
    for (int look = 0; look < LOOKS; look++) {
        if (waitpid(pid, status, WNOHANG) == pid) {
            return 1;
        }
        nanosleep(&nap, NULL);
    }
    kill(pid, SIGKILL);
    return 0;
}

static void *disturb(void *argument)
{
    struct timespec nap = {0, NAP_NS / 10};
    pthread_t *main_thread = argument;

    while (!atomic_load(&waiting)) {
        nanosleep(&nap, NULL);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int pid, status = -1;
        CHECK(pthread_kill(*main_thread, SIGUSR1) == 0, "no thread");
        while ((pid = atomic_exchange(&latest, 0)) == 0) {
            nanosleep(&nap, NULL);
        }
        CHECK(pid > 0, "no child");
        CHECK(has_ended(pid, &status), "child %d goes on", i);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 0, "status %d of child %d", status, i);
    }
    OK(MPI_Send(&rank, 1, MPI_INT, rank, TO_MAIN, MPI_COMM_WORLD));
    OK(MPI_Send(&rank, 1, MPI_INT, rank, TO_OTHER, MPI_COMM_WORLD));
    return NULL;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = fork_here, .sa_flags = SA_RESTART};
    pthread_t other, third, self = pthread_self();

    start_threads(&argc, &argv);
    sigaction(SIGUSR1, &action, NULL);
    CHECK(pthread_create(&other, NULL, wait_too, NULL) == 0, "no thread");
    CHECK(pthread_create(&third, NULL, disturb, &self) == 0, "no thread");
    atomic_store(&waiting, true);
    await(TO_MAIN);
    pthread_join(third, NULL);
    pthread_join(other, NULL);
    return finish();
}
