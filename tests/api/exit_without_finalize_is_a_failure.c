// SPDX-License-Identifier: MIT
// A rank that leaves with status 0 but without MPI_Finalize has failed, and the others, which wait
// for it, are ended.
//
// expect: failure
// says: MPI_Finalize
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    if (rank == size - 1) {
        nap(20);
        return 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
