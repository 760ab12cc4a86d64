// SPDX-License-Identifier: MIT
// What the hardware can do, without MPI: the time that a cache line takes from one core to another,
// and the speed of memcpy. Two processes, each pinned to a CPU, pass a number to and fro through
// one line that both write ("line"), or through a line of its own for each way ("lines"), as every
// MPI does it that does not know what will be answered.
// Each batch is a line of output, as bench.h has it. With `line` as argument it measures the line
// only, and briefly.
//     tests/bench/line [line]
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // CPU_SET, sched_setaffinity
#endif
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5000, BATCHES = 15 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set);
}

// Side 0 writes odd numbers to `there` and awaits even ones in `back`; side 1 the other way round.
static void bounce(_Atomic unsigned *there, _Atomic unsigned *back, unsigned side, unsigned first)
{
    for (unsigned i = first; i < first + 2 * ROUNDS; i += 2) {
        if (side == 0) {
            atomic_store_explicit(there, i + 1, memory_order_release);
            while (atomic_load_explicit(back, memory_order_acquire) != i + 2) {
            }
        } else {
            while (atomic_load_explicit(there, memory_order_acquire) != i + 1) {
            }
            atomic_store_explicit(back, i + 2, memory_order_release);
        }
    }
}

static void measure(const char *figure, _Atomic unsigned *there, _Atomic unsigned *back,
                    unsigned side)
{
    double times[BATCHES];
    bounce(there, back, side, 0); // both are here, and warm
    for (unsigned b = 0; b < BATCHES; b++) {
        double start = now();
        bounce(there, back, side, (b + 1) * 2 * ROUNDS);
        times[b] = (now() - start) / ROUNDS / 2 * 1e9;
    }
    for (int b = 0; b < BATCHES && side == 0; b++) {
        printf("%s 0 %.4g ns %.4g %.4g 0\n", figure, times[b], times[b], times[b]);
    }
}

static void memcpy_speed(size_t size)
{
    char *from = malloc(size), *to = malloc(size);
    if (!from || !to) {
        abort();
    }
    memset(from, 1, size);
    memset(to, 2, size);
    size_t count = ((size_t)32 << 20) / size;
    for (int b = 0; b < BATCHES; b++) {
        double start = now();
        for (size_t i = 0; i < count; i++) {
            memcpy(to, from, size);
            __asm__ volatile("" ::: "memory");
        }
        printf("memcpy %zu %.4g GB/s 0 0 0\n", size,
               (double)(size * count) / (now() - start) * 1e-9);
    }
    free(from);
    free(to);
}

int main(int argc, char **argv)
{
    cpu_set_t usable;
    int cpus[2] = {-1, -1}, found = 0;
    sched_getaffinity(0, sizeof(usable), &usable);
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, &usable)) {
            cpus[found++] = cpu;
        }
    }
    if (found < 2) {
        fprintf(stderr, "line: needs two CPUs\n");
        return 1;
    }
    _Atomic unsigned *word =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    pid_t child = fork();
    unsigned side = child == 0;
    if (child < 0 || pin(cpus[side])) {
        perror("line");
        return 1;
    }
    bool all = argc < 2 || strcmp(argv[1], "line") != 0;
    measure("line", word, word, side);
    if (all) {
        measure("lines", word + 256, word + 512, side);
    }
    if (child == 0) {
        return 0;
    }
    int status;
    waitpid(child, &status, 0);
    if (all) {
        memcpy_speed(64 << 10);
        memcpy_speed(1 << 20);
        memcpy_speed(32 << 20);
    }
    return status != 0;
}
