// SPDX-License-Identifier: MIT
// waits_for_worlds CASE: ranks of several worlds that wait for each other.
// deadlocks_across_worlds.sh runs it. Of a first world of two, rank 0 is the root, and a second
// world of two is spawned:
//   recv     rank 1 of the second waits for a message from rank 0, which waits for one from it
//   chain    the same, by way of rank 1: 0 waits for 1, which waits for 1.1, which waits for 0
//   ssend    both send first, with MPI_Ssend
//   barrier  the second is in a barrier of both, which the first never comes to
//   accept   waits for somebody who connects: that may yet happen
//   works    waits for rank 1 of the second, which computes for a while before it sends
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void first(const char *what, int rank, MPI_Comm other)
{
    char port[MPI_MAX_PORT_NAME];
    int number = 0;

    if (strcmp(what, "chain") == 0) {
        if (rank == 0) {
            MPI_Recv(&number, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(&number, 1, MPI_INT, 1, 0, other, MPI_STATUS_IGNORE);
        }
    } else if (rank == 0 && strcmp(what, "ssend") == 0) {
        MPI_Ssend(&number, 1, MPI_INT, 1, 0, other);
    } else if (rank == 0 && strcmp(what, "accept") == 0) {
        MPI_Open_port(MPI_INFO_NULL, port);
        MPI_Comm_accept(port, MPI_INFO_NULL, 0, MPI_COMM_SELF, &other);
    } else if (rank == 0) {
        MPI_Recv(&number, 1, MPI_INT, 1, 0, other, MPI_STATUS_IGNORE);
    }
}

static void second(const char *what, int rank, MPI_Comm parent)
{
    int number = 0;

    if (strcmp(what, "barrier") == 0) {
        MPI_Barrier(parent);
    } else if (rank == 1 && strcmp(what, "ssend") == 0) {
        MPI_Ssend(&number, 1, MPI_INT, 0, 0, parent);
    } else if (rank == 1 && strcmp(what, "works") == 0) {
        sleep(2);
        MPI_Send(&number, 1, MPI_INT, 0, 0, parent);
    } else if (rank == 1) {
        MPI_Recv(&number, 1, MPI_INT, 0, 0, parent, MPI_STATUS_IGNORE);
    }
}

int main(int argc, char **argv)
{
    MPI_Comm parent, child;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        second(argv[1], rank, parent);
        MPI_Comm_disconnect(&parent);
    } else {
        MPI_Comm_spawn(argv[0], argv + 1, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &child,
                       MPI_ERRCODES_IGNORE);
        first(argv[1], rank, child);
        MPI_Comm_disconnect(&child);
    }
    MPI_Finalize();
    return 0;
}
