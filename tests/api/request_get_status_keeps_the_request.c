// SPDX-License-Identifier: MIT
// Request_get_status, and its any, some and all forms, tell whether requests are complete without
// freeing or deactivating them: the Wait that follows yields the same status.
// ranks: 2
#include "check.h"

enum { N = 3 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int peer = 1 - rank, in[N] = {0}, flag, index, count, indices[N];
    MPI_Status status, statuses[N + 1];
    MPI_Request requests[N + 1];
    requests[N] = MPI_REQUEST_NULL;
    OK(MPI_Irecv(&in[0], 1, MPI_INT, peer, 0, MPI_COMM_WORLD, &requests[0]));
    OK(MPI_Recv_init(&in[1], 1, MPI_INT, peer, 1, MPI_COMM_WORLD, &requests[1]));
    OK(MPI_Irecv(&in[2], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &requests[2]));
    OK(MPI_Start(&requests[1]));
    for (int i = 0; i < N; i++) {
        OK(MPI_Request_get_status(requests[i], &flag, &status));
        CHECK(!flag, "request %d is complete before anything was sent", i);
    }
    OK(MPI_Request_get_status_any(N, requests, &index, &flag, &status));
    CHECK(!flag, "any: request %d is complete before anything was sent", index);
    OK(MPI_Request_get_status_all(N, requests, &flag, statuses));
    CHECK(!flag, "all: complete before anything was sent");
    OK(MPI_Request_get_status_some(N, requests, &count, indices, statuses));
    CHECK(count == 0, "some: %d complete before anything was sent", count);
    OK(MPI_Barrier(MPI_COMM_WORLD));

    int out = 100 + rank;
    OK(MPI_Send(&out, 1, MPI_INT, peer, 0, MPI_COMM_WORLD));
    do {
        OK(MPI_Request_get_status(requests[0], &flag, &status));
    } while (!flag);
    STATUS_IS(status, peer, 0, 4);
    CHECK(in[0] == 100 + peer && requests[0] != MPI_REQUEST_NULL, "received %d", in[0]);
    OK(MPI_Request_get_status_any(N + 1, requests, &index, &flag, &status));
    CHECK(flag && index == 0, "any: flag %d index %d", flag, index);
    STATUS_IS(status, peer, 0, 4);
    OK(MPI_Barrier(MPI_COMM_WORLD));

    OK(MPI_Send(&out, 1, MPI_INT, peer, 1, MPI_COMM_WORLD));
    do {
        OK(MPI_Request_get_status_some(N + 1, requests, &count, indices, statuses));
        CHECK(count >= 1 && count <= 2, "some: %d", count);
    } while (count < 2);
    CHECK(indices[0] + indices[1] == 1, "some: indices %d %d", indices[0], indices[1]);
    STATUS_IS(statuses[indices[0] == 1 ? 0 : 1], peer, 1, 4);
    OK(MPI_Request_get_status_all(N + 1, requests, &flag, statuses));
    CHECK(!flag, "all: complete, but one is not");
    OK(MPI_Send(&out, 1, MPI_INT, 0, 2, MPI_COMM_SELF));
    do {
        OK(MPI_Request_get_status_all(N + 1, requests, &flag, statuses));
    } while (!flag);
    STATUS_IS(statuses[0], peer, 0, 4);
    STATUS_IS(statuses[1], peer, 1, 4);
    STATUS_IS(statuses[2], 0, 2, 4);
    STATUS_IS_EMPTY(statuses[3]);

    memset(statuses, 0, sizeof(statuses));
    OK(MPI_Waitall(N, requests, statuses));
    STATUS_IS(statuses[0], peer, 0, 4);
    STATUS_IS(statuses[1], peer, 1, 4);
    STATUS_IS(statuses[2], 0, 2, 4);
    OK(MPI_Request_get_status(requests[1], &flag, &status)); // inactive now
    CHECK(flag, "an inactive request is not complete");
    STATUS_IS_EMPTY(status);
    OK(MPI_Request_free(&requests[1]));
    return finish();
}
