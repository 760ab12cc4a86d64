// SPDX-License-Identifier: MIT
// All collectives of chapter 6 by size, blocking and nonblocking (call and wait). The size is that
// of one rank's contribution: in gather, scatter, allgather and alltoall of the block between two
// ranks. Arguments limit the run to figures of some names, with commas between (also `blocking`,
// `nonblocking`), and to sizes from and up to a number of bytes; with `fresh` each call has other
// buffers, which lie in no cache and were written since they were last used.
//     mprun -n 2 tests/bench/collectives [FIGURES [LEAST [MOST [fresh]]]]
// Persistent collectives are left out: Open MPI 4 does not have them under their names.
// Read next: bench.h.
#include "bench.h"

enum { MOST = 1 << 20, RANKS = 1024 };

static char *send_area, *receive_area; // the buffers: `buffers` of each, one after the other
static size_t stride;
static int buffers = 1;

static void *from, *to; // those of this step
static int bytes, doubles;
static int byte_counts[RANKS], byte_places[RANKS], double_counts[RANKS];
static MPI_Datatype byte_types[RANKS];
static MPI_Request request;

#define WORLD MPI_COMM_WORLD

// MPI_Name(arguments) and MPI_Iname(arguments, request).
#define COLLECTIVES(X)                                                                             \
    X(Bcast, bcast, (from, bytes, MPI_BYTE, 0, WORLD))                                             \
    X(Gather, gather, (from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, 0, WORLD))                      \
    X(Gatherv, gatherv, (from, bytes, MPI_BYTE, to, byte_counts, byte_places, MPI_BYTE, 0, WORLD)) \
    X(Scatter, scatter, (to, bytes, MPI_BYTE, from, bytes, MPI_BYTE, 0, WORLD))                    \
    X(Scatterv, scatterv,                                                                          \
      (to, byte_counts, byte_places, MPI_BYTE, from, bytes, MPI_BYTE, 0, WORLD))                   \
    X(Allgather, allgather, (from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, WORLD))                   \
    X(Allgatherv, allgatherv,                                                                      \
      (from, bytes, MPI_BYTE, to, byte_counts, byte_places, MPI_BYTE, WORLD))                      \
    X(Alltoall, alltoall, (from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, WORLD))                     \
    X(Alltoallv, alltoallv,                                                                        \
      (from, byte_counts, byte_places, MPI_BYTE, to, byte_counts, byte_places, MPI_BYTE, WORLD))   \
    X(Alltoallw, alltoallw,                                                                        \
      (from, byte_counts, byte_places, byte_types, to, byte_counts, byte_places, byte_types,       \
       WORLD))                                                                                     \
    X(Reduce, reduce, (from, to, doubles, MPI_DOUBLE, MPI_SUM, 0, WORLD))                          \
    X(Allreduce, allreduce, (from, to, doubles, MPI_DOUBLE, MPI_SUM, WORLD))                       \
    X(Reduce_scatter_block, reduce_scatter_block,                                                  \
      (from, to, (doubles + bench_size - 1) / bench_size, MPI_DOUBLE, MPI_SUM, WORLD))             \
    X(Reduce_scatter, reduce_scatter, (from, to, double_counts, MPI_DOUBLE, MPI_SUM, WORLD))       \
    X(Scan, scan, (from, to, doubles, MPI_DOUBLE, MPI_SUM, WORLD))                                 \
    X(Exscan, exscan, (from, to, doubles, MPI_DOUBLE, MPI_SUM, WORLD))

#define BLOCKING(Name, name, arguments) \
    static void name(void)              \
    {                                   \
        MPI_##Name arguments;           \
    }
COLLECTIVES(BLOCKING)

#define STRIP(...)              __VA_ARGS__
#define AND_REQUEST(...)        (__VA_ARGS__, &request)
#define WITH_REQUEST(arguments) AND_REQUEST(STRIP arguments)
#define NONBLOCKING(Name, name, arguments)     \
    static void i##name(void)                  \
    {                                          \
        MPI_I##name WITH_REQUEST(arguments);   \
        MPI_Wait(&request, MPI_STATUS_IGNORE); \
    }
