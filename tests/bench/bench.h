// SPDX-License-Identifier: MIT
// How the benchmarks measure. Standard MPI only, so that one source can be built against any
// implementation. A figure is measured in batches, each long enough for the clock, and every batch
// is a line of output:
//     figure bytes value unit line_before line_after raw
// line_before and line_after are the times, in ns, that a cache line took from rank 0 to rank 1
// right before and after the batch (0: not measured); raw is the speed, in GB/s, at which these two
// processes copied as many bytes by memcpy from each other's pages. compare.py reads this.
// Read next: point_to_point.c.
#ifndef MP_BENCH_H
#define MP_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE // memfd_create
#endif
#include <fcntl.h>
#include <mpi.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BENCH_BATCH_SECONDS  0.001
#define BENCH_FIGURE_SECONDS 0.1 // of batches, if that gives the fewest

enum {
    BENCH_MOST = 15,      // batches of a figure
    BENCH_FEWEST = 5,     //
    BENCH_TRIPS = 200,    // of the line
    BENCH_COPY = 4 << 20, // bytes that are copied at most for the raw figure
};

// What is measured: `steps(count)` takes the step `count` times. With a unit of time (ns, us, ms)
// the value is time per step times `amount`; with a rate (GB/s, M/s) it is `amount` per time.
struct bench {
    const char *figure;
    long bytes;
    const char *unit;
    double amount;
    void (*steps)(int count);
    void (*prepare)(void); // before each batch, not timed; or NULL
    int count;             // steps of a batch; 0: as many as the clock needs
    size_t raw;            // bytes of the raw copy; 0: none
};

// Memory that ranks 0 and 1 share, to see what the hardware can do at this moment.
struct bench_shared {
    _Atomic unsigned word;
    char others_line[4096 - sizeof(unsigned)];
    char copy[2][BENCH_COPY];
};

static int bench_rank, bench_size;
static struct bench_shared *bench_memory; // NULL: there is none
static unsigned bench_turn;

