// SPDX-License-Identifier: MIT
// A rank that dies by a signal ends a job in which others are in the middle of a large transfer
// that does not concern it; the status is 128 and the signal.
//
// expect: exit 143
// says: rank 2
// ranks: 3
#include "check.h"
#include <signal.h>

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *buffer = room(64 << 20);
    memset(buffer, 0, 64 << 20);
    if (rank == 2) {
        nap(30);
        raise(SIGTERM);
    }
    for (;;) {
        MPI_Sendrecv_replace(buffer, 64 << 20, MPI_BYTE, 1 - rank, 1, 1 - rank, 1, MPI_COMM_WORLD,
                             MPI_STATUS_IGNORE);
    }
}