COLLECTIVES(NONBLOCKING)

static void barrier(void)
{
    MPI_Barrier(WORLD);
}

static void ibarrier(void)
{
    MPI_Ibarrier(WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

#define ROW_BLOCKING(Name, name, arguments)    {#name, name, 1, 0},
#define ROW_NONBLOCKING(Name, name, arguments) {"i" #name, i##name, 1, 1},
static const struct figure {
    const char *name;
    void (*call)(void);
    int sizes; // else it has none
    int nonblocking;
} figures[] = {{"barrier", barrier, 0, 0},
               COLLECTIVES(ROW_BLOCKING) //
               {"ibarrier", ibarrier, 0, 1},
               COLLECTIVES(ROW_NONBLOCKING)};

static const struct figure *figure;

static void steps(int count)
{
    static int next;
    for (int i = 0; i < count; i++) {
        from = send_area + (size_t)next * stride;
        to = receive_area + (size_t)next * stride;
        next = next + 1 < buffers ? next + 1 : 0;
        figure->call();
    }
    MPI_Barrier(WORLD);
}

static void write_areas(void)
{
    static int value;
    value = value % 100 + 1;
    memset(send_area, value, stride * (size_t)buffers);
    memset(receive_area, value, stride * (size_t)buffers);
}

static void measure(int fresh)
{
    char name[64];
    doubles = bytes / 8;
    for (int i = 0; i < bench_size; i++) {
        byte_counts[i] = bytes;
        byte_places[i] = bytes * i;
        double_counts[i] = doubles / bench_size + (i < doubles % bench_size);
    }
    stride = (size_t)bytes * (size_t)bench_size;
    if (fresh) {
        buffers = (int)(bench_uncached() / 2 / stride);
    }
    snprintf(name, sizeof name, "%s%s", figure->name, fresh ? "-fresh" : "");
    bench_run(&(struct bench){name, figure->sizes ? bytes : 0, "us", 1e6, steps,
                              fresh ? write_areas : NULL, fresh ? buffers : 0,
                              figure->sizes && bytes >= 1024 && !fresh ? (size_t)bytes : 0});
}

// Is the name one of the list's, which has commas between?
static int named(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    bench_start(&argc, &argv, MPI_THREAD_SINGLE);
    const char *only = argc > 1 ? argv[1] : "all";
    int least = argc > 2 ? atoi(argv[2]) : 8;
    int most = argc > 3 ? atoi(argv[3]) : MOST;
    int fresh = argc > 4 && strcmp(argv[4], "fresh") == 0;
    if (most < 8 || most > MOST || least < 8 || bench_size > RANKS) {
        fprintf(stderr, "sizes are from 8 to %d bytes, ranks up to %d\n", MOST, RANKS);
        MPI_Abort(WORLD, 2);
    }
    size_t area = (size_t)most * (size_t)bench_size;
    if (fresh && area < bench_uncached() / 2) {
        area = bench_uncached() / 2;
    }
    send_area = bench_allocate(area);
    receive_area = bench_allocate(area);
    for (int i = 0; i < RANKS; i++) {
        byte_types[i] = MPI_BYTE;
    }
    for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
        figure = &figures[f];
        if (!named(only, "all") && !named(only, figure->name) &&
            !named(only, figure->nonblocking ? "nonblocking" : "blocking")) {
            continue;
        }
        // 8, 64, 1K, 4K, 16K, 64K, 256K, 1M; nonblocking 8, 1K, 64K
        int factor = figure->nonblocking ? 64 : 8;
        for (bytes = figure->sizes ? least : most; bytes <= most;
             bytes *= bytes < 1024 || factor == 64 ? factor : 4) {
            bytes = bytes == 512 ? 1024 : bytes;
            measure(fresh);
        }
    }
    free(send_area);
    free(receive_area);
    MPI_Finalize();
    return 0;
}
