// SPDX-License-Identifier: MIT
// MPI_Abort by one rank ends the others, which are blocked in a receive, and its code becomes the
// status of the job.
//
// expect: exit 7
// says: MPI_Abort
// says: 7
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int word;
    if (rank == size - 1) {
        nap(20);
        MPI_Abort(MPI_COMM_WORLD, 7);
    }
    MPI_Recv(&word, 1, MPI_INT, rank, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return 0;
}
