// SPDX-License-Identifier: MIT
// Threads of a rank that call MPI at the same time (MPI_THREAD_MULTIPLE): means over a fifth of a
// second each, since what matters is who gets the library, and the CPU, how often.
//     threads          two ranks of two threads: thread t of one talks with thread t of the other,
//                      all on one communicator, or on one each; then a second thread that only
//                      polls while the first ones exchange 64 KB
//     threads self     one rank of two threads, each talks to itself on a communicator of its own
// Read next: bench.h (what a line of output says).
#include "bench.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { THREADS = 2, LONG = 64 << 10, AT_A_TIME = 50 };
#define SECONDS 0.2

static MPI_Comm comms[THREADS];
static int bytes;
static _Atomic int polling;
static long trips_of[THREADS];
static double seconds_of[THREADS];

static void exchange(MPI_Comm comm, int tag, char *buffer, int trips)
{
    for (int i = 0; i < trips; i++) {
        if (bench_rank == 0) {
            MPI_Send(buffer, bytes, MPI_BYTE, 1, tag, comm);
            MPI_Recv(buffer, bytes, MPI_BYTE, 1, tag, comm, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(buffer, bytes, MPI_BYTE, 0, tag, comm, MPI_STATUS_IGNORE);
            MPI_Send(buffer, bytes, MPI_BYTE, 0, tag, comm);
        }
    }
}

// Until rank 0's thread says that it has been long enough.
static void *talk(void *argument)
{
    long t = (long)(uintptr_t)argument;
    MPI_Comm comm = comms[t];
    char *buffer = bench_allocate(LONG);
    double start = MPI_Wtime();

    trips_of[t] = 0;
    for (int again = 1; again;) {
        exchange(comm, (int)t, buffer, AT_A_TIME);
        trips_of[t] += AT_A_TIME;
        again = MPI_Wtime() - start < SECONDS;
        if (bench_rank == 0) {
            MPI_Send(&again, 1, MPI_INT, 1, (int)t, comm);
        } else {
            MPI_Recv(&again, 1, MPI_INT, 0, (int)t, comm, MPI_STATUS_IGNORE);
        }
    }
    seconds_of[t] = MPI_Wtime() - start;
    free(buffer);
    return NULL;
}

static void *talk_to_itself(void *argument)
{
    long t = (long)(uintptr_t)argument;
    double start = MPI_Wtime();
    char in[8], out[8] = {0};
    MPI_Request request;

    for (trips_of[t] = 0; MPI_Wtime() - start < SECONDS; trips_of[t] += AT_A_TIME) {
        for (int i = 0; i < AT_A_TIME; i++) {
            MPI_Irecv(in, 8, MPI_BYTE, 0, 0, comms[t], &request);
            MPI_Send(out, 8, MPI_BYTE, 0, 0, comms[t]);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        }
    }
    seconds_of[t] = MPI_Wtime() - start;
    return NULL;
}

static void *poll(void *argument)
{
    bool probe = argument != NULL;
    MPI_Request request;
    int flag, nothing;

    MPI_Irecv(&nothing, 1, MPI_INT, bench_rank, 99, comms[1], &request);
    while (atomic_load_explicit(&polling, memory_order_relaxed)) {
        if (probe) {
            MPI_Iprobe(1 - bench_rank, 98, comms[1], &flag, MPI_STATUS_IGNORE);
        } else {
            MPI_Test(&request, &flag, MPI_STATUS_IGNORE);
        }
    }
    MPI_Send(&nothing, 1, MPI_INT, bench_rank, 99, comms[1]);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    return NULL;
}

// The mean time of a message, over all threads that talk.
static void print(const char *figure, int threads, int messages)
{
    double us = 0;
    for (int t = 0; t < threads; t++) {
        us += seconds_of[t] / (double)trips_of[t] / messages / threads * 1e6;
    }
    if (bench_rank == 0) {
        printf("%s %d %.6g us 0 0 0\n", figure, bytes, us);
        fflush(stdout);
    }
}

static void start_two(void *(*first)(void *), void *(*second)(void *), uintptr_t argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, second, (void *)argument) != 0) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    first(NULL);
    atomic_store_explicit(&polling, 0, memory_order_relaxed);
    pthread_join(thread, NULL);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_MULTIPLE);
    bytes = 8;
    if (argc > 1) {
        MPI_Comm_dup(MPI_COMM_SELF, &comms[0]);
        MPI_Comm_dup(MPI_COMM_SELF, &comms[1]);
        start_two(talk_to_itself, talk_to_itself, 1);
        print("threads_self", THREADS, 1);
        return MPI_Finalize();
    }
    comms[0] = comms[1] = MPI_COMM_WORLD;
    start_two(talk, talk, 1);
    print("threads_one_comm", THREADS, 2);
    MPI_Comm_dup(MPI_COMM_WORLD, &comms[1]);
    start_two(talk, talk, 1);
    print("threads_own_comm", THREADS, 2);
    bytes = LONG;
    for (uintptr_t probe = 0; probe < 2; probe++) {
        atomic_store_explicit(&polling, 1, memory_order_relaxed);
        start_two(talk, poll, probe);
        print(probe ? "threads_iprobe" : "threads_test", 1, 2);
    }
    return MPI_Finalize();
}
