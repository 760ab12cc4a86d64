// SPDX-License-Identifier: MIT
// Time in nanoseconds.
#ifndef MP_BASE_CLOCK_H
#define MP_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

// What that clock of the system (CLOCK_MONOTONIC ...) says.
static inline int64_t mp_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

// That many nanoseconds as the system has them.
static inline struct timespec mp_timespec(int64_t ns)
{
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

#endif
