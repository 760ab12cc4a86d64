// SPDX-License-Identifier: MIT
// Messages between two ranks: latency, bandwidth with reused and with fresh buffers, both ways at
// once, streams, message rate, latency under many posted receives. An argument limits the run to
// the figures of one name, further ones to sizes from and up to a number of bytes.
//     mprun -n 2 tests/bench/point_to_point [FIGURE [LEAST [MOST]]]
// The figure `multiple` is the latency of 8 bytes at MPI_THREAD_MULTIPLE, and must be named.
// Read next: bench.h.
#include "bench.h"

enum { WINDOW = 64, BIG = 4 << 20 };

static char *from, *to;
static int bytes, peer;

static void ping_pong(int count)
{
    for (int i = 0; i < count; i++) {
        if (bench_rank == 0) {
            MPI_Send(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
            MPI_Recv(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
        }
    }
}

static void both_ways(int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Sendrecv(from, bytes, MPI_BYTE, peer, 1, to, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
    }
}

// One way: windows of nonblocking messages, answered by one message.
static void stream(int count)
{
    MPI_Request requests[WINDOW];
    MPI_Status statuses[WINDOW]; // MPICH's header makes gcc warn of MPI_STATUSES_IGNORE
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < WINDOW; k++) {
            if (bench_rank == 0) {
                MPI_Isend(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &requests[k]);
            } else {
                MPI_Irecv(from, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, &requests[k]);
            }
        }
        MPI_Waitall(WINDOW, requests, statuses);
        if (bench_rank == 0) {
            MPI_Recv(to, 1, MPI_BYTE, peer, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Send(to, 1, MPI_BYTE, peer, 2, MPI_COMM_WORLD);
        }
    }
}

// Fresh buffers: they are many, together larger than the caches, and the sender writes them all
// before a batch, so that each message comes from memory and goes to memory.
static char *pool;
static size_t pool_bytes;
static int buffers;

static void write_pool(void)
{
    static int value;
    memset(pool, ++value, pool_bytes);
}

static void fresh(int count)
{
    for (int i = 0; i < count; i++) {
        char *buffer = pool + (size_t)(i % buffers) * (size_t)bytes;
        if (bench_rank == 0) {
            MPI_Send(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
        } else {
            MPI_Recv(buffer, bytes, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    }
    if (bench_rank == 0) {
        MPI_Recv(to, 1, MPI_BYTE, peer, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Send(to, 1, MPI_BYTE, peer, 2, MPI_COMM_WORLD);
    }
}

// Ping-pong of 8 bytes while `posted` receives that it does not match are posted before it.
static void latency_under(int posted)
{
    MPI_Request *requests = bench_allocate((size_t)posted * sizeof *requests);
    for (int i = 0; i < posted; i++) {
        MPI_Irecv(&to[i], 1, MPI_BYTE, peer, 100 + i, MPI_COMM_WORLD, &requests[i]);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    bytes = 8;
    bench_run(&(struct bench){"posted", posted, "ns", 0.5e9, ping_pong, NULL, 0, 0});
    for (int i = 0; i < posted; i++) {
        MPI_Send(from, 1, MPI_BYTE, peer, 100 + i, MPI_COMM_WORLD);
    }
    for (int i = 0; i < posted; i++) {
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
    free(requests);
}

static const char *only = "";
static int least = 0, most = BIG;

static int wanted(const char *figure)
{
    return !*only || strcmp(figure, only) == 0;
}

static int next_size(const int *sizes, int *at)
{
    while (sizes[*at] >= 0) {
        bytes = sizes[(*at)++];
        if (bytes >= least && bytes <= most) {
            return 1;
        }
    }
    return 0;
}

// As the raw figure: the moment's memcpy, where the copying counts.
static size_t raw(void)
{
    return bytes >= 1024 ? (size_t)bytes : 0;
}

static void all_figures(void)
{
    static const int small[] = {0, 8, 64, 256, 1024, 2048, 4096, 8192, 16384, 32768, -1};
    static const int large[] = {16384, 32768, 65536, 131072, 262144, 1 << 20, BIG, -1};
    static const int fewer[] = {16384, 65536, 262144, 1 << 20, BIG, -1};
    static const int streamed[] = {16384, 65536, 262144, 1 << 20, -1};
    static const int rates[] = {8, 64, 1024, -1};
    static const int depths[] = {16, 256, 4096};
    for (int i = 0; wanted("latency") && next_size(small, &i);) {
        bench_run(&(struct bench){"latency", bytes, "ns", 0.5e9, ping_pong, NULL, 0, raw()});
    }
    for (int i = 0; wanted("rate") && next_size(rates, &i);) {
        bench_run(&(struct bench){"rate", bytes, "M/s", WINDOW * 1e-6, stream, NULL, 0, 0});
    }
    for (size_t i = 0; wanted("posted") && i < sizeof depths / sizeof *depths; i++) {
        latency_under(depths[i]);
    }
    for (int i = 0; wanted("bandwidth") && next_size(large, &i);) {
        bench_run(
            &(struct bench){"bandwidth", bytes, "GB/s", bytes * 2e-9, ping_pong, NULL, 0, raw()});
    }
    for (int i = 0; wanted("stream") && next_size(streamed, &i);) {
        bench_run(&(struct bench){"stream", bytes, "GB/s", bytes * 1e-9 * WINDOW, stream, NULL, 0,
                                  raw()});
    }
    for (int i = 0; wanted("bidirectional") && next_size(fewer, &i);) {
        bench_run(&(struct bench){"bidirectional", bytes, "GB/s", bytes * 2e-9, both_ways, NULL, 0,
                                  raw()});
    }
    if (wanted("fresh")) {
        pool_bytes = bench_uncached();
        pool = bench_allocate(pool_bytes);
        for (int i = 0; next_size(fewer, &i);) {
            buffers = (int)(pool_bytes / (size_t)bytes);
            bench_run(&(struct bench){"fresh", bytes, "GB/s", bytes * 1e-9, fresh, write_pool,
                                      buffers, 0});
        }
        free(pool);
    }
}

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : "";
    least = argc > 2 ? atoi(argv[2]) : 0;
    most = argc > 3 ? atoi(argv[3]) : BIG;
    int multiple = strcmp(only, "multiple") == 0;
    bench_start(&argc, &argv, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE);
    if (bench_size != 2) {
        fprintf(stderr, "point_to_point needs 2 ranks, not %d\n", bench_size);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    peer = 1 - bench_rank;
    from = bench_allocate(BIG);
    to = bench_allocate(BIG);
    if (multiple) {
        bytes = 8;
        bench_run(&(struct bench){"multiple", bytes, "ns", 0.5e9, ping_pong, NULL, 0, 0});
    } else {
        all_figures();
    }
    free(from);
    free(to);
    MPI_Finalize();
    return 0;
}
