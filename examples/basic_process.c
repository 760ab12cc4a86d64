// SPDX-License-Identifier: MIT
// Ranks are processes: each has a number and a parent, and leaves with an exit status of its own.
//
//     mprun -n 4 examples/basic_process                            all leave well
//     mprun -n 4 examples/basic_process --rank 2 --status 3        one fails after MPI_Finalize
//     mprun -n 4 examples/basic_process --rank 2 --status 3 --early   or before it
//     mprun -n 2 examples/basic_process --spawn 2 --rank 1 --status 3   a child fails
//
// One idea: when a failure ends the others. Past MPI_Finalize a rank owes the others nothing, so
// its status is only told. Before, somebody may be waiting for it, so the job ends at once. Either
// way the status of mprun is the one that was not 0: look at it with `echo $?`. Spawned ranks are a
// world of their own. Once the two have disconnected, the failure of one ends nobody in the other.

#include "gallery.h"

#include <unistd.h>

static const char usage[] =
    "Usage: mprun [-n RANKS] basic_process [--rank R] [--status S] [--early] [--spawn N]\n"
    "Every rank says who it is. Then rank R (default 0) exits with status S (default 0), after\n"
    "MPI_Finalize, or with --early before it. With --spawn there are N children, and it is one of\n"
    "them.\n";

static int rank, size;

// Rank 0 prints, so that the lines stand in the order of ranks: of its own world, or of the one to
// which `children` leads.
static void say_who(const char *name, int count, MPI_Comm children)
{
    int mine[] = {(int)getpid(), (int)getppid()}, *all = malloc(sizeof mine * (size_t)count);
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, 1);
    if (children == MPI_COMM_NULL)
        MPI_Gather(mine, 2, MPI_INT, all, 2, MPI_INT, 0, MPI_COMM_WORLD);
    else
        MPI_Gather(NULL, 0, MPI_INT, all, 2, MPI_INT, rank == 0 ? MPI_ROOT : MPI_PROC_NULL,
                   children);
    for (int r = 0; r < count && rank == 0; r++)
        printf("%s %d of %d is process %d, whose parent is %d\n", name, r, count, all[2 * r],
               all[2 * r + 1]);
    free(all);
}

// Children do with these arguments what their parents would do without --spawn.
static void spawn(char *program, int children, int who, int status, int early)
{
    char texts[5][16] = {"--rank", "", "--status", "", "--early"};
    snprintf(texts[1], sizeof texts[1], "%d", who);
    snprintf(texts[3], sizeof texts[3], "%d", status);
    char *arguments[] = {texts[0], texts[1], texts[2], texts[3], early ? texts[4] : NULL, NULL};
    MPI_Comm between;
    MPI_Comm_spawn(program, arguments, children, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &between,
                   MPI_ERRCODES_IGNORE);
    say_who("child", children, between);
    MPI_Comm_disconnect(&between);
}

int main(int argc, char **argv)
{
    MPI_Comm parents;
    MPI_Init(&argc, &argv);
    int who = 0, status = 0, early = 0, children = 0;
    begin("basic_process", usage, argc, argv,
          (struct setting[]){{"--rank", &who, 0, 4095, NULL, NULL},
                             {"--status", &status, 0, 125, NULL, NULL},
                             {"--early", &early, 0, 0, NULL, NULL},
                             {"--spawn", &children, 0, 100, NULL, NULL},
                             {0}},
          1);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_get_parent(&parents);

    if (parents == MPI_COMM_NULL) {
        say_who("rank", size, MPI_COMM_NULL);
        if (children > 0)
            spawn(argv[0], children, who, status, early);
        int fails = status != 0 && who < (children > 0 ? children : size);
        if (rank == 0 && !fails)
            printf("all exit with 0, and so does mprun\n");
        else if (rank == 0)
            printf("%s %d exits with %d %s MPI_Finalize, and so does mprun\n",
                   children > 0 ? "child" : "rank", who, status, early ? "before" : "after");
        fflush(stdout);
        MPI_Barrier(MPI_COMM_WORLD); // all that was to be said has been said
    } else {                         // of a world that was spawned: its parents print
        int mine[] = {(int)getpid(), (int)getppid()};
        MPI_Gather(mine, 2, MPI_INT, NULL, 0, MPI_INT, 0, parents);
        MPI_Comm_disconnect(&parents);
    }
    if (children > 0)
        status = 0; // that is for one of them

    if (early && rank == who && status != 0)
        exit(status);
    if (early && status != 0 && who < size)
        MPI_Barrier(MPI_COMM_WORLD); // which it will not come to
    MPI_Finalize();
    return rank == who ? status : 0;
}
