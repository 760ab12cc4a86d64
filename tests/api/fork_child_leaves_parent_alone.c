// SPDX-License-Identifier: MIT
// A forked child that leaves through exit, where an atexit handler of its parent's finalizes
// sessions and MPI, does nothing to its parent's job: MPI is over in the child, and it says so. So
// do a child's child, children that no handler of fork knows of, and children of a rank that has
// something under way.
// (The children end with their parent's session, so leaks are not looked for.)
// ranks: 1 2 4
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 60
#define _GNU_SOURCE
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static MPI_Session session;

// As interpreters and programs do that were not told of forks. Some ask first.
static int asks;

static void at_exit(void)
{
    int over = 0;
    if (asks) {
        MPI_Finalized(&over);
    }
    if (!over) {
        MPI_Session_finalize(&session);
        MPI_Finalize();
    }
}

static void with_grandchild(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        exit(3);
    }
    exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3 ? 0 : 4);
}

// What may be asked at any time is answered.
static void with_questions(void)
{
    int initialized = 0, finalized = 0, version = 0, sub, length;
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    MPI_Get_version(&version, &sub);
    MPI_Get_library_version(text, &length);
    MPI_Error_string(MPI_ERR_COUNT, text, &length);
    exit(initialized && finalized && version >= 4 && MPI_Wtime() > 0 && length > 0 ? 0 : 5);
}

static void plain(void)
{
    asks = 1;
    exit(0);
}

static void without_asking(void)
{
    exit(MPI_Session_finalize(&session) == MPI_SUCCESS && session == MPI_SESSION_NULL &&
                 MPI_Finalize() == MPI_SUCCESS
             ? 0
             : 6);
}

static void await(pid_t pid)
{
    int status = -1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "child %d ends with %d",
          (int)pid, status);
}

static void fork_all(void)
{
    static void (*const lives[])(void) = {plain, with_grandchild, with_questions, without_asking};
    for (size_t i = 0; i < COUNT_OF(lives); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            lives[i]();
        }
        await(pid);
    }
    // Made by a bare system call.
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        _exit(MPI_Finalize() == MPI_SUCCESS ? 0 : 7);
    }
    await(pid);
}

static void work(int round)
{
    enum { COUNT = 30000 };
    static int in[COUNT], out[COUNT];
    int peer = (rank + 1) % size, from = (rank + size - 1) % size, sum = -1;
    MPI_Request requests[2];

    for (int i = 0; i < COUNT; i++) {
        out[i] = rank + round + i;
    }
    OK(MPI_Irecv(in, COUNT, MPI_INT, from, round, MPI_COMM_WORLD, &requests[0]));
    OK(MPI_Isend(out, COUNT, MPI_INT, peer, round, MPI_COMM_WORLD, &requests[1]));
    fork_all(); // with messages under way
    OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < COUNT; i++) {
        CHECK(in[i] == from + round + i, "element %d is %d", i, in[i]);
    }
    OK(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    CHECK(sum == size * (size - 1) / 2, "sum %d", sum);
}

int main(int argc, char **argv)
{
    atexit(at_exit);
    start(&argc, &argv);
    OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session));
    for (int round = 0; round < 4; round++) {
        work(round);
    }
    OK(MPI_Session_finalize(&session));
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Finalize());
    pid_t pid = fork();
    if (pid == 0) {
        _exit(MPI_Finalize() == MPI_SUCCESS ? 0 : 8);
    }
    await(pid);
    _exit(0);
}
