// SPDX-License-Identifier: MIT
// The request of a collective operation is not freed before the operation is complete, nonblocking
// or persistent (MPI 5.0, 6.12 and 6.13): that is an error, and the request is still there. Once a
// look says that it is complete, it may be.
// ranks: 2 3
#include "check.h"

static MPI_Comm comm;

// Rank 0 comes first, and the others when it has tried.
static void wait_for_turn(void)
{
    if (rank > 0) {
        OK(MPI_Recv(NULL, 0, MPI_INT, 0, 1, comm, MPI_STATUS_IGNORE));
    }
}

static void try_to_free(MPI_Request *request)
{
    if (rank == 0) {
        FAILS(MPI_ERR_REQUEST, MPI_Request_free(request));
        for (int i = 1; i < size; i++) {
            OK(MPI_Send(NULL, 0, MPI_INT, i, 1, comm));
        }
    }
}

int main(int argc, char **argv)
{
    int mine, sum = 0, flag = 0;
    MPI_Request request;

    start(&argc, &argv);
    mine = rank + 1;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    wait_for_turn();
    OK(MPI_Iallreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, comm, &request));
    try_to_free(&request);
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    sum = 0;
    OK(MPI_Allreduce_init(&mine, &sum, 1, MPI_INT, MPI_SUM, comm, MPI_INFO_NULL, &request));
    wait_for_turn();
    OK(MPI_Start(&request));
    try_to_free(&request);
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    OK(MPI_Request_free(&request));
    OK(MPI_Ibarrier(comm, &request));
    while (!flag) {
        OK(MPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE));
    }
    OK(MPI_Request_free(&request));
    OK(MPI_Comm_free(&comm));
    return finish();
}
