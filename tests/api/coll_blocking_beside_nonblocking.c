// SPDX-License-Identifier: MIT
// Blocking operations go on while short and long nonblocking ones that were begun before them are
// under way, many more of both than a board has posts for; those are completed last one first.
// ranks: 2 3 4
#include "check.h"

enum { ROUNDS = 120, LONG = 1 << 18, EACH = 3 };

static long inputs[ROUNDS], sums[ROUNDS], longs[LONG];
static MPI_Request requests[ROUNDS + 1];

// Nobody waits for the others in a broadcast but who needs its data.
static void blocking(int round)
{
    long value = round, sum;
    MPI_Bcast(&value, 1, MPI_LONG, round % size, MPI_COMM_WORLD);
    CHECK(value == round, "%ld", value);
    if (round % 7 == 0) {
        MPI_Allreduce(&value, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
        CHECK(sum == (long)round * size, "%ld", sum);
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int i = 0; i < LONG && rank == 0; i++) {
        longs[i] = i;
    }
    MPI_Ibcast(longs, LONG, MPI_LONG, 0, MPI_COMM_WORLD, &requests[ROUNDS]);
    for (int i = 0; i < ROUNDS; i++) {
        blocking(i);
    }
    for (int i = 0; i < ROUNDS; i++) {
        inputs[i] = i + rank;
        MPI_Iallreduce(&inputs[i], &sums[i], 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD, &requests[i]);
        for (int k = 0; k < i % EACH; k++) {
            blocking(i + k);
        }
    }
    for (int i = ROUNDS; i >= 0; i--) {
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(sums[i] == (long)i * size + (long)size * (size - 1) / 2, "%ld", sums[i]);
    }
    for (int i = 0; i < LONG; i++) {
        CHECK(longs[i] == i, "%ld", longs[i]);
    }
    return finish();
}
