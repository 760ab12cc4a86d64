// SPDX-License-Identifier: MIT
// Ranks are processes: each has a number and a parent, and leaves with an exit status of its own.
//
//     mprun -n 4 examples/basic_process                            all leave well
//     mprun -n 4 examples/basic_process --rank 2 --status 3        one fails after MPI_Finalize
//     mprun -n 4 examples/basic_process --rank 2 --status 3 --early   or before it
//
// One idea: when a failure ends the others. Past MPI_Finalize a rank owes the others nothing, so
// its status is only told. Before, somebody may be waiting for it, so the job ends at once. Either
// way the status of mprun is the one that was not 0: look at it with `echo $?`.

#include "gallery.h"

#include <unistd.h>

static const char usage[] =
    "Usage: mprun [-n RANKS] basic_process [--rank R] [--status S] [--early]\n"
    "Every rank says who it is. Then rank R (default 0) exits with status S (default 0), after\n"
    "MPI_Finalize, or with --early before it.\n";

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank, size, who = 0, status = 0, early = 0;
    begin("basic_process", usage, argc, argv,
          (struct setting[]){{"--rank", &who, 0, 4095, NULL, NULL},
                             {"--status", &status, 0, 125, NULL, NULL},
                             {"--early", &early, 0, 0, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    // Only rank 0 prints, so that the lines stand in the order of ranks.
    int mine[] = {(int)getpid(), (int)getppid()}, *all = malloc(sizeof mine * (size_t)size);
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Gather(mine, 2, MPI_INT, all, 2, MPI_INT, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        for (int r = 0; r < size; r++)
            printf("rank %d of %d is process %d, whose parent is %d\n", r, size, all[2 * r],
                   all[2 * r + 1]);
        if (status == 0 || who >= size)
            printf("all exit with 0, and so does mprun\n");
        else
            printf("rank %d exits with %d %s MPI_Finalize, and so does mprun\n", who, status,
                   early ? "before" : "after");
        fflush(stdout);
    }
    free(all);
    MPI_Barrier(MPI_COMM_WORLD); // all that was to be said has been said

    if (early && rank == who && status != 0)
        exit(status);
    if (early && status != 0 && who < size)
        MPI_Barrier(MPI_COMM_WORLD); // which it will not come to
    MPI_Finalize();
    return rank == who ? status : 0;
}
