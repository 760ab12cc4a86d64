// SPDX-License-Identifier: MIT
// Once a receive is over, the send that it met can be completed without another MPI call of the
// receiver (MPI 5.0, 3.5, progress). The receiver takes more messages than its answers find room
// for while the sender is outside MPI, then stays outside MPI itself until the sender has
// completed them all. So it is with messages that are copied, and with synchronous ones.
// ranks: 2
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

// Some channel keeps 128 packets, a socket of the kernel some hundreds of short ones.
enum { BATCH = 90, BATCHES = 8, MESSAGES = BATCH * BATCHES, LONG = 32 << 10, PATIENCE = 20 };

static char buffer[LONG];
static MPI_Request requests[MESSAGES];
static int other; // the other rank's process

static void tell(void)
{
    CHECK(kill(other, SIGRTMIN) == 0, "kill: %s", strerror(errno));
}

// Outside MPI. (These signals are not merged.)
static void await(const char *what)
{
    sigset_t set;
    struct timespec patience = {PATIENCE, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigtimedwait(&set, NULL, &patience) == SIGRTMIN, "in %d s nobody told that %s", PATIENCE,
          what);
}

static void send_all(int bytes, int synchronous)
{
    for (int i = 0; i < MESSAGES; i++) {
        if (synchronous) {
            OK(MPI_Issend(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]));
        } else {
            OK(MPI_Isend(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &requests[i]));
        }
        if (i % BATCH == BATCH - 1) {
            await("a batch has been received");
        }
    }
    OK(MPI_Waitall(MESSAGES, requests, MPI_STATUSES_IGNORE));
    tell();
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
        tell();
    }
    while (!all) {
        OK(MPI_Testall(MESSAGES, requests, &all, MPI_STATUSES_IGNORE));
    }
    await("the sender has completed its sends");
}

int main(int argc, char **argv)
{
    int mine = getpid();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
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
