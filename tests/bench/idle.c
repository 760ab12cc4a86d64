// SPDX-License-Identifier: MIT
// How much of a CPU do blocked ranks use? Rank 0 stays outside of MPI for some seconds while the
// others wait for it, in a receive and then in a barrier; printed is the largest share of a CPU
// that a waiting rank used, in percent.
//     mprun -n 8 tests/bench/idle [SECONDS]
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"receive", "barrier", "wait"};
    int rank, size, word = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int seconds = argc > 1 ? atoi(argv[1]) : 10;
    for (int form = 0; form < 3; form++) {
        MPI_Barrier(MPI_COMM_WORLD);
        double cpu = cpu_seconds(), start = MPI_Wtime(), share, most;
        if (rank == 0) {
            struct timespec t = {seconds, 0};
            nanosleep(&t, NULL);
        }
        if (form == 1) {
            MPI_Barrier(MPI_COMM_WORLD);
        } else if (rank == 0) {
            for (int to = 1; to < size; to++) {
                MPI_Send(&word, 1, MPI_INT, to, 1, MPI_COMM_WORLD);
            }
        } else if (form == 0) {
            MPI_Recv(&word, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Request request;
            MPI_Irecv(&word, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, &request);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        }
        share = rank == 0 ? 0 : (cpu_seconds() - cpu) / (MPI_Wtime() - start) * 100;
        MPI_Reduce(&share, &most, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
        if (rank == 0) {
            printf("idle-%s %.3f %%\n", names[form], most);
        }
    }
    MPI_Finalize();
    return 0;
}
