// SPDX-License-Identifier: MIT
// The program that killer.c starts with mprun: it tells how far it is, works for ever in the place
// where it shall be killed, starts children that do not want to go, and may end itself.
// Read next: kills.h.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // setsid, nanosleep
#endif
#include "kills.h"
#include <fcntl.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct board *board;
static int me;
static int64_t reached; // when this process reached the place

static void phase(int p)
{
    atomic_store(&board->process[me].phase, p);
    reached = now_ns();
}

static void wait_until(int64_t t)
{
    int64_t left = t - now_ns();
    if (left > 0) {
        struct timespec s = {left / 1000000000, left % 1000000000};
        nanosleep(&s, NULL);
    }
}

// Ends this process if it is its turn and its time.
static void maybe_end(void)
{
    if (board->end == KILLED_FROM_OUTSIDE || me != board->target ||
        now_ns() < reached + board->delay) {
        return;
    }
    atomic_store(&board->death, now_ns());
    switch (board->end) {
    case EXIT_3:
        exit(3);
    case ABORT:
        abort();
    default: {
        volatile int *volatile nowhere = NULL; // volatile twice, or the compiler drops the store
        *nowhere = 1;
    }
    }
}

// One child in the process group, one in a session of its own, and one whose
// parent is gone.
static void start_children(void)
{
    for (int kind = 0; kind < 3; kind++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (kind > 0) {
                setsid();
            }
            if (kind > 0 && board->stubborn) {
                signal(SIGTERM, SIG_IGN);
                signal(SIGHUP, SIG_IGN);
            }
            if (kind < 2 || fork() == 0) {
                execlp("sleep", "sleep", "1000", (char *)NULL);
            }
            _exit(0);
        }
    }
}

static void collectives(int rounds)
{
    enum { N = 3000 };
    static double in[N], out[N];
    for (int i = 0; rounds == 0 || i < rounds; i++) {
        maybe_end();
        int count = i % 4 ? 1 + i % 7 : N;
        MPI_Allreduce(in, out, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Bcast(in, count, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    }
}

static void transfers(void)
{
    enum { BYTES = 24 << 20 };
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    char *out = calloc(1, BYTES), *in = calloc(1, BYTES);
    for (;;) {
        maybe_end();
        MPI_Sendrecv(out, BYTES, MPI_BYTE, (rank + 1) % size, 1, in, BYTES, MPI_BYTE,
                     (rank + size - 1) % size, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

// First contacts: in each step with two more ranks, and then, for ever, with communicators.
static void contacts(void)
{
    int rank, size, from;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int shift = 1; shift < size; shift++) {
        maybe_end();
        MPI_Sendrecv(&rank, 1, MPI_INT, (rank + shift) % size, 2, &from, 1, MPI_INT,
                     (rank + size - shift) % size, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    for (;;) {
        MPI_Comm comm;
        maybe_end();
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        MPI_Allreduce(&rank, &from, 1, MPI_INT, MPI_MAX, comm);
        MPI_Comm_free(&comm);
    }
}

int main(int argc, char **argv)
{
    const char *path = getenv("KILLS_BOARD");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        fprintf(stderr, "victim: started by tests/stress/killer only\n");
        return 77;
    }
    board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED) {
        perror("victim");
        return 1;
    }
    close(fd);
    me = atomic_fetch_add(&board->arrived, 1);
    const char *rank = getenv("MPRUN_RANK");
    atomic_store(&board->process[me].rank, rank ? atoi(rank) : -1);
    atomic_store(&board->process[me].pid, getpid());
    phase(STARTED);
    alarm(60);
    if (board->where == STARTUP && board->end != KILLED_FROM_OUTSIDE && me == board->target) {
        wait_until(reached + board->delay);
        maybe_end();
    }
    if (board->children == 1) {
        start_children();
    }
    MPI_Init(&argc, &argv);
    phase(IN_MPI);
    if (board->children == 2) {
        start_children();
    }
    switch (board->where) {
    case STARTUP: // whoever kills may come late
    case COLLECTIVE:
        phase(BUSY);
        collectives(0);
        break;
    case TRANSFER:
        phase(BUSY);
        transfers();
        break;
    case CONTACTS:
        phase(BUSY);
        contacts();
        break;
    default:
        collectives(3);
    }
    phase(FINALIZING);
    if (me == board->target && board->end != KILLED_FROM_OUTSIDE) {
        wait_until(reached + board->delay); // the others wait in MPI_Finalize
        maybe_end();
    } else if (me == board->target + 1) {
        wait_until(reached + board->delay); // the target waits in it
    }
    MPI_Finalize();
    phase(DONE);
    return 0;
}
