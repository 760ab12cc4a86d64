// SPDX-License-Identifier: MIT
// ranks: 2
// expect: exit 3
// says: MPI_Allreduce: rank 1 gives data of the type MPI_INT64_T where this rank has MPI_DOUBLE
// Ranks that disagree about the type of a collective operation are told both types, though they are
// of one size.
#include "check.h"

int main(int argc, char **argv)
{
    double in[4] = {0}, out[4];

    start(&argc, &argv);
    MPI_Datatype type = rank == 0 ? MPI_DOUBLE : MPI_LONG;
    if (rank == 1) {
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN); // rank 0 is to tell it
    }
    MPI_Allreduce(in, out, 4, type, MPI_SUM, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    return finish();
}
