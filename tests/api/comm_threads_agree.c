// SPDX-License-Identifier: MIT
// Threads that make and free communicators and run collectives at the same time, each on a
// communicator of its own, never get each other's context. The threads of a rank are in
// different phases at different ranks, and so meet in every order.
// ranks: 1 2 3
// timeout: 120
#include "threads.h"

enum { THREADS = 4, ROUNDS = 60 };

static MPI_Comm parents[THREADS];

static void *work(void *argument)
{
    int thread = (int)(intptr_t)argument;
    MPI_Comm parent = parents[thread], copy, part;
    for (int i = 0; i < ROUNDS; i++) {
        int value = 1000 * thread + i, got = rank == i % size ? value : -1, sum = 0, n;
        if ((i + rank + thread) % 5 == 0) {
            nap(1);
        }
        OK(MPI_Comm_dup(parent, &copy));
        OK(MPI_Bcast(&got, 1, MPI_INT, i % size, copy));
        CHECK(got == value, "thread %d round %d: got %d", thread, i, got);
        OK(MPI_Comm_split(copy, rank % 2, 0, &part));
        MPI_Comm_size(part, &n);
        OK(MPI_Allreduce(&value, &sum, 1, MPI_INT, MPI_SUM, part));
        CHECK(sum == n * value, "thread %d round %d: sum is %d", thread, i, sum);
        OK(MPI_Barrier(copy));
        OK(MPI_Comm_free(&copy));
        OK(MPI_Barrier(part));
        OK(MPI_Comm_free(&part));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &parents[i]));
    }
    in_threads(THREADS, work);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_free(&parents[i]));
    }
    return finish();
}
