// SPDX-License-Identifier: MIT
// ranks: 1 2 5
// timeout: 120
// However many communicators there are at a time, collectives are right on each, blocking and
// nonblocking, short and long.
#include "check.h"

enum { COMMUNICATORS = 700, LONG = 3000 };

static MPI_Comm comms[COMMUNICATORS];

static void use(int i)
{
    static int given[LONG], sum[LONG];
    MPI_Request request;

    for (int k = 0; k < LONG; k++) {
        given[k] = rank + i + k;
    }
    int count = i % 50 == 0 ? LONG : 3;
    OK(MPI_Allreduce(given, sum, count, MPI_INT, MPI_SUM, comms[i]));
    for (int k = 0; k < count; k++) {
        int expected = size * (i + k) + size * (size - 1) / 2;
        CHECK(sum[k] == expected, "communicator %d, element %d: %d, not %d", i, k, sum[k],
              expected);
    }
    int word = rank == i % size ? i : -1;
    OK(MPI_Ibcast(&word, 1, MPI_INT, i % size, comms[i], &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(word == i, "communicator %d: %d", i, word);
}

int main(int argc, char **argv)
{
    OK(MPI_Init(&argc, &argv));
    OK(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    OK(MPI_Comm_size(MPI_COMM_WORLD, &size));
    for (int i = 0; i < COMMUNICATORS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
        if (i < COMMUNICATORS / 2) {
            use(i);
        }
    }
    for (int i = COMMUNICATORS - 1; i >= 0; i--) {
        use(i);
    }
    for (int i = 0; i < COMMUNICATORS; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    OK(MPI_Finalize());
    return 0;
}
