// SPDX-License-Identifier: MIT
// Lines of text that every rank collects and rank 0 prints, in rank order, so that two MPIs can be
// compared line by line. What only MPI 4 has stands under `#if MPI_VERSION >= 4`; the other branch
// prints what the standard asks for, so that our side still has to earn it.
#ifndef TESTS_CONFORMANCE_SAY_H
#define TESTS_CONFORMANCE_SAY_H

#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;
static char *lines;
static size_t used, room;

// printf to this rank's lines.
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t n = (size_t)vsnprintf(NULL, 0, format, args);
    if (used + n + 1 > room) {
        room = 2 * (used + n + 1);
        lines = realloc(lines, room);
        if (!lines) {
            abort();
        }
    }
    vsnprintf(lines + used, n + 1, format, again);
    used += n;
    va_end(args);
    va_end(again);
}

// " [1 2 3]"
__attribute__((unused)) static void say_ints(const int *list, int n)
{
    say(" [");
    for (int i = 0; i < n; i++) {
        say(i ? " %d" : "%d", list[i]);
    }
    say("]");
}

// Rank 0 prints everybody's lines. Collective over MPI_COMM_WORLD; the lines are gone after it.
__attribute__((unused)) static void print_lines(void)
{
    say("%s", "");
    if (rank > 0) {
        MPI_Send(lines, (int)used + 1, MPI_CHAR, 0, 9999, MPI_COMM_WORLD);
    } else {
        printf("---- rank 0\n%s", lines);
        for (int r = 1; r < size; r++) {
            MPI_Status status;
            int n;
            MPI_Probe(r, 9999, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_CHAR, &n);
            char *theirs = malloc((size_t)n);
            MPI_Recv(theirs, n, MPI_CHAR, r, 9999, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            printf("---- rank %d\n%s", r, theirs);
            free(theirs);
        }
        fflush(stdout);
    }
    free(lines);
    lines = NULL;
    used = room = 0;
}

// The name of an error's class, since the numbers differ.
__attribute__((unused)) static const char *class_name(int error)
{
    static const struct {
        int class;
        const char *name;
    } names[] = {
#define CLASS(x) {MPI_##x, #x}
        CLASS(SUCCESS),      CLASS(ERR_BUFFER),     CLASS(ERR_COUNT),      CLASS(ERR_TYPE),
        CLASS(ERR_TAG),      CLASS(ERR_COMM),       CLASS(ERR_RANK),       CLASS(ERR_REQUEST),
        CLASS(ERR_ROOT),     CLASS(ERR_GROUP),      CLASS(ERR_OP),         CLASS(ERR_TOPOLOGY),
        CLASS(ERR_DIMS),     CLASS(ERR_ARG),        CLASS(ERR_UNKNOWN),    CLASS(ERR_TRUNCATE),
        CLASS(ERR_OTHER),    CLASS(ERR_INTERN),     CLASS(ERR_IN_STATUS),  CLASS(ERR_PENDING),
        CLASS(ERR_INFO_KEY), CLASS(ERR_INFO_NOKEY), CLASS(ERR_INFO_VALUE), CLASS(ERR_INFO),
        CLASS(ERR_KEYVAL),   CLASS(ERR_NO_MEM),
#undef CLASS
    };
    int class;
    MPI_Error_class(error, &class);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].class == class) {
            return names[i].name;
        }
    }
    return "another class";
}

#endif
