// SPDX-License-Identifier: MIT
// Once a receive is over, the send that it met can be completed without another MPI call of the
// receiver (MPI 5.0, 3.5, progress). The receiver takes more messages than its answers find room
// for while the sender is outside MPI, then stays outside MPI itself until the sender has
// completed them all: short and long synchronous sends, and long standard ones.
// ranks: 2
// not under: check
#define _GNU_SOURCE
#include "outside.h"

// A ring has 128 cells, and the kernel's socket holds some hundreds of short packets.
enum { BATCH = 90, BATCHES = 8, MESSAGES = BATCH * BATCHES, LONG = 32 << 10 };

static char buffer[LONG];
static MPI_Request requests[MESSAGES];
static int other; // the other rank's process

static void send_all(int bytes, int synchronous)
{
    for (int i = 0; i < MESSAGES; i++) {
        if (synchronous) {
            OK(MPI_Issend(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]));
        } else {
            OK(MPI_Isend(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]));
        }
        if (i % BATCH == BATCH - 1) {
            outside_await("a batch has been received");
        }
    }
    OK(MPI_Waitall(MESSAGES, requests, MPI_STATUSES_IGNORE));
    outside_tell(other);
}

static void receive_all(int bytes)
{
    int received = 0, all = 0;
    for (int i = 0; i < MESSAGES; i++) {
        OK(MPI_Irecv(buffer, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &requests[i]));
    }
    for (int batch = 1; batch <= BATCHES; batch++) {
        // As many of the batch as are over soon.
        double end = MPI_Wtime() + 0.05;
        while (received < batch * BATCH && MPI_Wtime() < end) {
            int flag;
            OK(MPI_Test(&requests[received], &flag, MPI_STATUS_IGNORE));
            received += flag != 0;
        }
        outside_tell(other);
    }
    while (!all) {
        OK(MPI_Testall(MESSAGES, requests, &all, MPI_STATUSES_IGNORE));
    }
    outside_await("the sender has completed its sends");
}

int main(int argc, char **argv)
{
    int mine = getpid();
    outside_start();
    start(&argc, &argv);
    OK(MPI_Sendrecv(&mine, 1, MPI_INT, 1 - rank, 0, &other, 1, MPI_INT, 1 - rank, 0, MPI_COMM_WORLD,
                    MPI_STATUS_IGNORE));
    for (int kind = 0; kind < 3; kind++) {
        int bytes = kind == 0 ? 8 : LONG;
        if (rank == 0) {
            send_all(bytes, kind < 2);
        } else {
            receive_all(bytes);
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
    }
    return finish();
}
