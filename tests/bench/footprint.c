// SPDX-License-Identifier: MIT
// The private memory of a rank after MPI_Init: what the process has for itself, in KB, the largest
// and the middle one of all ranks.
//     mprun -n 64 tests/bench/footprint
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    char line[256];
    int rank, size;
    MPI_Init(&argc, &argv);
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    long total = 0, part;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Private_", 8) == 0 && sscanf(line, "%*s %ld", &part) == 1) {
            total += part;
        }
    }
    if (!file) {
        perror("/proc/self/smaps_rollup");
        MPI_Abort(MPI_COMM_WORLD, 1);
        return 1;
    }
    fclose(file);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    long *all = malloc((size_t)size * sizeof *all);
    MPI_Gather(&total, 1, MPI_LONG, all, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        qsort(all, (size_t)size, sizeof *all, ascending);
        printf("footprint_most 0 %ld KB 0 0 0\n", all[size - 1]);
        printf("footprint_median 0 %ld KB 0 0 0\n", all[size / 2]);
    }
    free(all);
    MPI_Finalize();
    return 0;
}
