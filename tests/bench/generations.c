// SPDX-License-Identifier: MIT
// Parent and child against two ranks of one world: the time that 8 bytes take one way, and the
// speed of 1 MB: of many short rounds the tenth part that was fastest is left out, and the next one
// tells, so that it is of moments in which nobody else had the CPUs. With one rank it spawns
// another one, and the two talk by the intercommunicator and by the merged one; with two ranks
// these talk. By turns:
//     mprun -n 1 tests/bench/generations; mprun -n 2 tests/bench/generations
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 400, LONG = 1 << 20 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Seconds that a message takes one way; `first` sends first.
static double tenth(MPI_Comm comm, int first, int other, char *data, char *back, int bytes,
                    int repeat)
{
    double times[ROUNDS];

    for (int round = -2; round < ROUNDS; round++) {
        double start = MPI_Wtime();
        for (int i = 0; i < repeat; i++) {
            if (first) {
                MPI_Send(data, bytes, MPI_BYTE, other, 1, comm);
            }
            MPI_Recv(back, bytes, MPI_BYTE, other, 1, comm, MPI_STATUS_IGNORE);
            if (!first) {
                MPI_Send(data, bytes, MPI_BYTE, other, 1, comm);
            }
        }
        if (round >= 0) {
            times[round] = (MPI_Wtime() - start) / repeat / 2;
        }
    }
    qsort(times, ROUNDS, sizeof *times, ascending);
    return times[ROUNDS / 10];
}

// From blocks, and from variables of the program.
static void measure(const char *name, MPI_Comm comm, int first, int other)
{
    static char out[LONG] = {1}, in[LONG] = {1};
    char *data = malloc(LONG), *back = malloc(LONG);

    memset(data, 1, LONG);
    memset(back, 1, LONG);
    double brief = tenth(comm, first, other, data, back, 8, 300);
    double of_block = tenth(comm, first, other, data, back, LONG, 2);
    double of_variable = tenth(comm, first, other, out, in, LONG, 2);
    if (first) {
        printf("%s 8 %.1f ns 0 0 0\n", name, brief * 1e9);
        printf("%s_block %d %.2f GB/s 0 0 0\n", name, LONG, LONG / of_block * 1e-9);
        printf("%s_variable %d %.2f GB/s 0 0 0\n", name, LONG, LONG / of_variable * 1e-9);
    }
    free(data);
    free(back);
}

int main(int argc, char **argv)
{
    MPI_Comm inter, all;
    int rank, size;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_get_parent(&inter);
    int parent = inter == MPI_COMM_NULL;
    if (size > 1) {
        measure("in_a_world", MPI_COMM_WORLD, rank == 0, 1 - rank);
    } else {
        if (parent) {
            MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_SELF, &inter,
                           MPI_ERRCODES_IGNORE);
        }
        measure("parent_and_child", inter, parent, 0);
        MPI_Intercomm_merge(inter, !parent, &all);
        measure("parent_and_child_merged", all, parent, parent);
        MPI_Comm_free(&all);
        MPI_Comm_disconnect(&inter);
    }
    MPI_Finalize();
    return 0;
}
