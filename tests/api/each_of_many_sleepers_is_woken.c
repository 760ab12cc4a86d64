// SPDX-License-Identifier: MIT
// A rank that sleeps for near and far messages at once is woken by each message, however many
// others the sender has woken that did not come back to MPI yet. (A socket that wakes has room for
// some 280 that were not read.)
// ranks: 600
// channels: nodes2
// timeout: 60
// not under: asan tsan valgrind
#include "check.h"

enum { OUTSIDE_MS = 1000 };

int main(int argc, char **argv)
{
    MPI_Comm node;
    int near, place;
    double sent = 0;

    start(&argc, &argv);
    OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    OK(MPI_Comm_size(node, &near));
    OK(MPI_Comm_rank(node, &place));
    OK(MPI_Barrier(node));
    if (place == 0) {
        nap(OUTSIDE_MS);
        for (int to = 1; to < near; to++) {
            sent = MPI_Wtime();
            OK(MPI_Send(&sent, 1, MPI_DOUBLE, to, 0, node));
        }
    } else {
        OK(MPI_Recv(&sent, 1, MPI_DOUBLE, 0, 0, node, MPI_STATUS_IGNORE));
        nap(OUTSIDE_MS);
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Comm_free(&node));
    return finish();
}
