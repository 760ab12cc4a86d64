// SPDX-License-Identifier: MIT
// MPI_Abort in a child that a rank has forked ends the job, with its code and its message, as it
// does in the rank.
//
// expect: exit 7
// says: MPI_Abort was called with code 7
// says: a child of the rank's
#include "check.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int word;
    if (rank == size - 1 && fork() == 0) {
        if (fork() == 0) {
            MPI_Abort(MPI_COMM_WORLD, 7);
        }
        pause();
    }
    MPI_Recv(&word, 1, MPI_INT, rank, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return 0;
}
