// SPDX-License-Identifier: MIT
// A forked child has its parent's static variables as they were, and may change them; the parent
// does not see that, nor the child what the parent does later. Before MPI_Init and after, with a
// signal on its way, with threads, from a child again; and the C library does not get confused.
// ranks: 1 2
// channels: shm
// not under: tsan valgrind
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/single_threaded.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { BYTES = 700001, SPARSE = 256 << 20 };

static char block[BYTES], other[BYTES] = "x", sparse[SPARSE];
static volatile sig_atomic_t ticks;
static volatile int in_child, stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counted; // under the lock

static void tell(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(9);
}

static void hear(int fd)
{
    char c;
    if (read(fd, &c, 1) != 1)
        _exit(8);
}

static int child(int in, int out)
{
    if (wrong_byte(block, BYTES, 1) >= 0 || wrong_byte(other, BYTES, 2) >= 0)
        return 1;
    if (sparse[0] != 's' || sparse[SPARSE - 1] != 0)
        return 2;
    in_child = 1;
    fill(block, BYTES, 3);
    setenv("CHILD", "yes", 1);
    tell(out); // the parent looks at its own, and then changes it
    hear(in);
    if (wrong_byte(block, BYTES, 3) >= 0 || wrong_byte(other, BYTES, 2) >= 0)
        return 3;
    pid_t grandchild = fork();
    if (grandchild == 0) {
        if (wrong_byte(block, BYTES, 3) >= 0)
            _exit(1);
        fill(block, BYTES, 5);
        _exit(wrong_byte(other, BYTES, 2) >= 0);
    }
    int status;
    if (waitpid(grandchild, &status, 0) != grandchild || status != 0)
        return 6;
    if (wrong_byte(block, BYTES, 3) >= 0)
        return 7;
    pid_t runner = vfork();
    if (runner == 0) {
        execl("/bin/sh", "sh", "-c", "test \"$CHILD\" = yes", (char *)NULL);
        _exit(1);
    }
    if (waitpid(runner, &status, 0) != runner || status != 0)
        return 10;
    return wrong_byte(other, BYTES, 2) >= 0 ? 11 : 0;
}

static void fork_once(void)
{
    int to_child[2], to_parent[2], status;
    fill(block, BYTES, 1);
    fill(other, BYTES, 2);
    if (pipe(to_child) != 0 || pipe(to_parent) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(to_child[0], to_parent[1]));
    close(to_parent[1]);
    hear(to_parent[0]);
    CHECK(wrong_byte(block, BYTES, 1) < 0 && !in_child, "the child's writing is seen");
    CHECK(!getenv("CHILD"), "the child's environment is seen");
    fill(block, BYTES, 4);
    fill(other, BYTES, 4);
    tell(to_child[1]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the child says %d", status >> 8);
    CHECK(wrong_byte(block, BYTES, 4) < 0 && wrong_byte(other, BYTES, 4) < 0,
          "the child's writing is seen later");
    close(to_parent[0]);
    close(to_child[0]);
    close(to_child[1]);
}

static void tick(int signal)
{
    (void)signal;
    ticks++;
}

// Signals that all processes of the group get, over and over, while they fork: one that comes in a
// child counts there.
static void fork_under_signals(void)
{
    struct sigaction old, action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

    sigaction(SIGALRM, &action, &old);
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 30; i++) {
        int status, before;
        ticks = 0;
        setitimer(ITIMER_REAL, &often, NULL);
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) { // it has no timer
            before = ticks;
            kill(getpid(), SIGUSR1);
            if (ticks != before + 1)
                _exit(1);
            ticks = 1000000;
            kill(parent, SIGUSR1);
            _exit(0);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "round %d: status %d", i,
              status);
        setitimer(ITIMER_REAL, &never, NULL);
        CHECK(ticks > 0 && ticks < 1000000, "round %d: %d ticks", i, (int)ticks);
    }
    sigaction(SIGALRM, &old, NULL);
}

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void drop_lock(void)
{
    pthread_mutex_unlock(&lock);
}

static void *count(void *unused)
{
    while (!stop) {
        pthread_mutex_lock(&lock);
        counted++;
        sparse[counted % 1000 * 4096] = 1;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

// A lock among the variables, held over the fork by handlers, is free again in the child, and what
// it guards is whole. What the C library says of threads stays true in the parent.
static void fork_beside_threads(void)
{
    pthread_t thread;
    int status;

    CHECK(pthread_atfork(take_lock, drop_lock, drop_lock) == 0, "pthread_atfork");
    CHECK(pthread_create(&thread, NULL, count, NULL) == 0, "pthread_create");
    for (int i = 0; i < 10; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_mutex_lock(&lock);
            long before = counted;
            for (volatile int spin = 0; spin < 1000000; spin++)
                continue;
            _exit(counted != before); // nobody else counts here
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "status %d", status);
        CHECK(!__libc_single_threaded, "the child's C library has written to our variables");
    }
    stop = 1;
    CHECK(pthread_join(thread, NULL) == 0, "pthread_join");
    stop = 0;
}

int main(int argc, char **argv)
{
    CHECK(other[0] == 'x' && other[1] == 0 && stdout && environ && getenv("PATH"),
          "the variables are not as they should be");
    sparse[0] = 's';
    fork_once();
    start(&argc, &argv);
    fork_once();
    int peer = (rank + 1) % size, from = (rank + size - 1) % size;
    fill(block, BYTES, (unsigned)(10 + rank));
    OK(MPI_Sendrecv(block, BYTES, MPI_BYTE, peer, 0, other, BYTES, MPI_BYTE, from, 0,
                    MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    HOLDS(other, BYTES, (unsigned)(10 + from));
    fork_once();
    fork_under_signals();
    fork_beside_threads();
    return finish();
}
