// SPDX-License-Identifier: MIT
// What mprun says about itself. The options are printed from the parser's own table, so that the
// two cannot part. Read next: options.c (the table).
#define _GNU_SOURCE
#include "launcher/help.h"

#include "config.h"
#include "launcher/functions.h"
#include "launcher/machine.h"
#include "launcher/options.h"
#include "launcher/segment.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN = 30 };

static void print_option(const struct option *option)
{
    size_t length = strcspn(option->names, " ");
    const char *second = option->names + length;
    char left[100];

    second += strspn(second, " ");
    int at =
        snprintf(left, sizeof left, "%s%.*s", length > 1 ? "--" : "-", (int)length, option->names);
    if (*second && strcspn(second, " ") == 1)
        at += snprintf(left + at, sizeof left - (size_t)at, ", -%c", *second);
    if (option->values)
        snprintf(left + at, sizeof left - (size_t)at, "%s%s", option->values[0] == '[' ? "" : " ",
                 option->values);
    printf("  %-*s %s\n", COLUMN, left, option->help);
}

void help_print(void)
{
    static const char *const titles[] = {[GROUP_RANKS] = "Ranks",
                                         [GROUP_ENVIRONMENT] = "Where they start",
                                         [GROUP_OUTPUT] = "Input and output",
                                         [GROUP_JOB] = "The job",
                                         [GROUP_ABOUT] = "About"};

    printf("mprun [options] program [arguments] [: options program [arguments]]...\n"
           "Runs a parallel program: N processes that talk through MPI.\n");
    for (int group = 0; group < GROUP_HIDDEN; group++) {
        printf("\n%s\n", titles[group]);
        for (size_t i = 0; i < options_table_length; i++)
            if ((int)options_table[i].group == group)
                print_option(&options_table[i]);
    }
    printf(
        "\nOne dash or two. Options of Open MPI's and MPICH's mpiexec work, or say what to do "
        "instead.\n"
        "Exit status: the first failing rank's, 128 + its signal if it was killed, 120: a "
        "deadlock, 121:\n"
        "--check, 124: --timeout, 2: wrong use, 126 or 127: a program that cannot be started.\n");
}

void help_print_version(void)
{
    printf("mprun %s, MPI 5.0 (standard ABI)\n", PACKAGE_VERSION);
}

void help_print_info(void)
{
    static const uint32_t sizes[] = {2, 64, 1024};
    int cpus = machine_cpus();

    help_print_version();
    printf("usable CPUs: %d (affinity mask and control group quota)\n", cpus);
    printf("channels: shm (default), socket\n");
    printf("shared heap: malloc's large blocks and static variables, %u GiB of addresses for each "
           "of 2 ranks\n",
           1u << (mp_heap_shift(2, machine_memory()) - 30));
    printf("waiting: a rank spins while it has a core to itself, yields while it shares one\n"
           "  (more than %d ranks here), and sleeps when a wait is long%s\n",
           cpus, machine_has_membarrier() ? "" : "; no membarrier(2): senders fence");
    printf("messages that nobody receives yet: a rank keeps %d MiB of them, more wait with their\n"
           "  senders (MPRUN_UNEXPECTED)\n",
           MP_UNEXPECTED >> 20);
    printf("grace between SIGTERM and SIGKILL: %d ms after a failure, %g s when told to stop\n",
           FAILED_GRACE_MS, ASKED_GRACE);
    printf(
        "shared memory layout, version %d (addresses; pages are used when touched): %u cells of\n"
        "  64 bytes and %u KiB for each direction of a pair that talks; and\n",
        MP_SEGMENT_VERSION, MP_RING_CELLS, MP_RING_BULK >> 10);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mp_segment_header plan = {0};
        mp_segment_plan(&plan, sizes[i], sizes[i], segment_most());
        printf("  %4u ranks: %.1f MiB, and %.1f for each communicator that has collectives\n",
               sizes[i], (double)plan.head_bytes / (1 << 20),
               (double)plan.comm_board_bytes / (1 << 20));
        if (plan.boards < MP_BOARDS_MAX)
            printf("    (%u may have that, others are slower: a limit on the size of files, "
                   "ulimit -f)\n",
                   plan.boards);
    }
    functions_print();
}
