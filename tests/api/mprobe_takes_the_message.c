// SPDX-License-Identifier: MIT
// A message taken by Mprobe or Improbe is found by no other receive or probe, and Mrecv and Imrecv
// deliver it, in any order and later than those behind it; MPI_PROC_NULL gives no message.
// ranks: 2
#include "check.h"

enum { N = 5 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *buffer = room(LARGEST), *parts[N];
    MPI_Message messages[N], message;
    MPI_Status status;
    MPI_Request requests[N];
    int flag;
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        for (int i = 0; i < N; i++) {
            parts[i] = room((size_t)bytes);
        }
        if (rank == 0) {
            for (int i = 0; i < N; i++) {
                fill(parts[i], (size_t)bytes, (unsigned)i);
                if (i % 2) {
                    OK(MPI_Issend(parts[i], bytes, MPI_BYTE, 1, i == 4, MPI_COMM_WORLD,
                                  &requests[i]));
                } else {
                    OK(MPI_Isend(parts[i], bytes, MPI_BYTE, 1, i == 4, MPI_COMM_WORLD,
                                 &requests[i]));
                }
            }
            OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
        } else if (rank == 1) {
            OK(MPI_Mprobe(0, 0, MPI_COMM_WORLD, &messages[0], &status));
            STATUS_IS(status, 0, 0, bytes);
            do {
                OK(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &messages[1],
                               &status));
            } while (!flag);
            STATUS_IS(status, 0, 0, bytes);
            OK(MPI_Recv(buffer, bytes, MPI_BYTE, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status));
            STATUS_IS(status, 0, 0, bytes);
            HOLDS(buffer, bytes, 2); // neither 0 nor 1
            OK(MPI_Mprobe(0, 1, MPI_COMM_WORLD, &messages[4], MPI_STATUS_IGNORE));
            OK(MPI_Mprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &messages[3], &status));
            OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &status));
            CHECK(!flag, "all messages were taken, but one with tag %d is seen", status.MPI_TAG);
            OK(MPI_Improbe(0, 0, MPI_COMM_WORLD, &flag, &message, &status));
            CHECK(!flag, "all messages were taken, but Improbe finds one");

            OK(MPI_Imrecv(parts[4], bytes, MPI_BYTE, &messages[4], &requests[0]));
            CHECK(messages[4] == MPI_MESSAGE_NULL, "the message is not null after Imrecv");
            OK(MPI_Mrecv(parts[1], bytes, MPI_BYTE, &messages[1], &status));
            CHECK(messages[1] == MPI_MESSAGE_NULL, "the message is not null after Mrecv");
            STATUS_IS(status, 0, 0, bytes);
            HOLDS(parts[1], bytes, 1);
            OK(MPI_Imrecv(parts[3], bytes, MPI_BYTE, &messages[3], &requests[1]));
            OK(MPI_Mrecv(parts[0], bytes, MPI_BYTE, &messages[0], MPI_STATUS_IGNORE));
            HOLDS(parts[0], bytes, 0);
            MPI_Status both[2];
            OK(MPI_Waitall(2, requests, both));
            STATUS_IS(both[0], 0, 1, bytes);
            STATUS_IS(both[1], 0, 0, bytes);
            HOLDS(parts[4], bytes, 4);
            HOLDS(parts[3], bytes, 3);
        }
        for (int i = 0; i < N; i++) {
            free(parts[i]);
        }
    }
    OK(MPI_Mprobe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &message, &status));
    CHECK(message == MPI_MESSAGE_NO_PROC, "Mprobe from MPI_PROC_NULL gives a message");
    STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
    OK(MPI_Mrecv(buffer, 10, MPI_BYTE, &message, &status));
    CHECK(message == MPI_MESSAGE_NULL, "the message is not null after Mrecv");
    STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
    OK(MPI_Improbe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &flag, &message, &status));
    CHECK(flag && message == MPI_MESSAGE_NO_PROC, "Improbe from MPI_PROC_NULL: flag %d", flag);
    OK(MPI_Imrecv(buffer, 10, MPI_BYTE, &message, &requests[0]));
    OK(MPI_Wait(&requests[0], &status));
    STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
    free(buffer);
    return finish();
}