// Rank 1 opens what rank 0 made by way of /proc. Where that is not allowed, or the ranks outnumber
// the CPUs and would have to spin for each other, the moment's figures are left out.
static void bench_share(void)
{
    long number[2] = {0, -1};
    cpu_set_t usable;
    int both, fd;
    if (bench_size != 2 || sched_getaffinity(0, sizeof usable, &usable) ||
        sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        return;
    }
    if (bench_rank == 0) {
        fd = memfd_create("bench", MFD_CLOEXEC);
        number[0] = (long)getpid();
        number[1] = fd >= 0 && ftruncate(fd, sizeof(struct bench_shared)) == 0 ? fd : -1;
        MPI_Send(number, 2, MPI_LONG, 1, 0, MPI_COMM_WORLD);
    } else {
        char name[64];
        MPI_Recv(number, 2, MPI_LONG, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        snprintf(name, sizeof name, "/proc/%ld/fd/%ld", number[0], number[1]);
        fd = number[1] >= 0 ? open(name, O_RDWR | O_CLOEXEC) : -1;
    }
    void *memory = MAP_FAILED;
    if (fd >= 0) {
        memory = mmap(NULL, sizeof(struct bench_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    int mine = memory != MAP_FAILED;
    MPI_Allreduce(&mine, &both, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (both) {
        bench_memory = memory;
        memset(bench_memory->copy[bench_rank], 1, BENCH_COPY);
#ifdef MADV_COLLAPSE
        madvise(memory, sizeof(struct bench_shared), MADV_COLLAPSE); // if it can be had, it helps
#endif
    }
    if (fd >= 0) {
        MPI_Barrier(MPI_COMM_WORLD); // both have opened it
        close(fd);
    }
}

// Polled as tightly as can be, as line.c does.
static void bench_await(unsigned value)
{
    while (atomic_load_explicit(&bench_memory->word, memory_order_acquire) != value) {
    }
}

static void bench_pass(unsigned value)
{
    atomic_store_explicit(&bench_memory->word, value, memory_order_release);
}

// Rank 0 writes odd numbers and awaits even ones, rank 1 the other way round.
static void bench_bounce(int trips, size_t bytes)
{
    for (int i = 0; i < trips; i++, bench_turn += 2) {
        if (bench_rank == 1) {
            bench_await(bench_turn + 1);
        }
        if (bytes) {
            memcpy(bench_memory->copy[bench_rank], bench_memory->copy[1 - bench_rank], bytes);
        }
        bench_pass(bench_turn + 1 + (unsigned)bench_rank);
        if (bench_rank == 0) {
            bench_await(bench_turn + 2);
        }
    }
}

// ns that a line takes one way.
static double bench_line(void)
{
    if (!bench_memory) {
        return 0;
    }
    bench_bounce(BENCH_TRIPS / 4, 0); // both are here
    double start = MPI_Wtime();
    bench_bounce(BENCH_TRIPS, 0);
    return (MPI_Wtime() - start) / BENCH_TRIPS / 2 * 1e9;
}

// GB/s of memcpy from the other's pages, which it has just written.
static double bench_copy(size_t bytes)
{
    if (!bench_memory || !bytes) {
        return 0;
    }
    bytes = bytes < BENCH_COPY ? bytes : BENCH_COPY;
    int trips = 1 + (int)(((size_t)256 << 10) / bytes);
    bench_bounce(1, bytes);
    double start = MPI_Wtime();
    bench_bounce(trips, bytes);
    return (double)bytes * trips * 2 / (MPI_Wtime() - start) * 1e-9;
}

// Seconds of CPU that this process has used.
static double bench_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double bench_batch(const struct bench *bench, int count, double *cpu)
{
    if (bench->prepare) {
        bench->prepare();
    } else {
        bench->steps(1);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime(), start_cpu = bench_cpu();
    bench->steps(count);
    *cpu = bench_cpu() - start_cpu;
    return MPI_Wtime() - start;
}

// With a CPU for each rank a batch during which something else took a fiftieth of one's time says
// nothing, and there is another one instead, as long as there are not too many such.
static inline void bench_run(const struct bench *bench)
{
    int count = bench->count ? bench->count : 1;
    for (int again = !bench->count; again;) {
        // The best of some: a rank that is late once must not make batches of a single step.
        double cpu, best = BENCH_BATCH_SECONDS;
        for (int i = 0; i < 3; i++) {
            double seconds = bench_batch(bench, count, &cpu);
            best = seconds < best ? seconds : best;
        }
        again = best < BENCH_BATCH_SECONDS;
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
        count *= again ? 2 : 1;
    }
    double total = 0;
    int good = 0;
    for (int done = 1, again = 1; again; done++) {
        double before = bench_line(), raw = bench_copy(bench->raw);
        double cpu, seconds = bench_batch(bench, count, &cpu);
        double after = bench_line();
        int mine = bench_memory && seconds - cpu > 0.02 * seconds, disturbed;
        MPI_Allreduce(&mine, &disturbed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
        total += seconds;
        if (bench_rank == 0 && !disturbed) {
            double step = seconds / count;
            printf("%s %ld %.6g %s %.4g %.4g %.4g\n", bench->figure, bench->bytes,
                   strchr(bench->unit, '/') ? bench->amount / step : bench->amount * step,
                   bench->unit, before, after, raw);
            good++;
        }
        again = done < 2 * BENCH_MOST && good < BENCH_MOST && total < 5 * BENCH_FIGURE_SECONDS &&
                (total < BENCH_FIGURE_SECONDS || good < BENCH_FEWEST);
        MPI_Bcast(&again, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    fflush(stdout);
}

static inline void bench_start(int *argc, char ***argv, int threads)
{
    int provided;
    MPI_Init_thread(argc, argv, threads, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &bench_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &bench_size);
    bench_share();
}

static inline void *bench_allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        MPI_Abort(MPI_COMM_WORLD, 1);
        exit(1);
    }
    memset(memory, 1, bytes);
    return memory;
}

// Bytes that no cache holds: twice the last level's.
static inline size_t bench_uncached(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
    size_t bytes = cache > 0 ? (size_t)cache * 2 : (size_t)64 << 20;
    return bytes < (size_t)256 << 20 ? bytes : (size_t)256 << 20;
}

#endif
