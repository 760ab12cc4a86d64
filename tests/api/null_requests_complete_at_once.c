// SPDX-License-Identifier: MIT
// Every Wait and Test over null and inactive requests, or over none, returns at once with what the
// standard says, and empty statuses; active ones among them are found.
// ranks: 1 2
#include "check.h"

enum { N = 4 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Request requests[N], inactive[2];
    MPI_Status status, statuses[N];
    int flag, index, count, indices[N], in = 0, out = 42;
    OK(MPI_Recv_init(&in, 1, MPI_INT, rank, 1, MPI_COMM_WORLD, &inactive[0]));
    OK(MPI_Send_init(&out, 1, MPI_INT, rank, 1, MPI_COMM_WORLD, &inactive[1]));
    for (int round = 0; round < 3; round++) { // null, inactive, none
        int n = round == 2 ? 0 : N;
        for (int i = 0; i < N; i++) {
            requests[i] = round == 1 && i >= 2 ? inactive[i - 2] : MPI_REQUEST_NULL;
        }
        for (int i = 0; i < n; i++) {
            memset(&status, 0x5a, sizeof(status));
            OK(MPI_Wait(&requests[i], &status));
            STATUS_IS_EMPTY(status);
            memset(&status, 0x5a, sizeof(status));
            flag = 0;
            OK(MPI_Test(&requests[i], &flag, &status));
            CHECK(flag, "Test");
            STATUS_IS_EMPTY(status);
            memset(&status, 0x5a, sizeof(status));
            flag = 0;
            OK(MPI_Request_get_status(requests[i], &flag, &status));
            CHECK(flag, "Request_get_status");
            STATUS_IS_EMPTY(status);
            OK(MPI_Wait(&requests[i], MPI_STATUS_IGNORE));
        }
        index = 0;
        OK(MPI_Waitany(n, requests, &index, &status));
        CHECK(index == MPI_UNDEFINED, "Waitany: index %d", index);
        STATUS_IS_EMPTY(status);
        index = 0;
        flag = 0;
        OK(MPI_Testany(n, requests, &index, &flag, &status));
        CHECK(flag && index == MPI_UNDEFINED, "Testany: flag %d index %d", flag, index);
        STATUS_IS_EMPTY(status);
        count = 0;
        OK(MPI_Waitsome(n, requests, &count, indices, statuses));
        CHECK(count == MPI_UNDEFINED, "Waitsome: count %d", count);
        count = 0;
        OK(MPI_Testsome(n, requests, &count, indices, statuses));
        CHECK(count == MPI_UNDEFINED, "Testsome: count %d", count);
        memset(statuses, 0x5a, sizeof(statuses));
        OK(MPI_Waitall(n, requests, statuses));
        for (int i = 0; i < n; i++) {
            STATUS_IS_EMPTY(statuses[i]);
        }
        memset(statuses, 0x5a, sizeof(statuses));
        flag = 0;
        OK(MPI_Testall(n, requests, &flag, statuses));
        CHECK(flag, "Testall");
        for (int i = 0; i < n; i++) {
            STATUS_IS_EMPTY(statuses[i]);
        }
        OK(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
    }
    // One active receive among null and inactive ones: not complete, then complete.
    MPI_Request mix[N] = {MPI_REQUEST_NULL, inactive[1], MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    OK(MPI_Irecv(&in, 1, MPI_INT, rank, 2, MPI_COMM_WORLD, &mix[3]));
    OK(MPI_Testany(N, mix, &index, &flag, &status));
    CHECK(!flag && index == MPI_UNDEFINED, "Testany: flag %d index %d", flag, index);
    OK(MPI_Testall(N, mix, &flag, statuses));
    CHECK(!flag, "Testall");
    OK(MPI_Testsome(N, mix, &count, indices, statuses));
    CHECK(count == 0, "Testsome: %d", count);
    OK(MPI_Send(&out, 1, MPI_INT, rank, 2, MPI_COMM_WORLD));
    OK(MPI_Waitsome(N, mix, &count, indices, statuses));
    CHECK(count == 1 && indices[0] == 3, "Waitsome: count %d index %d", count, indices[0]);
    STATUS_IS(statuses[0], rank, 2, 4);
    CHECK(in == 42 && mix[3] == MPI_REQUEST_NULL, "received %d", in);
    OK(MPI_Request_free(&inactive[0]));
    OK(MPI_Request_free(&inactive[1]));
    return finish();
}
