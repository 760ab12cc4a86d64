// SPDX-License-Identifier: MIT
// What ranks tell those that they wait for is forgotten, whatever communicator it was told on: one
// that is only duplicated, an intercommunicator, the communicators of its groups. Each rank in turn
// is late; memory stays where it was.
// ranks: 6
// channels: shm nodes2
// timeout: 120
// not under: asan tsan valgrind
#include "check.h"

#include <unistd.h>

enum { TIMES = 1200, DUPLICATES = 9000, LATE = 400, SLACK = 150 }; // of memory: KB

static MPI_Comm half, between;

static void duplicate(void)
{
    int in = 1, out;
    MPI_Request request;
    MPI_Comm made;
    OK(MPI_Comm_idup(MPI_COMM_WORLD, &made, &request));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    OK(MPI_Reduce(&in, &out, 1, MPI_INT, MPI_SUM, 0, made));
    OK(MPI_Comm_free(&made));
}

static void duplicate_between(void)
{
    MPI_Comm made;
    OK(MPI_Comm_dup(between, &made));
    OK(MPI_Comm_free(&made));
}

static void barrier_between(void)
{
    OK(MPI_Barrier(between));
}

static void sum_between(void)
{
    double in = 1, out;
    OK(MPI_Allreduce(&in, &out, 1, MPI_DOUBLE, MPI_SUM, between));
}

static long private_kilobytes(void)
{
    char line[200];
    long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file) &&
           sscanf(line, "RssAnon: %ld", &kilobytes) != 1) {
    }
    if (file) {
        fclose(file);
    }
    return kilobytes;
}

static void stays(const char *what, void (*call)(void), int times, int late)
{
    long before = 0;
    for (int i = 0; i < times; i++) {
        if (i == times / 4) {
            before = private_kilobytes();
        }
        if (late > 0 && i % size == rank) {
            usleep((useconds_t)late);
        }
        call();
    }
    long after = private_kilobytes();
    CHECK(after <= before + SLACK, "%s: %ld KB, then %ld", what, before, after);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half));
    OK(MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - rank % 2, 7, &between));
    stays("MPI_Comm_idup", duplicate, DUPLICATES, 0);
    stays("MPI_Comm_dup of an intercommunicator", duplicate_between, TIMES, LATE);
    stays("MPI_Barrier", barrier_between, TIMES, LATE);
    stays("MPI_Allreduce", sum_between, TIMES, LATE);
    OK(MPI_Comm_free(&between));
    OK(MPI_Comm_free(&half));
    return finish();
}
