// SPDX-License-Identifier: MIT
// Calls that return one status leave its MPI_ERROR as it was (3.2.5); only those that complete
// several requests and return MPI_ERR_IN_STATUS set it. An empty status says that nothing came.
// ranks: 1 3
#include "check.h"

enum { MARK = 4242 };

static void expect_left(MPI_Status *status, const char *call)
{
    CHECK(status->MPI_ERROR == MARK, "%s set MPI_ERROR to %d", call, status->MPI_ERROR);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int next = (rank + 1) % size, before = (rank + size - 1) % size, got, flag, index;
    MPI_Status status = {.MPI_ERROR = MARK};
    MPI_Request request;
    MPI_Message message;
    OK(MPI_Sendrecv(&rank, 1, MPI_INT, next, 1, &got, 1, MPI_INT, before, 1, MPI_COMM_WORLD,
                    &status));
    expect_left(&status, "MPI_Sendrecv");
    for (int form = 0; form < 6; form++) {
        OK(MPI_Isend(&rank, 1, MPI_INT, next, 2, MPI_COMM_WORLD, &request));
        if (form == 0) {
            OK(MPI_Probe(before, 2, MPI_COMM_WORLD, &status));
            expect_left(&status, "MPI_Probe");
            OK(MPI_Recv(&got, 1, MPI_INT, before, 2, MPI_COMM_WORLD, &status));
            expect_left(&status, "MPI_Recv");
        } else if (form == 1) {
            OK(MPI_Mprobe(before, 2, MPI_COMM_WORLD, &message, &status));
            expect_left(&status, "MPI_Mprobe");
            OK(MPI_Mrecv(&got, 1, MPI_INT, &message, &status));
            expect_left(&status, "MPI_Mrecv");
        } else {
            MPI_Request receive;
            OK(MPI_Irecv(&got, 1, MPI_INT, before, 2, MPI_COMM_WORLD, &receive));
            flag = 0;
            if (form == 2) {
                OK(MPI_Wait(&receive, &status));
            } else if (form == 3) {
                OK(MPI_Waitany(1, &receive, &index, &status));
            }
            while (receive != MPI_REQUEST_NULL) {
                if (form == 4) {
                    OK(MPI_Testany(1, &receive, &index, &flag, &status));
                } else {
                    OK(MPI_Request_get_status(receive, &flag, &status));
                    expect_left(&status, "MPI_Request_get_status");
                    OK(MPI_Test(&receive, &flag, &status));
                }
            }
            expect_left(&status, "completing a receive");
        }
        CHECK(status.MPI_SOURCE == before && got == before, "from %d: %d", status.MPI_SOURCE, got);
        OK(MPI_Wait(&request, &status));
        expect_left(&status, "MPI_Wait of a send");
    }
    OK(MPI_Wait(&(MPI_Request){MPI_REQUEST_NULL}, &status));
    CHECK(status.MPI_SOURCE == MPI_ANY_SOURCE && status.MPI_TAG == MPI_ANY_TAG, "not empty: %d %d",
          status.MPI_SOURCE, status.MPI_TAG);
    // Here it is set, for each.
    MPI_Request both[2];
    MPI_Status statuses[2] = {{.MPI_ERROR = MARK}, {.MPI_ERROR = MARK}};
    int two[2] = {0, 0};
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    OK(MPI_Irecv(&got, 1, MPI_INT, before, 3, MPI_COMM_WORLD, &both[0]));
    OK(MPI_Irecv(two, 2, MPI_INT, before, 4, MPI_COMM_WORLD, &both[1]));
    OK(MPI_Send(&(int[2]){1, 2}, 2, MPI_INT, next, 3, MPI_COMM_WORLD));
    OK(MPI_Send(&(int[2]){3, 4}, 2, MPI_INT, next, 4, MPI_COMM_WORLD));
    FAILS(MPI_ERR_IN_STATUS, MPI_Waitall(2, both, statuses));
    FAILS(MPI_ERR_TRUNCATE, statuses[0].MPI_ERROR);
    CHECK(statuses[1].MPI_ERROR == MPI_SUCCESS && two[1] == 4, "the other: %d",
          statuses[1].MPI_ERROR);
    return finish();
}
