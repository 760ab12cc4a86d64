// SPDX-License-Identifier: MIT
// A partition that is ready arrives though others are not, small or large, and nothing else does.
// ranks: 2
#include "check.h"

enum { PARTS = 6 };

static void wait_for(MPI_Request request, int partition)
{
    int flag = 0;
    while (!flag) {
        OK(MPI_Parrived(request, partition, &flag));
    }
}

int main(int argc, char **argv)
{
    static const int order[PARTS] = {4, 1, 5, 0, 3, 2};
    static const int bytes_of[] = {0, 1, 500, 40000, 3 << 20};
    start(&argc, &argv);
    for (size_t b = 0; b < COUNT_OF(bytes_of); b++) {
        int bytes = bytes_of[b];
        char *memory = room((size_t)bytes * PARTS);
        MPI_Request request;
        if (rank == 0) {
            OK(MPI_Psend_init(memory, PARTS, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_INFO_NULL,
                              &request));
            OK(MPI_Start(&request));
            for (int i = 0; i < PARTS; i++) {
                size_t at = (size_t)order[i] * (size_t)bytes;
                fill(memory + at, (size_t)bytes, (unsigned)order[i]);
                OK(MPI_Pready(order[i], request));
                // Not on to the next one before the receiver has seen this one. With no bytes it
                // can only be told by the end.
                if (bytes) {
                    OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                }
            }
        } else {
            OK(MPI_Precv_init(memory, PARTS, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_INFO_NULL,
                              &request));
            OK(MPI_Start(&request));
            for (int i = 0; bytes && i < PARTS; i++) {
                wait_for(request, order[i]);
                HOLDS(memory + (size_t)order[i] * (size_t)bytes, bytes, (unsigned)order[i]);
                for (int later = i + 1; later < PARTS; later++) {
                    int flag = -1;
                    OK(MPI_Parrived(request, order[later], &flag));
                    CHECK(flag == 0, "partition %d arrived and was not sent", order[later]);
                }
                OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_WORLD));
            }
        }
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        OK(MPI_Request_free(&request));
        free(memory);
    }

    // A partition of the receiver that two of the sender's make up needs both.
    int data[4] = {1, 2, 3, 4}, flag = -1;
    MPI_Request request;
    if (rank == 0) {
        OK(MPI_Psend_init(data, 4, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &request));
        OK(MPI_Start(&request));
        OK(MPI_Pready(3, request));
        OK(MPI_Pready(0, request));
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        OK(MPI_Pready(2, request));
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        OK(MPI_Pready(1, request));
    } else {
        memset(data, 0, sizeof data);
        OK(MPI_Precv_init(data, 2, 2, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &request));
        OK(MPI_Start(&request));
        nap(20);
        OK(MPI_Parrived(request, 0, &flag));
        CHECK(!flag, "half of partition 0 is missing");
        OK(MPI_Parrived(request, 1, &flag));
        CHECK(!flag, "half of partition 1 is missing");
        OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_WORLD));
        wait_for(request, 1);
        CHECK(data[2] == 3 && data[3] == 4, "%d %d", data[2], data[3]);
        OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_WORLD));
        wait_for(request, 0);
        CHECK(data[0] == 1 && data[1] == 2, "%d %d", data[0], data[1]);
    }
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    OK(MPI_Request_free(&request));
    return finish();
}
