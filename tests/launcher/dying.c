// SPDX-License-Identifier: MIT
// dying TIMES: spawns a world of one TIMES times, which is killed after a while, each time a little
// later: before it has come to MPI, while it connects, and after that. Each spawn comes to an end,
// and so does what is done with a world that was there. worlds_end.sh runs it.
#define _GNU_SOURCE
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LATEST_US = 12000 };

static void die_in(long us)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec when = {.it_value = {us / 1000000, us % 1000000 * 1000 + 1}};
    timer_t timer;

    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &when, NULL);
}

int main(int argc, char **argv)
{
    int times = atoi(argv[1]), spawned = 0, number = 0;
    char us[16], *arguments[] = {argv[1], us, NULL};
    MPI_Comm parent, child;

    if (argc > 2) {
        die_in(atol(argv[2]));
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        MPI_Recv(&number, 1, MPI_INT, 0, 0, parent, MPI_STATUS_IGNORE);
        MPI_Finalize();
        return 0;
    }
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    for (int i = 0; i < times; i++) {
        snprintf(us, sizeof us, "%d", (int)((long)LATEST_US * i / times));
        if (MPI_Comm_spawn(argv[0], arguments, 1, MPI_INFO_NULL, 0, MPI_COMM_SELF, &child,
                           MPI_ERRCODES_IGNORE)) {
            continue;
        }
        spawned++;
        MPI_Recv(&number, 1, MPI_INT, 0, 0, child, MPI_STATUS_IGNORE); // which never comes
        MPI_Comm_disconnect(&child);
    }
    printf("%d of %d were there for a while\n", spawned, times);
    MPI_Finalize();
    return 0;
}
