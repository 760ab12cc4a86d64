// SPDX-License-Identifier: MIT
// A rank that asks now and then, beside one that sends all the time: what does its round trip take?
// Rank 0 serves both from MPI_ANY_SOURCE, rank 1 floods it with messages of 16 KB, rank 2 asks.
// With more ranks than CPUs this is about who leaves the CPU to whom.
//     flood [QUESTIONS]
// Read next: bench.h (what a line of output says).
#include "bench.h"

enum { FLOOD = 16 << 10, TAG_FLOOD = 1, TAG_ASK, TAG_STOP, TAG_LAST, BETWEEN_US = 200 };

static char buffer[FLOOD];

static void serve(void)
{
    MPI_Status status;
    for (int last = 0; !last;) {
        MPI_Recv(buffer, FLOOD, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        if (status.MPI_TAG == TAG_ASK) {
            MPI_Send(buffer, 8, MPI_BYTE, status.MPI_SOURCE, TAG_ASK, MPI_COMM_WORLD);
        } else if (status.MPI_TAG == TAG_STOP) {
            MPI_Send(buffer, 0, MPI_BYTE, 1, TAG_STOP, MPI_COMM_WORLD);
        }
        last = status.MPI_TAG == TAG_LAST;
    }
}

static void flood(void)
{
    for (int stop = 0; !stop;) {
        for (int i = 0; i < 16; i++) {
            MPI_Send(buffer, FLOOD, MPI_BYTE, 0, TAG_FLOOD, MPI_COMM_WORLD);
        }
        MPI_Iprobe(0, TAG_STOP, MPI_COMM_WORLD, &stop, MPI_STATUS_IGNORE);
    }
    MPI_Recv(buffer, 0, MPI_BYTE, 0, TAG_STOP, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(buffer, 0, MPI_BYTE, 0, TAG_LAST, MPI_COMM_WORLD);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Computes in between, as what asks does, so that it does not always come at the same moment.
static void ask(int questions)
{
    double *us = bench_allocate((size_t)questions * sizeof *us), sum = 0;
    for (int i = -questions / 10; i < questions; i++) {
        double start = MPI_Wtime();
        while ((MPI_Wtime() - start) * 1e6 < BETWEEN_US) {
        }
        start = MPI_Wtime();
        MPI_Send(buffer, 8, MPI_BYTE, 0, TAG_ASK, MPI_COMM_WORLD);
        MPI_Recv(buffer, 8, MPI_BYTE, 0, TAG_ASK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (i >= 0) {
            us[i] = (MPI_Wtime() - start) * 1e6;
            sum += us[i];
        }
    }
    MPI_Send(buffer, 0, MPI_BYTE, 0, TAG_STOP, MPI_COMM_WORLD);
    qsort(us, (size_t)questions, sizeof *us, by_size);
    printf("flood_mean 16384 %.6g us 0 0 0\n", sum / questions);
    printf("flood_median 16384 %.6g us 0 0 0\n", us[questions / 2]);
    printf("flood_99th 16384 %.6g us 0 0 0\n", us[questions * 99 / 100]);
    fflush(stdout);
    free(us);
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    int questions = argc > 1 ? atoi(argv[1]) : 1000;
    if (bench_size != 3 || questions < 100) {
        fprintf(stderr, "usage: flood [QUESTIONS, at least 100], with 3 ranks\n");
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (bench_rank == 0) {
        serve();
    } else if (bench_rank == 1) {
        flood();
    } else {
        ask(questions);
    }
    return MPI_Finalize();
}
