// SPDX-License-Identifier: MIT
// A rank that is late in each of many persistent collectives has room for messages afterwards: what
// the others tell it while they wait for it does not pile up there.
// ranks: 9
// channels: shm
// env: MPRUN_UNEXPECTED=1M
#include "check.h"

#include <unistd.h>

enum { TIMES = 2500, LATE = 2000 };

int main(int argc, char **argv)
{
    MPI_Request request;
    MPI_Comm comm;
    int number = 0;

    start(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Bcast_init(&number, 1, MPI_INT, 0, comm, MPI_INFO_NULL, &request));
    for (int i = 0; i < TIMES; i++) {
        if (rank == 0) {
            usleep(LATE);
        }
        OK(MPI_Start(&request));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    }
    if (rank == 1) {
        OK(MPI_Send(&number, 1, MPI_INT, 0, 1, MPI_COMM_WORLD)); // there is room for it
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank == 0) {
        OK(MPI_Recv(&number, 1, MPI_INT, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    OK(MPI_Request_free(&request));
    OK(MPI_Comm_free(&comm));
    return finish();
}
