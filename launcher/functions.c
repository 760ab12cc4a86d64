// SPDX-License-Identifier: MIT
// What `mprun --info` says of the standard: how many functions of each chapter are built, and which
// are not. It is counted from the two lists that the library itself is made of, so it cannot say
// more than is there. Read next: lib/base/calls.def, lib/base/unsupported.def;
// tests/abi/check-info.sh holds it to the library's symbols.
#include "launcher/functions.h"

#include "base/calls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHAPTERS = 21, WIDTH = 80, FEW = 10 };

static const unsigned char chapter_of[MP_CALL_COUNT] = {
#define MP_CALL(name, chapter) [MP_CALL_##name] = chapter,
#include "base/calls.def"
#undef MP_CALL
};

static const bool unsupported[MP_CALL_COUNT] = {
#define UNSUPPORTED(name, parameters)              [MP_CALL_##name] = true,
#define UNSUPPORTED_ON(name, parameters, raise_on) [MP_CALL_##name] = true,
#include "base/unsupported.def"
#undef UNSUPPORTED
#undef UNSUPPORTED_ON
};

// MPI_T is there to be linked and says that it cannot be started.
static bool is_built(int call)
{
    return !unsupported[call] && strncmp(mp_call_name(call), "MPI_T_", 6) != 0;
}

// The names of those that are not built, in lines.
static void print_missing(int chapter)
{
    int at = WIDTH;
    for (int call = 1; call < MP_CALL_COUNT; call++) {
        if (chapter_of[call] == chapter && !is_built(call)) {
            const char *name = mp_call_name(call);
            int length = (int)strlen(name) + 1;
            if (at + length > WIDTH) {
                const char *start = at == WIDTH ? "       not:" : "\n           ";
                at = printf("%s", start);
            }
            printf(" %s", name);
            at += length;
        }
    }
    printf("\n");
}

void functions_print(void)
{
    static const char *const titles[CHAPTERS] = {
        [3] = "Point-to-point communication",
        [4] = "Partitioned communication",
        [5] = "Datatypes",
        [6] = "Collective communication",
        [7] = "Groups, communicators, caching",
        [8] = "Virtual topologies",
        [9] = "Environment, error handling",
        [10] = "Info",
        [11] = "Processes, sessions, threads",
        [12] = "One-sided communication",
        [13] = "Generalized requests, statuses",
        [14] = "Files",
        [15] = "Tools",
        [19] = "Language bindings",
        [20] = "ABI",
    };
    int all[CHAPTERS] = {0}, built[CHAPTERS] = {0};

    for (int call = 1; call < MP_CALL_COUNT; call++) {
        all[chapter_of[call]]++;
        built[chapter_of[call]] += is_built(call);
    }
    printf("functions of MPI 5.0 that are built, by its chapters (large-count forms are their "
           "own):\n");
    for (int chapter = 0; chapter < CHAPTERS; chapter++) {
        int missing = all[chapter] - built[chapter];
        if (all[chapter] > 0) {
            printf("  %2d %-31s %3d of %3d%s\n", chapter, titles[chapter], built[chapter],
                   all[chapter], missing == 0 ? ", all" : "");
        }
        if (missing > 0 && missing <= FEW) {
            print_missing(chapter);
        }
    }
    printf("  Missing are only one-sided communication, files, the tool information interface and\n"
           "  dynamic processes. What is not built raises MPI_ERR_UNSUPPORTED_OPERATION (MPI_T: "
           "returns\n"
           "  MPI_T_ERR_CANNOT_INIT). The profiling interface, PMPI_, is there for all.\n");
}
