// SPDX-License-Identifier: MIT
//
// The program under the tool of profiling_tool.c. It calls MPI_Send three times and MPI_Isend
// twice, and has the library send by other means, which a tool must not see as calls of these
// functions.

#include "mpi.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    int rank, size, wrong = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int next = (rank + 1) % size, previous = (rank + size - 1) % size;

    for (int i = 0; i < 5; i++) {
        int out = 100 * rank + i, in = -1;
        MPI_Request requests[2];
        MPI_Irecv(&in, 1, MPI_INT, previous, i, MPI_COMM_WORLD, &requests[0]);
        requests[1] = MPI_REQUEST_NULL;
        if (i < 3)
            MPI_Send(&out, 1, MPI_INT, next, i, MPI_COMM_WORLD);
        else
            MPI_Isend(&out, 1, MPI_INT, next, i, MPI_COMM_WORLD, &requests[1]);
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
        wrong += in != 100 * previous + i;
    }

    int mine = rank + 1, from = -1, sum = 0;
    MPI_Sendrecv(&mine, 1, MPI_INT, next, 9, &from, 1, MPI_INT, previous, 9, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    wrong += from != previous + 1;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    wrong += sum != size * (size + 1) / 2;

    MPI_Finalize();
    if (wrong)
        fprintf(stderr, "rank %d: %d wrong results\n", rank, wrong);
    return wrong != 0;
}
