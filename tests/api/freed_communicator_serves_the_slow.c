// SPDX-License-Identifier: MIT
// A rank that comes late to the last collective of a communicator gets its data, though the others
// have left, freed the communicator and made another one among themselves.
// ranks: 3 5
#include "check.h"

enum { ROUNDS = 5, WORDS = 3 };

static int word_of(int round, int what, int i)
{
    return round * 1000 + what * 100 + i;
}

static void bcast(MPI_Comm comm, int round, int what, int root)
{
    int words[WORDS];
    for (int i = 0; i < WORDS; i++) {
        words[i] = root ? word_of(round, what, i) : -1;
    }
    OK(MPI_Bcast(words, WORDS, MPI_INT, 0, comm));
    for (int i = 0; i < WORDS; i++) {
        CHECK(words[i] == word_of(round, what, i), "round %d, broadcast %d: %d", round, what,
              words[i]);
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int round = 0; round < ROUNDS; round++) {
        MPI_Comm all, even;
        MPI_Group world, half;
        int range[1][3] = {{0, size - 1, 2}};
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &all));
        bcast(all, round, 0, rank == 0);
        if (rank == 1) {
            nap(100);
        }
        bcast(all, round, 1, rank == 0);
        OK(MPI_Comm_free(&all));
        if (rank % 2 == 0) {
            OK(MPI_Comm_group(MPI_COMM_WORLD, &world));
            OK(MPI_Group_range_incl(world, 1, range, &half));
            OK(MPI_Comm_create_group(MPI_COMM_WORLD, half, 0, &even));
            bcast(even, round, 2, rank == 0);
            bcast(even, round, 3, rank == 0);
            bcast(even, round, 4, rank == 0);
            OK(MPI_Comm_free(&even));
            OK(MPI_Group_free(&half));
            OK(MPI_Group_free(&world));
        }
    }
    OK(MPI_Finalize());
    return 0;
}
