// SPDX-License-Identifier: MIT
// More ranks than a chunk has parts for, some with arguments out of the ordinary (a root in place,
// a type with gaps), go the same way in a short scatter or alltoall, after a barrier on the board
// too.
// ranks: 260
// channels: shm
// timeout: 60
// not under: asan tsan valgrind
#include "check.h"

enum { RANKS = 260 };

int main(int argc, char **argv)
{
    static int from[2 * RANKS], to[2 * RANKS];
    MPI_Datatype gapped;
    start(&argc, &argv);
    OK(MPI_Type_create_resized(MPI_INT, 0, 2 * (MPI_Aint)sizeof(int), &gapped));
    OK(MPI_Type_commit(&gapped));
    for (int round = 0; round < 3; round++) {
        int mine = -1, stride = rank % 7 == round ? 2 : 1;
        MPI_Datatype type = stride == 2 ? gapped : MPI_INT;
        OK(MPI_Barrier(MPI_COMM_WORLD));
        for (int i = 0; i < size; i++) {
            from[i * stride] = round + rank * 1000 + i;
        }
        if (rank == 0) {
            OK(MPI_Scatter(from, 1, type, MPI_IN_PLACE, 1, type, 0, MPI_COMM_WORLD));
        } else {
            OK(MPI_Scatter(NULL, 0, MPI_DATATYPE_NULL, &mine, 1, type, 0, MPI_COMM_WORLD));
            CHECK(mine == round + rank, "%d instead of %d", mine, round + rank);
        }
        OK(MPI_Alltoall(from, 1, type, to, 1, type, MPI_COMM_WORLD));
        for (int i = 0; i < size; i++) {
            int wanted = round + i * 1000 + rank;
            CHECK(to[i * stride] == wanted, "block %d is %d instead of %d", i, to[i * stride],
                  wanted);
        }
    }
    OK(MPI_Type_free(&gapped));
    return finish();
}
