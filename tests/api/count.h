// SPDX-License-Identifier: MIT
// Counts the instructions of a piece of a test, with the processor's trap flag: every instruction
// raises a signal. That is exact and knows no clock, so a busy machine does not matter; it is slow,
// so pieces should be short. On other processors than x86-64 nothing is counted, and a test that
// compares counts is skipped.
#ifndef TESTS_API_COUNT_H
#define TESTS_API_COUNT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <signal.h>

static volatile long counted;

static void trap(int signal)
{
    (void)signal;
    counted++;
}

#if defined(__x86_64__)
enum { CAN_COUNT = 1 };

// Beyond the red zone, since the flags go over the stack.
static inline void count_begin(void)
{
    struct sigaction action = {.sa_handler = trap};
    sigaction(SIGTRAP, &action, NULL);
    counted = 0;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; "
                     "lea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}
static inline long count_end(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; "
                     "lea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
    return counted;
}
#else
enum { CAN_COUNT = 0 };
static inline void count_begin(void)
{
}
static inline long count_end(void)
{
    return 0;
}
#endif

// Of all ranks, instead of comparing.
static inline void skip_without_count(void)
{
    if (rank == 0) {
        puts("instructions cannot be counted on this processor");
    }
    MPI_Finalize();
    exit(77);
}

#endif
