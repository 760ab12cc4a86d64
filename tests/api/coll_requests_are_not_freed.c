// SPDX-License-Identifier: MIT
// The request of a collective operation is not freed before it was waited for, nonblocking or
// persistent (MPI 5.0, 6.12 and 6.13): that is an error, and the request is still there.
// ranks: 1 2 3
#include "check.h"

int main(int argc, char **argv)
{
    int mine, sum = 0;
    MPI_Comm w;
    MPI_Request request;

    start(&argc, &argv);
    mine = rank + 1;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &w));
    OK(MPI_Comm_set_errhandler(w, MPI_ERRORS_RETURN));
    OK(MPI_Iallreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, w, &request));
    FAILS(MPI_ERR_REQUEST, MPI_Request_free(&request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    sum = 0;
    OK(MPI_Allreduce_init(&mine, &sum, 1, MPI_INT, MPI_SUM, w, MPI_INFO_NULL, &request));
    OK(MPI_Start(&request));
    FAILS(MPI_ERR_REQUEST, MPI_Request_free(&request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    OK(MPI_Request_free(&request));
    OK(MPI_Comm_free(&w));
    return finish();
}
