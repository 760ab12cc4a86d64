// SPDX-License-Identifier: MIT
// A request is over when its own last packet is in the peer's reach, however many answers of other
// requests still wait for room there (MPI 5.0, 3.5, progress): the peer need not come to MPI again
// for it. Rank 1 sends many synchronous messages and then stays outside MPI: first when one in the
// middle is complete, so rank 0 must be told of that receive by its own library; then when it has
// received a message that rank 0 sent behind all its answers.
// ranks: 2
#define _GNU_SOURCE
#include "outside.h"

// A ring has 128 cells.
enum { MESSAGES = 1000, MIDDLE = 150, ROUNDS = 300, FEW = 300 };

static MPI_Request requests[MESSAGES];
static char sent[MESSAGES], received[MESSAGES];
static int other; // the other rank's process

static void begin(int messages)
{
    for (int i = 0; i < messages && rank == 1; i++) {
        OK(MPI_Issend(&sent[i], 1, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &requests[i]));
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    for (int i = 0; i < messages && rank == 0; i++) {
        OK(MPI_Irecv(&received[i], 1, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]));
    }
}

// The one that stays outside tells when, since it may take part no more: so the other's wait is
// shown to end without it.
static void end(int messages, const char *what)
{
    if (rank == 0) {
        outside_tell(other);
    } else {
        outside_await(what);
    }
    OK(MPI_Waitall(messages, requests, MPI_STATUSES_IGNORE));
    OK(MPI_Barrier(MPI_COMM_WORLD));
}

int main(int argc, char **argv)
{
    int mine = getpid();
    outside_start();
    start(&argc, &argv);
    OK(MPI_Sendrecv(&mine, 1, MPI_INT, 1 - rank, 0, &other, 1, MPI_INT, 1 - rank, 0, MPI_COMM_WORLD,
                    MPI_STATUS_IGNORE));
    for (int round = 0; round < 3; round++) {
        begin(MESSAGES);
        OK(MPI_Wait(&requests[MIDDLE], MPI_STATUS_IGNORE));
        end(MESSAGES, "the receive is over");
    }
    for (int round = 0; round < ROUNDS; round++) {
        begin(FEW);
        if (rank == 0) {
            OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 1, MPI_COMM_WORLD));
        } else {
            OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        }
        end(FEW, "the message behind the answers is sent");
    }
    return finish();
}
