// SPDX-License-Identifier: MIT
// A nonblocking barrier on one rank and a blocking one on the other end the job, with a message
// that says that the two do not match (MPI 5.0, 6.12).
// ranks: 2
// channels: shm
// expect: failure
// says: a barrier
// says: the two do not match each other
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    if (rank == 0) {
        MPI_Request request;
        MPI_Ibarrier(MPI_COMM_WORLD, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        MPI_Barrier(MPI_COMM_WORLD);
    }
    return finish();
}
