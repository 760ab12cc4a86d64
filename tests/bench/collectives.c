// SPDX-License-Identifier: MIT
// All collectives by size. Standard MPI only, so that the same source can be built against any
// implementation. A line reads `name-bytes best median unit`: of the batches of that figure, which
// begin together. The size is that of one rank's contribution: in gather, scatter, allgather and
// alltoall of the block between two ranks. An argument limits the run to figures whose names begin
// with it, a second one to sizes up to that many bytes, a third one to sizes from it on.
//     mprun -n 2 tests/bench/collectives allreduce 1024
// Read next: run-collectives.sh, which compares three MPIs.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 21, MOST = 1 << 20 };
#define BATCH_SECONDS  0.001
#define FIGURE_SECONDS 0.08

static int rank, size;
static double *from, *to;
static int bytes, doubles;

static void barrier(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
}

static void bcast(void)
{
    MPI_Bcast(from, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
}

static void reduce(void)
{
    MPI_Reduce(from, to, doubles, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
}

static void allreduce(void)
{
    MPI_Allreduce(from, to, doubles, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void reduce_scatter(void)
{
    static int counts[4096];
    for (int i = 0; i < size; i++) {
        counts[i] = doubles / size + (i < doubles % size);
    }
    MPI_Reduce_scatter(from, to, counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void scan(void)
{
    MPI_Scan(from, to, doubles, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void gather(void)
{
    MPI_Gather(from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
}

static void scatter(void)
{
    MPI_Scatter(to, bytes, MPI_BYTE, from, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
}

static void allgather(void)
{
    MPI_Allgather(from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, MPI_COMM_WORLD);
}

static void alltoall(void)
{
    MPI_Alltoall(from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, MPI_COMM_WORLD);
}

static const struct figure {
    const char *name;
    void (*call)(void);
    int sizes; // else it has none
} figures[] = {{"barrier", barrier, 0},
               {"bcast", bcast, 1},
               {"reduce", reduce, 1},
               {"allreduce", allreduce, 1},
               {"reduce_scatter", reduce_scatter, 1},
               {"scan", scan, 1},
               {"gather", gather, 1},
               {"scatter", scatter, 1},
               {"allgather", allgather, 1},
               {"alltoall", alltoall, 1}};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double timed(void (*call)(void), int count)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (int i = 0; i < count; i++) {
        call();
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

static void measure(const struct figure *figure)
{
    double times[BATCHES], total = 0;
    int count = 1, done = 0;
    for (int again = 1; again;) {
        double seconds = timed(figure->call, count);
        again = seconds < BATCH_SECONDS;
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
        count *= again ? 2 : 1;
    }
    for (int again = 1; again;) {
        double seconds = timed(figure->call, count);
        times[done++] = seconds / count;
        total += seconds;
        again = done < BATCHES && (total < FIGURE_SECONDS || done < 5);
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    qsort(times, (size_t)done, sizeof(double), ascending);
    if (rank == 0) {
        printf("%s-%d %.6g %.6g us\n", figure->name, figure->sizes ? bytes : 0, times[0] * 1e6,
               times[done / 2] * 1e6);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const char *only = argc > 1 ? argv[1] : "";
    int most = argc > 2 ? atoi(argv[2]) : MOST;
    int least = argc > 3 ? atoi(argv[3]) : 8;
    if (most < 8 || most > MOST || least < 8) {
        fprintf(stderr, "sizes are from 8 to %d bytes\n", MOST);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    from = calloc((size_t)most, (size_t)size);
    to = calloc((size_t)most, (size_t)size);
    if (!from || !to) {
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    memset(from, 1, (size_t)most * (size_t)size);
    memset(to, 1, (size_t)most * (size_t)size);
    for (size_t f = 0; f < sizeof(figures) / sizeof(*figures); f++) {
        if (strncmp(figures[f].name, only, strlen(only)) != 0) {
            continue;
        }
        for (bytes = figures[f].sizes ? least : most; bytes <= most;
             bytes *= bytes < 1024 ? 8 : 4) {
            if (bytes > 8 && bytes < 64) {
                bytes = 64;
            }
            doubles = bytes / 8;
            measure(&figures[f]);
        }
    }
    free(from);
    free(to);
    MPI_Finalize();
    return 0;
}
