// SPDX-License-Identifier: MIT
// Probe and Iprobe show the message that the next receive with their source and tag gets, and leave
// it there; Iprobe for what was not sent says no; a probe with wildcards sees the earliest.
// ranks: 2 4
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *buffer = room(LARGEST);
    MPI_Status seen, got;
    int flag = 1;
    OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &seen));
    CHECK(!flag, "a message from %d with tag %d that nobody sent", seen.MPI_SOURCE, seen.MPI_TAG);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        if (rank > 0) {
            fill(buffer, (size_t)bytes, (unsigned)rank);
            OK(MPI_Send(buffer, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD));
            OK(MPI_Send(buffer, bytes, MPI_BYTE, 0, 2, MPI_COMM_WORLD));
            OK(MPI_Ssend(buffer, bytes / 2, MPI_BYTE, 0, 1, MPI_COMM_WORLD));
        } else {
            for (int n = 0; n < size - 1; n++) {
                if (n % 2) {
                    OK(MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &seen));
                } else {
                    flag = 0;
                    while (!flag) {
                        OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &seen));
                    }
                }
                int source = seen.MPI_SOURCE;
                STATUS_IS(seen, source, 1, bytes);
                OK(MPI_Probe(source, MPI_ANY_TAG, MPI_COMM_WORLD, &seen)); // still there
                STATUS_IS(seen, source, 1, bytes);
                OK(MPI_Iprobe(source, 77, MPI_COMM_WORLD, &flag, &seen));
                CHECK(!flag, "a message with tag 77");
                OK(MPI_Recv(buffer, bytes, MPI_BYTE, source, 1, MPI_COMM_WORLD, &got));
                STATUS_IS(got, source, 1, bytes);
                HOLDS(buffer, bytes, (unsigned)source);
                OK(MPI_Probe(source, MPI_ANY_TAG, MPI_COMM_WORLD, &seen));
                STATUS_IS(seen, source, 2, bytes);
                OK(MPI_Recv(buffer, bytes, MPI_BYTE, source, MPI_ANY_TAG, MPI_COMM_WORLD, &got));
                STATUS_IS(got, source, 2, bytes);
                OK(MPI_Probe(source, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                OK(MPI_Recv(buffer, bytes / 2, MPI_BYTE, source, 1, MPI_COMM_WORLD, &got));
                STATUS_IS(got, source, 1, bytes / 2);
            }
            OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &seen));
            CHECK(!flag, "a message from %d with tag %d that nobody sent", seen.MPI_SOURCE,
                  seen.MPI_TAG);
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
    }
    free(buffer);
    return finish();
}
