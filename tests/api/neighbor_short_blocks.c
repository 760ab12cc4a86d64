// SPDX-License-Identifier: MIT
// Where counts are given per neighbour, a block may be shorter than the room for it, or empty, and
// what goes along another edge to the same rank is not taken for it. On a ring of two both
// neighbours are the same rank, on a ring of one they are the rank itself.
//
// ranks: 1 2 3
#include "check.h"

int main(int argc, char **argv)
{
    int around[1] = {1}, sent[2][4], got[2][4], room_counts[2] = {4, 4}, displs[2] = {0, 4};
    MPI_Comm ring;
    start(&argc, &argv);
    OK(MPI_Cart_create(MPI_COMM_WORLD, 1, &size, around, 0, &ring));
    for (int left = 0; left <= 4; left++) {
        for (int right = 0; right <= 4; right++) {
            int counts[2] = {left, right};
            for (int i = 0; i < 4; i++) {
                sent[0][i] = 1000 * rank + i;
                sent[1][i] = 1000 * rank + 100 + i;
                got[0][i] = got[1][i] = -1;
            }
            OK(MPI_Neighbor_alltoallv(sent, counts, displs, MPI_INT, got, room_counts, displs,
                                      MPI_INT, ring));
            int below = (rank + size - 1) % size, above = (rank + 1) % size;
            for (int i = 0; i < 4; i++) { // from below comes what was sent to the right
                int from_below = i < right ? 1000 * below + 100 + i : -1;
                int from_above = i < left ? 1000 * above + i : -1;
                CHECK(got[0][i] == from_below && got[1][i] == from_above,
                      "%d to the left, %d to the right: got %d and %d, expected %d and %d", left,
                      right, got[0][i], got[1][i], from_below, from_above);
            }
        }
    }
    OK(MPI_Comm_free(&ring));
    return finish();
}
