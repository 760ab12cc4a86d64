// SPDX-License-Identifier: MIT
// The empty MPI program: what is measured is its start and its end. See spawn.c.
#include <mpi.h>

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Finalize();
    return 0;
}
