// SPDX-License-Identifier: MIT
// A send that is complete needs nothing more of its sender: the message arrives, although the
// sender stays outside MPI (MPI 5.0, 3.5, progress). It is the first one between two ranks, which
// may have to be connected, and many, more than the channel takes at once.
// ranks: 2 3
#define _GNU_SOURCE
#include "outside.h"

enum { MESSAGES = 400, BYTES = 4000 };

static char buffer[BYTES];
static MPI_Request requests[MESSAGES];
static int processes[3];

// The receiver takes nothing for a moment, so that all there is room for is full.
static void receive(int count, int from)
{
    usleep(100000);
    for (int i = 0; i < count; i++) {
        OK(MPI_Recv(buffer, BYTES, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    outside_tell(processes[from]);
}

int main(int argc, char **argv)
{
    outside_start();
    start(&argc, &argv);
    int mine = getpid(), last = size - 1;
    // To rank 0 and back: the last two have not met.
    OK(MPI_Gather(&mine, 1, MPI_INT, processes, 1, MPI_INT, 0, MPI_COMM_WORLD));
    for (int to = 1; to < size && rank == 0; to++) {
        OK(MPI_Send(processes, size, MPI_INT, to, 1, MPI_COMM_WORLD));
    }
    if (rank > 0) {
        OK(MPI_Recv(processes, size, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    for (int round = 0; round < 4; round++) {
        int count = round == 0 ? 1 : MESSAGES;
        if (rank == last) {
            receive(count, last - 1);
        } else if (rank == last - 1 && round < 2) {
            for (int i = 0; i < count; i++) {
                OK(MPI_Send(buffer, BYTES, MPI_BYTE, last, 0, MPI_COMM_WORLD));
            }
            outside_await("the messages have arrived");
        } else if (rank == last - 1) {
            for (int i = 0; i < count; i++) {
                OK(MPI_Isend(buffer, BYTES, MPI_BYTE, last, 0, MPI_COMM_WORLD, &requests[i]));
            }
            if (round == 2) {
                OK(MPI_Waitall(count, requests, MPI_STATUSES_IGNORE));
            } else {
                for (int i = 0; i < count; i++) {
                    OK(MPI_Wait(&requests[i], MPI_STATUS_IGNORE));
                }
            }
            outside_await("the messages have arrived");
        }
    }
    return finish();
}
