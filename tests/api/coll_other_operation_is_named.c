// SPDX-License-Identifier: MIT
// A long broadcast on one rank and a barrier on the other end the job, with a message that names
// both.
// ranks: 2
// expect: failure
// says: a broadcast
// says: a barrier
// says: different collective operations
#include "check.h"

enum { LONG = 1 << 20 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *data = calloc(LONG, 1);
    if (rank == 0) {
        MPI_Bcast(data, LONG, MPI_BYTE, 0, MPI_COMM_WORLD);
    } else {
        MPI_Barrier(MPI_COMM_WORLD);
    }
    free(data);
    return finish();
}
