// SPDX-License-Identifier: MIT
// meets server|client NAME TIMES|dies: a job that meets another one. jobs_meet.sh runs it.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void find(const char *name, char *port)
{
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    while (MPI_Lookup_name(name, MPI_INFO_NULL, port) != MPI_SUCCESS) {
        usleep(1000);
    }
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ARE_FATAL);
}

int main(int argc, char **argv)
{
    char port[MPI_MAX_PORT_NAME];
    int rank, size, sum, theirs, server, times;
    MPI_Comm inter;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    server = strcmp(argv[1], "server") == 0;
    times = strcmp(argv[3], "dies") == 0 ? 1 : atoi(argv[3]);
    if (server && rank == 0) {
        MPI_Open_port(MPI_INFO_NULL, port);
        MPI_Publish_name(argv[2], MPI_INFO_NULL, port);
    } else if (rank == 0) {
        find(argv[2], port);
    }
    for (int i = 0; i < times; i++) {
        if (server) {
            MPI_Comm_accept(port, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter);
        } else {
            MPI_Comm_connect(port, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter);
        }
        MPI_Comm_remote_size(inter, &theirs);
        MPI_Allreduce(&size, &sum, 1, MPI_INT, MPI_SUM, inter);
        if (sum != theirs * theirs) {
            fprintf(stderr, "the sum is %d\n", sum);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
        if (argv[3][0] == 'd' && !server && rank == 1) {
            _exit(3);
        }
        if (argv[3][0] == 'd') {
            MPI_Barrier(inter);
        }
        MPI_Comm_disconnect(&inter);
    }
    if (server && rank == 0) {
        MPI_Unpublish_name(argv[2], MPI_INFO_NULL, port);
        MPI_Close_port(port);
    }
    MPI_Finalize();
    return 0;
}
