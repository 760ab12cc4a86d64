// SPDX-License-Identifier: MIT
// MPI_Comm_idup: several under way at once, on several communicators, among other collectives,
// and completed in any order; each result is a communicator of its own.
// ranks: 1 2 3 5
#include "check.h"

enum { COPIES = 12 };

int main(int argc, char **argv)
{
    MPI_Comm parents[3], copies[COPIES];
    MPI_Request requests[COPIES];
    start(&argc, &argv);
    parents[0] = MPI_COMM_WORLD;
    MPI_Comm_dup(MPI_COMM_WORLD, &parents[1]);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, 0, &parents[2]);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < COPIES; i++) {
            // Ranks of different parity reach the third parent at different times.
            MPI_Comm parent = parents[i % 3 == 2 ? 2 : (i + 1) % 2];
            if (i % 3 == 2 && rank % 2) {
                OK(MPI_Barrier(parents[2]));
            }
            OK(MPI_Comm_idup(parent, &copies[i], &requests[i]));
            if (i == 5) {
                MPI_Comm dup;
                OK(MPI_Comm_dup(MPI_COMM_WORLD, &dup));
                OK(MPI_Comm_free(&dup));
            }
        }
        for (int i = 0; i < COPIES; i++) {
            OK(MPI_Wait(&requests[(i * 5 + rank) % COPIES], MPI_STATUS_IGNORE));
        }
        for (int i = 0; i < COPIES; i++) {
            int n, sum = 0, result;
            MPI_Comm_size(copies[i], &n);
            OK(MPI_Allreduce(&(int){i + 1}, &sum, 1, MPI_INT, MPI_SUM, copies[i]));
            CHECK(sum == n * (i + 1), "copy %d: sum is %d of %d", i, sum, n);
            MPI_Comm_compare(copies[i], parents[i % 3 == 2 ? 2 : (i + 1) % 2], &result);
            CHECK(result == MPI_CONGRUENT, "copy %d: compare gives %d", i, result);
        }
        for (int i = 0; i < COPIES; i++) {
            OK(MPI_Comm_free(&copies[i]));
        }
    }
    MPI_Comm_free(&parents[1]);
    MPI_Comm_free(&parents[2]);
    return finish();
}
