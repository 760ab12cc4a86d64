// SPDX-License-Identifier: MIT
// ranks: 2 3
// expect: exit 16
// says: the ranks call different collective operations on this communicator
// A nonblocking operation about which ranks disagree is completed together with a receive that will
// never be over because of that: it is told all the same, in MPI_Waitall and in MPI_Testall.
#include "check.h"

int main(int argc, char **argv)
{
    int one = 1, sum, got, flag = 0;
    MPI_Request requests[2];
    MPI_Comm comm;

    start(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    if (rank == 0) {
        OK(MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comm, &requests[0]));
    } else {
        OK(MPI_Ibarrier(comm, &requests[0]));
    }
    OK(MPI_Irecv(&got, 1, MPI_INT, (rank + 1) % size, 0, MPI_COMM_WORLD, &requests[1]));
    if (size == 2) {
        OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
    }
    while (size > 2 && !flag) {
        OK(MPI_Testall(2, requests, &flag, MPI_STATUSES_IGNORE));
    }
    OK(MPI_Send(&one, 1, MPI_INT, (rank + size - 1) % size, 0, MPI_COMM_WORLD));
    return finish();
}
