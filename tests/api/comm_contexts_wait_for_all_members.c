// SPDX-License-Identifier: MIT
// A context that some ranks have freed is not used again while another one is still on its way out
// of the last operation there, though the next communicator does not have that rank: nobody waits
// for a message, or a post on the board, that was written over.
// ranks: 3 5
// timeout: 60
#include "check.h"

enum { ROUNDS = 400 };

int main(int argc, char **argv)
{
    MPI_Group world, others;
    start(&argc, &argv);
    OK(MPI_Comm_group(MPI_COMM_WORLD, &world));
    for (int i = 0; i < ROUNDS; i++) {
        MPI_Comm all, some;
        int excluded = i % size, sum = 0;
        OK(MPI_Comm_split(MPI_COMM_WORLD, 0, rank, &all));
        OK(MPI_Barrier(all));
        OK(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, all));
        CHECK(sum == size * (size - 1) / 2, "round %d: sum %d", i, sum);
        OK(MPI_Barrier(all));
        OK(MPI_Comm_free(&all));
        if (rank == excluded) {
            continue;
        }
        OK(MPI_Group_excl(world, 1, &excluded, &others));
        OK(MPI_Comm_create_group(MPI_COMM_WORLD, others, i, &some));
        OK(MPI_Barrier(some));
        OK(MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, some));
        CHECK(sum == size * (size - 1) / 2 - excluded, "round %d: sum %d of some", i, sum);
        OK(MPI_Comm_free(&some));
        OK(MPI_Group_free(&others));
    }
    OK(MPI_Group_free(&world));
    return finish();
}
