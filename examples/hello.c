// SPDX-License-Identifier: MIT
// The first program: every rank says who it is.
//
//     mprun -n 4 examples/hello

#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);

    int rank, size, length;
    char processor[MPI_MAX_PROCESSOR_NAME];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(processor, &length);
    printf("Hello from rank %d of %d on %s\n", rank, size, processor);

    MPI_Finalize();
    return 0;
}
