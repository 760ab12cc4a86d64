// SPDX-License-Identifier: MIT
// A blocking and a nonblocking barrier do not match each other (MPI 5.0, 6.12): where one goes on
// two levels and the other by messages, a rank is told, whichever rank calls which, and all end.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 3 4 5
// channels: nodes2
// env: LSAN_OPTIONS=detect_leaks=0
#include "check.h"

static void disagree(int other)
{
    MPI_Comm w;
    MPI_Request request;
    int error, told, any;

    OK(MPI_Comm_dup(MPI_COMM_WORLD, &w));
    OK(MPI_Comm_set_errhandler(w, MPI_ERRORS_RETURN));
    if (rank == other) {
        OK(MPI_Ibarrier(w, &request));
        error = MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        error = MPI_Barrier(w);
    }
    told = error != MPI_SUCCESS;
    OK(MPI_Allreduce(&told, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD));
    CHECK(any, "rank %d called the nonblocking form: nobody was told", other);
    OK(MPI_Comm_free(&w));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int other = 0; other < size; other++) {
        disagree(other);
    }
    return finish();
}
