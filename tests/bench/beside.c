// SPDX-License-Identifier: MIT
// Short operations while other processes want the CPUs too. Their time is a mean over many slices
// of the scheduler, so a figure is one long batch: what a program would see, pauses and all.
//     beside SECONDS [DELAY]     each figure takes so many seconds; the first waits so many
// With `own` instead of seconds, each rank times its own calls only, with a barrier before each,
// and the figure is the mean over all ranks: what an operation costs those that need not wait in
// it.
//     beside own
// Read next: neighbour.c (the others), bench.h (what a line of output says), compare.py.
#include "bench.h"

enum { AT_A_TIME = 50, OWN_CALLS = 4000 };

static char out[1024], in[64 * 1024];
static int bytes;

#define WORLD MPI_COMM_WORLD

static void pingpong(void)
{
    if (bench_rank == 0) {
        MPI_Send(out, bytes, MPI_BYTE, 1, 0, WORLD);
        MPI_Recv(in, bytes, MPI_BYTE, 1, 0, WORLD, MPI_STATUS_IGNORE);
    } else if (bench_rank == 1) {
        MPI_Recv(in, bytes, MPI_BYTE, 0, 0, WORLD, MPI_STATUS_IGNORE);
        MPI_Send(out, bytes, MPI_BYTE, 0, 0, WORLD);
    }
}

static void barrier(void)
{
    MPI_Barrier(WORLD);
}

static void bcast(void)
{
    MPI_Bcast(out, bytes, MPI_BYTE, 0, WORLD);
}

static void scatter(void)
{
    MPI_Scatter(in, bytes, MPI_BYTE, out, bytes, MPI_BYTE, 0, WORLD);
}

static void ibcast(void)
{
    MPI_Request request;
    MPI_Ibcast(out, bytes, MPI_BYTE, 0, WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

static void allreduce(void)
{
    MPI_Allreduce(out, in, bytes / 8, MPI_DOUBLE, MPI_SUM, WORLD);
}

static void allgather(void)
{
    MPI_Allgather(out, bytes, MPI_BYTE, in, bytes, MPI_BYTE, WORLD);
}

static void alltoall(void)
{
    MPI_Alltoall(in + sizeof in / 2, bytes, MPI_BYTE, in, bytes, MPI_BYTE, WORLD);
}

static void print(const char *figure, double us)
{
    if (bench_rank == 0) {
        printf("%s %d %.6g us 0 0 0\n", figure, bytes, us);
        fflush(stdout);
    }
}

// One mean over `seconds`; `ways` is how many messages of the figure one call is.
static void measure(const char *figure, void (*call)(void), int ways, double seconds)
{
    long calls = 0;
    MPI_Barrier(WORLD);
    double start = MPI_Wtime(), passed = 0;
    for (int again = 1; again;) {
        for (int i = 0; i < AT_A_TIME; i++) {
            call();
        }
        calls += AT_A_TIME;
        // Rank 0 decides; now and then only, since that is a broadcast.
        if (calls % (AT_A_TIME * 20L) == 0) {
            passed = MPI_Wtime() - start;
            again = passed < seconds;
            MPI_Bcast(&again, 1, MPI_INT, 0, WORLD);
        }
    }
    print(figure, (MPI_Wtime() - start) / (double)calls / ways * 1e6);
}

static void measure_own(const char *figure, void (*call)(void))
{
    double mine = 0, all = 0;
    for (int i = -OWN_CALLS / 10; i < OWN_CALLS; i++) {
        MPI_Barrier(WORLD);
        double start = MPI_Wtime();
        call();
        mine += i < 0 ? 0 : MPI_Wtime() - start;
    }
    MPI_Reduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, 0, WORLD);
    print(figure, all / bench_size / OWN_CALLS * 1e6);
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    if (argc < 2) {
        fprintf(stderr, "usage: beside SECONDS [DELAY] | own\n");
        MPI_Abort(WORLD, 2);
    }
    bytes = 8;
    if (strcmp(argv[1], "own") == 0) {
        for (bytes = 8; bytes <= 1024; bytes *= 128) {
            measure_own("own_bcast", bcast);
            measure_own("own_scatter", scatter);
            measure_own("own_ibcast", ibcast);
        }
        return MPI_Finalize();
    }
    double seconds = atof(argv[1]), delay = argc > 2 ? atof(argv[2]) : 0;
    // Works until the neighbours come.
    double start = MPI_Wtime();
    for (int again = 1; again;) {
        again = MPI_Wtime() - start < delay;
        MPI_Bcast(&again, 1, MPI_INT, 0, WORLD);
    }
    measure("pingpong", pingpong, 2, seconds);
    measure("barrier", barrier, 1, seconds);
    measure("bcast", bcast, 1, seconds);
    measure("allreduce", allreduce, 1, seconds);
    measure("allgather", allgather, 1, seconds);
    measure("alltoall", alltoall, 1, seconds);
    return MPI_Finalize();
}
