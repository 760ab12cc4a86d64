// SPDX-License-Identifier: MIT
// For tests in which somebody is to be asleep in the library before the next thing happens.
#ifndef TESTS_API_ASLEEP_H
#define TESTS_API_ASLEEP_H

#include "check.h"
#include <sys/syscall.h>
#include <unistd.h>

// Returns when a thread (of that process) has slept at every of some looks, or after a bounded
// time, when it most likely never will.
static inline void until_asleep(long process, long thread)
{
    char path[96], line[256];
    int asleep = 0;

    snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", process, thread);
    for (int i = 0; i < 2000 && asleep < 5; i++) {
        FILE *file = fopen(path, "r");
        const char *end = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        asleep = end && end[1] && end[2] == 'S' ? asleep + 1 : 0;
        if (file) {
            fclose(file);
        }
        nap(1);
    }
}

#endif
