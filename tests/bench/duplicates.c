// SPDX-License-Identifier: MIT
// Allreduce of 8 bytes and of 64 KB on one duplicate of MPI_COMM_WORLD after the other: the time on
// each, in us, the middle one of all rounds. No duplicate should be slower than another.
//     mprun -n 32 tests/bench/duplicates 100
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 9, LONG = 8192 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(MPI_Comm comm, int count, int repeat)
{
    static double given[LONG], sum[LONG];
    double times[ROUNDS];

    for (int round = -1; round < ROUNDS; round++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double start = MPI_Wtime();
        for (int i = 0; i < repeat; i++) {
            MPI_Allreduce(given, sum, count, MPI_DOUBLE, MPI_SUM, comm);
        }
        if (round >= 0) {
            times[round] = (MPI_Wtime() - start) / repeat * 1e6;
        }
    }
    qsort(times, ROUNDS, sizeof *times, ascending);
    return times[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    int most = argc > 1 ? atoi(argv[1]) : 100, rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (int i = 1; i <= most; i++) {
        MPI_Comm comm;
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        double of_short = middle(comm, 1, 100), of_long = middle(comm, LONG, 10);
        if (rank == 0) {
            printf("duplicate_%d 8 %.1f us 0 0 0\nduplicate_%d 65536 %.1f us 0 0 0\n", i, of_short,
                   i, of_long);
        }
    }
    MPI_Finalize();
    return 0;
}
