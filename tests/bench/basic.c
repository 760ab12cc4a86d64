// SPDX-License-Identifier: MIT
// The basic figures of an MPI: latency, bandwidth, message rate, barrier, allreduce. Standard MPI
// only, so that the same source can be built against any implementation. Each figure is a median
// over batches; a line reads `name value unit`. Two ranks measure everything, more ranks only the
// collectives. An argument limits the run to figures whose names begin with it.
//     mprun -n 2 tests/bench/basic
//     mprun -n 8 tests/bench/basic barrier
// Read next: run-basic.sh, which compares three MPIs; line.c, what the hardware can do.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 25, WINDOW = 64 };
#define BATCH_SECONDS  0.004
#define FIGURE_SECONDS 0.4

static int rank, size;
static const char *only = "";
static char *buffer;
static int bytes;

typedef void measured(int count);

static void ping_pong(int count)
{
    int peer = 1 - rank;
    for (int i = 0; i < count; i++) {
        if (rank == 0) {
            MPI_Send(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
            MPI_Recv(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
        }
    }
}

static void both_ways(int count)
{
    int peer = 1 - rank;
    for (int i = 0; i < count; i++) {
        MPI_Sendrecv(buffer, bytes, MPI_BYTE, peer, 1, buffer + (4 << 20), bytes, MPI_BYTE, peer, 1,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

// One way: windows of nonblocking messages, answered by one message.
static void stream(int count)
{
    MPI_Request requests[WINDOW];
    MPI_Status statuses[WINDOW];
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < WINDOW; k++) {
            if (rank == 0) {
                MPI_Isend(buffer, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &requests[k]);
            } else {
                MPI_Irecv(buffer, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &requests[k]);
            }
        }
        MPI_Waitall(WINDOW, requests, statuses);
        if (rank == 0) {
            MPI_Recv(buffer, 1, MPI_BYTE, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Send(buffer, 1, MPI_BYTE, 0, 2, MPI_COMM_WORLD);
        }
    }
}

static void barrier(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

static void allreduce(int count)
{
    double mine = 1, sum;
    for (int i = 0; i < count; i++) {
        MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    }
}

static void broadcast(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Bcast(buffer, bytes, MPI_BYTE, i % size, MPI_COMM_WORLD);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double timed(measured *function, int count)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    function(count);
    return MPI_Wtime() - start;
}

// Seconds that one step of the function takes: a batch is made long enough for the clock, and there
// are as many batches as fit the time.
static double seconds_per_step(measured *function)
{
    int count = 1;
    for (int again = 1; again;) {
        double seconds = timed(function, count);
        again = seconds < BATCH_SECONDS;
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
        if (again) {
            count *= 2;
        }
    }
    double times[BATCHES], total = 0;
    int done = 0;
    for (int again = 1; again;) {
        double seconds = timed(function, count);
        times[done++] = seconds / count;
        total += seconds;
        again = done < BATCHES && (total < FIGURE_SECONDS || done < 5);
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    qsort(times, (size_t)done, sizeof(double), ascending);
    return times[done / 2];
}

static void say(const char *name, double value, const char *unit)
{
    if (rank == 0) {
        printf("%s %.6g %s\n", name, value, unit);
        fflush(stdout);
    }
}

static int wanted(const char *name)
{
    return strncmp(name, only, strlen(only)) == 0;
}

static const char *size_name(int n)
{
    static char text[16];
    if (n >= 1 << 20) {
        snprintf(text, sizeof(text), "%dM", n >> 20);
    } else if (n >= 1 << 10) {
        snprintf(text, sizeof(text), "%dK", n >> 10);
    } else {
        snprintf(text, sizeof(text), "%d", n);
    }
    return text;
}

static void two_ranks(void)
{
    static const int latencies[] = {0,    8,    64,    256,   1024,  2048,
                                    4096, 8192, 16384, 24576, 32768, 65536};
    static const int bandwidths[] = {32768, 65536, 131072, 262144, 1 << 20, 4 << 20};
    char name[64];
    for (size_t i = 0; i < sizeof(latencies) / sizeof(*latencies); i++) {
        bytes = latencies[i];
        snprintf(name, sizeof(name), "latency-%s", size_name(bytes));
        if (wanted(name)) {
            say(name, seconds_per_step(ping_pong) / 2 * 1e9, "ns");
        }
    }
    for (size_t i = 0; i < sizeof(bandwidths) / sizeof(*bandwidths); i++) {
        bytes = bandwidths[i];
        snprintf(name, sizeof(name), "bandwidth-%s", size_name(bytes));
        if (wanted(name)) {
            say(name, bytes / (seconds_per_step(ping_pong) / 2) * 1e-9, "GB/s");
        }
    }
    bytes = 1 << 20;
    if (wanted("bidirectional-1M")) {
        say("bidirectional-1M", 2.0 * bytes / seconds_per_step(both_ways) * 1e-9, "GB/s");
    }
    if (wanted("stream-64K")) {
        bytes = 65536;
        say("stream-64K", (double)bytes * WINDOW / seconds_per_step(stream) * 1e-9, "GB/s");
    }
    if (wanted("rate-8")) {
        bytes = 8;
        say("rate-8", WINDOW / seconds_per_step(stream) * 1e-6, "M/s");
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 1) {
        only = argv[1];
    }
    buffer = malloc(8 << 20);
    if (!buffer) {
        MPI_Abort(MPI_COMM_WORLD, 1);
        return 1;
    }
    memset(buffer, rank, 8 << 20);
    if (size == 2) {
        two_ranks();
    }
    if (wanted("barrier")) {
        say("barrier", seconds_per_step(barrier) * 1e9, "ns");
    }
    if (wanted("allreduce-8")) {
        say("allreduce-8", seconds_per_step(allreduce) * 1e9, "ns");
    }
    if (wanted("bcast-64K")) {
        bytes = 65536;
        say("bcast-64K", seconds_per_step(broadcast) * 1e9, "ns");
    }
    free(buffer);
    MPI_Finalize();
    return 0;
}
