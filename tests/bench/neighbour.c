// SPDX-License-Identifier: MIT
// Another process that wants a CPU: it computes for a part of each period and sleeps for the rest,
// until it is killed or a minute is over. compare.py starts it in a session of its own, as another
// user's would be.
//     neighbour PERCENT PERIOD_MS
// Read next: beside.c (what it disturbs).
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_SECONDS = 60 };

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: neighbour PERCENT PERIOD_MS\n");
        return 2;
    }
    double period = atof(argv[2]) * 1e-3, work = period * atof(argv[1]) / 100;
    double end = now(CLOCK_MONOTONIC) + MOST_SECONDS;

    while (now(CLOCK_MONOTONIC) < end) {
        // What it gets of the CPU counts, not what it waits for it.
        double until = now(CLOCK_PROCESS_CPUTIME_ID) + work;
        while (now(CLOCK_PROCESS_CPUTIME_ID) < until) {
        }
        if (work < period) {
            double rest = period - work;
            struct timespec t = {(time_t)rest, (long)((rest - (double)(time_t)rest) * 1e9)};
            nanosleep(&t, NULL);
        }
    }
    return 0;
}
