// SPDX-License-Identifier: MIT
// Ranks that are many nonblocking operations ahead, now the one and now the other, do not write
// over a post that another has yet to take: each operation ends.
// ranks: 2 3
// channels: shm
// timeout: 120
#include "check.h"

enum { ROUNDS = 10000, UNDER_WAY = 200, PAUSE_EACH = 64, PAUSE = 4000 };

static unsigned state;
static unsigned below(unsigned end)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % end;
}

static void pause_for(unsigned steps)
{
    for (volatile unsigned i = 0; i < steps; i++) {
    }
}

int main(int argc, char **argv)
{
    static MPI_Request requests[UNDER_WAY];
    start(&argc, &argv);
    state = (unsigned)rank + 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < UNDER_WAY; i++) {
            MPI_Ibarrier(MPI_COMM_WORLD, &requests[i]);
            if (below(PAUSE_EACH) == 0) {
                pause_for(below(PAUSE));
            }
        }
        MPI_Waitall(UNDER_WAY, requests, MPI_STATUSES_IGNORE);
    }
    return finish();
}
