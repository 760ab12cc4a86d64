// SPDX-License-Identifier: MIT
// Ranks that begin different nonblocking operations are told, also where they only call MPI_Test
// and never wait.
// (Operations that are never over keep their memory, so leaks are not looked for.)
// ranks: 2 3
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 60
#include "check.h"

enum { SHORT = 1, LONG = 50000, RANKS = 16, SECONDS = 30 };

static void disagree(int count)
{
    static int data[LONG * RANKS], result[LONG * RANKS];
    time_t end = time(NULL) + SECONDS;
    MPI_Request request;
    int flag = 0, error;
    MPI_Comm comm;

    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    if (rank == 0) {
        OK(MPI_Ialltoall(data, count, MPI_INT, result, count, MPI_INT, comm, &request));
    } else {
        OK(MPI_Iallreduce(data, result, count, MPI_INT, MPI_SUM, comm, &request));
    }
    do {
        error = MPI_Test(&request, &flag, MPI_STATUS_IGNORE);
        CHECK(error || flag || time(NULL) < end, "%d elements: not told", count);
    } while (!error && !flag);
    FAILS(MPI_ERR_OTHER, error);
    OK(MPI_Comm_free(&comm));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    CHECK(size <= RANKS, "%d ranks are too many", size);
    disagree(SHORT);
    disagree(LONG);
    return finish();
}
