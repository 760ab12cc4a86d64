// SPDX-License-Identifier: MIT
// How the examples deal with their command line. Rank 0 alone reads it, and says once what is wrong
// or what --help asks for. The others hear its verdict, so that all ranks end MPI in order and
// leave with one status.

#ifndef USAGE_H
#define USAGE_H

#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum verdict { GO, LEAVE, FAILED, BAD_INPUT, PARTIAL };

// The program's exit status.
static inline int status_of(enum verdict verdict)
{
    static const int status[] = {
        [GO] = 0, [LEAVE] = 0, [FAILED] = 1, [BAD_INPUT] = 2, [PARTIAL] = 3};
    return status[verdict];
}

static inline enum verdict refuse(const char *program, const char *what, const char *value,
                                  const char *expected)
{
    fprintf(stderr, "%s: %s %s: expected %s; see --help\n", program, what, value, expected);
    return BAD_INPUT;
}

// Reads numbers that are given in their order, 1 to most[i] each; what is not given stays as it is.
// names[i] is what the usage calls one.
static inline enum verdict read_numbers(const char *program, int argc, char **argv,
                                        const char *usage, int count, const char *const names[],
                                        const int most[], int numbers[])
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return LEAVE;
        }
    }
    for (int i = 0; i + 1 < argc; i++) {
        char expected[64], *end;
        if (i >= count)
            return refuse(program, "argument", argv[i + 1], "no more");
        errno = 0;
        long number = strtol(argv[i + 1], &end, 10);
        if (end == argv[i + 1] || *end || errno || number < 1 || number > most[i]) {
            snprintf(expected, sizeof expected, "a whole number, 1 to %d", most[i]);
            return refuse(program, names[i], argv[i + 1], expected);
        }
        numbers[i] = (int)number;
    }
    return GO;
}

#endif
