// SPDX-License-Identifier: MIT
// A communicator that is freed while a message waits on it unreceived is freed, and whoever has its
// errors returned is told; with the default handler the program runs on.
// ranks: 2 3
// not under: check
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int returned = 0; returned < 2; returned++) {
        MPI_Comm comm;
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
        if (returned) {
            OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
        }
        if (rank == 0) {
            OK(MPI_Send(&rank, 1, MPI_INT, 1, 17, comm));
        }
        OK(MPI_Barrier(comm));
        if (rank == 1 && returned) {
            FAILS(MPI_ERR_OTHER, MPI_Comm_free(&comm));
        } else {
            OK(MPI_Comm_free(&comm));
        }
        CHECK(comm == MPI_COMM_NULL, "the handle is still there");
    }
    return finish();
}
