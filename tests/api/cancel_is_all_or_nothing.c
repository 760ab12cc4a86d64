// SPDX-License-Identifier: MIT
// A posted receive that nothing matched can be cancelled, and then takes no message; one that was
// matched completes. The same for persistent receives and in Waitall. A send is either cancelled,
// and never arrives, or arrives.
// ranks: 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int peer = 1 - rank, word = -1, out = 5 + rank, flag;
    MPI_Request request, pair[2];
    MPI_Status status, statuses[2];
    // Unmatched.
    OK(MPI_Irecv(&word, 1, MPI_INT, peer, 1, MPI_COMM_WORLD, &request));
    OK(MPI_Cancel(&request));
    OK(MPI_Wait(&request, &status));
    OK(MPI_Test_cancelled(&status, &flag));
    CHECK(flag, "a receive that nobody answers was not cancelled");
    CHECK(request == MPI_REQUEST_NULL, "not null");
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Sendrecv(&out, 1, MPI_INT, peer, 1, &word, 1, MPI_INT, peer, 1, MPI_COMM_WORLD,
                    MPI_STATUS_IGNORE)); // the cancelled one does not steal it
    CHECK(word == 5 + peer, "received %d", word);
    // Wild, among others, and freed after.
    int a = -1, b = -1;
    OK(MPI_Irecv(&a, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &pair[0]));
    OK(MPI_Irecv(&b, 1, MPI_INT, MPI_ANY_SOURCE, 2, MPI_COMM_WORLD, &pair[1]));
    OK(MPI_Cancel(&pair[0]));
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Send(&out, 1, MPI_INT, peer, 2, MPI_COMM_WORLD));
    OK(MPI_Waitall(2, pair, statuses));
    OK(MPI_Test_cancelled(&statuses[0], &flag));
    CHECK(flag, "the first was not cancelled");
    OK(MPI_Test_cancelled(&statuses[1], &flag));
    CHECK(!flag, "the second was cancelled");
    CHECK(a == -1 && b == 5 + peer, "received %d, %d", a, b);
    OK(MPI_Irecv(&a, 1, MPI_INT, peer, 3, MPI_COMM_WORLD, &request));
    OK(MPI_Cancel(&request));
    OK(MPI_Request_free(&request));
    // Matched.
    OK(MPI_Irecv(&word, 1, MPI_INT, peer, 4, MPI_COMM_WORLD, &request));
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Send(&out, 1, MPI_INT, peer, 4, MPI_COMM_WORLD));
    do {
        OK(MPI_Request_get_status(request, &flag, MPI_STATUS_IGNORE));
    } while (!flag);
    word = -1;
    OK(MPI_Cancel(&request));
    OK(MPI_Wait(&request, &status));
    OK(MPI_Test_cancelled(&status, &flag));
    CHECK(!flag, "a receive that had its message was cancelled");
    STATUS_IS(status, peer, 4, 4);
    // Persistent: cancelled, then started again.
    OK(MPI_Recv_init(&word, 1, MPI_INT, peer, 5, MPI_COMM_WORLD, &request));
    for (int round = 0; round < 3; round++) {
        OK(MPI_Start(&request));
        OK(MPI_Cancel(&request));
        OK(MPI_Wait(&request, &status));
        OK(MPI_Test_cancelled(&status, &flag));
        CHECK(flag, "a persistent receive was not cancelled");
    }
    OK(MPI_Barrier(MPI_COMM_WORLD)); // both are done cancelling
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Start(&request));
    OK(MPI_Send(&out, 1, MPI_INT, peer, 5, MPI_COMM_WORLD));
    OK(MPI_Wait(&request, &status));
    OK(MPI_Test_cancelled(&status, &flag));
    CHECK(!flag && word == 5 + peer, "cancelled %d, received %d", flag, word);
    OK(MPI_Request_free(&request));
    // Sends, small and large, synchronous or not: the receiver must find just what was not
    // cancelled.
    char *buffer = room(1 << 20), *in = room(1 << 20);
    static const int some[] = {0, 8, 1000, 100000, 1 << 20};
    for (size_t s = 0; s < COUNT_OF(some); s++) {
        for (int synchronous = 0; synchronous < 2; synchronous++) {
            int bytes = some[s], cancelled[2] = {0, 0}, found;
            OK(MPI_Barrier(MPI_COMM_WORLD));
            if (rank == 0) {
                fill(buffer, (size_t)bytes, 1);
                if (synchronous) {
                    OK(MPI_Issend(buffer, bytes, MPI_BYTE, 1, 6, MPI_COMM_WORLD, &request));
                } else {
                    OK(MPI_Isend(buffer, bytes, MPI_BYTE, 1, 6, MPI_COMM_WORLD, &request));
                }
                OK(MPI_Cancel(&request));
                // Whether it was is known when it completes, and that may need the receiver.
                OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 7, MPI_COMM_WORLD));
                OK(MPI_Wait(&request, &status));
                OK(MPI_Test_cancelled(&status, &cancelled[0]));
                OK(MPI_Send(&cancelled[0], 1, MPI_INT, 1, 8, MPI_COMM_WORLD));
            } else {
                OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                OK(MPI_Irecv(in, bytes, MPI_BYTE, 0, 6, MPI_COMM_WORLD, &pair[0]));
                OK(MPI_Recv(&cancelled[0], 1, MPI_INT, 0, 8, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                if (cancelled[0]) {
                    OK(MPI_Request_get_status(pair[0], &found, MPI_STATUS_IGNORE));
                    CHECK(!found, "a cancelled send of %d bytes arrived", bytes);
                    OK(MPI_Cancel(&pair[0]));
                }
                OK(MPI_Wait(&pair[0], &status));
                OK(MPI_Test_cancelled(&status, &flag));
                CHECK(flag == cancelled[0], "send cancelled: %d, receive cancelled: %d",
                      cancelled[0], flag);
                if (!flag) {
                    HOLDS(in, bytes, 1);
                }
            }
        }
    }
    free(buffer);
    free(in);
    return finish();
}
