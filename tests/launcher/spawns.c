// SPDX-License-Identifier: MIT
// spawns PARENT CHILD [returns]: the first world does what PARENT says once it has spawned a world
// of two, whose rank 1 does what CHILD says: ends (MPI_Finalize), kill (itself), abort, exit3, wait
// (for the other world, in MPI_Barrier), compute (outside MPI, for long), leave (disconnects, then
// ends), leavekill, leaveexit7, leavelate (disconnects, and writes a line a while later). With
// `returns` the errors of the parent's communicator return, and must be MPI_ERR_PROC_ABORTED.
// worlds_end.sh runs it.
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void act(const char *what, MPI_Comm other, int returns)
{
    int error = MPI_SUCCESS, class;

    if (strncmp(what, "leave", 5) == 0) {
        MPI_Comm_disconnect(&other);
        what += 5;
    }
    if (strcmp(what, "kill") == 0) {
        raise(SIGKILL);
    } else if (strcmp(what, "abort") == 0) {
        MPI_Abort(MPI_COMM_WORLD, 5);
    } else if (strncmp(what, "exit", 4) == 0) {
        _exit(atoi(what + 4));
    } else if (strcmp(what, "compute") == 0) {
        sleep(100);
    } else if (strcmp(what, "late") == 0) {
        usleep(500000);
        puts("late");
    } else if (strcmp(what, "wait") == 0) {
        error = MPI_Barrier(other);
    }
    if (returns) {
        MPI_Error_class(error, &class);
        if (class != MPI_ERR_PROC_ABORTED) {
            fprintf(stderr, "class %d\n", class);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        MPI_Comm_disconnect(&other);
        puts("goes on");
    }
}

int main(int argc, char **argv)
{
    MPI_Comm parent, child;
    int rank, returns = argc > 3;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        act(rank == 1 || argv[2][0] == 'l' || strcmp(argv[2], "ends") == 0 ? argv[2] : "wait",
            parent, 0);
    } else {
        MPI_Comm_spawn(argv[0], argv + 1, 2, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &child,
                       MPI_ERRCODES_IGNORE);
        if (returns) {
            MPI_Comm_set_errhandler(child, MPI_ERRORS_RETURN);
        }
        act(argv[1], child, returns);
    }
    MPI_Finalize();
    return 0;
}
