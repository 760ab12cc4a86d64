// SPDX-License-Identifier: MIT
// mprun: reads the command line, checks all of it before anything is started, and runs the job.
// Read next: options.c (the command line), front.c and keeper.c (the processes of mprun), job.c
// (a job from start to end).
#define _GNU_SOURCE
#include "base/clock.h"
#include "boot/protocol.h"
#include "launcher/devices.h"
#include "launcher/front.h"
#include "launcher/help.h"
#include "launcher/library.h"
#include "launcher/machine.h"
#include "launcher/options.h"
#include "launcher/placement.h"
#include "launcher/program.h"
#include "launcher/report.h"
#include "launcher/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Descriptors 0 to 2 shall be open, so that nothing else of ours lands there. And when mprun itself
// was started by a rank of another mprun, that job's descriptors are none of our ranks' business.
static void settle_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
    if (fd > STDERR_FILENO)
        close(fd);
    if (getenv(MP_ENV_SEGMENT)) {
        fcntl(MP_SEGMENT_FD, F_SETFD, FD_CLOEXEC);
        if (getenv(MP_ENV_HEAP))
            fcntl(MP_HEAP_FD, F_SETFD, FD_CLOEXEC);
        fcntl(MP_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    }
}

// `-x NAME` of a variable that is not set: probably a slip of the fingers, but harmless.
static void warn_of_unset(const struct options *options)
{
    for (int i = 0; i < options->nprograms; i++) {
        const struct environment_changes *changes = &options->programs[i].environment;
        for (size_t k = 0; k < changes->count; k++) {
            const struct variable *v = &changes->variables[k];
            if (!v->value && !getenv(v->name) && !options->quiet)
                report_line("-x %s: that variable is not set", v->name);
        }
    }
}

// Where the number of ranks depends on what the machine has, finds that out.
static int settle(struct options *options, int *cpus)
{
    struct mp_cpus usable;

    if (options->cpu_set) {
        int named = mp_cpus_count(options->cpu_set);
        usable = machine_usable();
        mp_cpus_keep(options->cpu_set, &usable);
        int left = mp_cpus_count(options->cpu_set);
        if (left < named) {
            char list[200];
            mp_cpus_write(&usable, list, sizeof list);
            snprintf(options->error, sizeof options->error,
                     "--cpu-set names CPUs that mprun may not use: it may use %s", list);
            return EXIT_USAGE;
        }
        *cpus = left < *cpus ? left : *cpus;
    }
    if (options->devices.wanted && devices_find(options) != 0)
        return EXIT_USAGE;
    if (!options->devices.wanted && options->wish.per > 0) {
        options->places = placement_count(options, *cpus);
        if (options->places < 0)
            return EXIT_USAGE;
    }
    int status = options_settle(options, *cpus);
    return status == 0 && options->found && devices_check(options) != 0 ? EXIT_USAGE : status;
}

// Returns mprun's exit status after what it was asked to print.
static int close_output(void)
{
    bool lost = ferror(stdout) != 0;

    if (fclose(stdout) == 0 && !lost)
        return 0;
    report_line("cannot write to standard output: %s",
                errno != 0 ? strerror(errno) : "an earlier write failed");
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static struct options options; // for good: what it points to is never given back
    int64_t start_ns = mp_clock_ns(CLOCK_MONOTONIC);

    settle_descriptors();
    int status = options_parse(&options, argc, argv);
    int cpus = status == 0 ? machine_cpus() : 1;
    if (status == 0 && options.action == ACTION_RUN)
        status = settle(&options, &cpus);
    for (int i = 0; status == 0 && i < options.nprograms; i++)
        status = program_find(&options.programs[i], options.error, sizeof options.error);
    for (int i = 0; status == 0 && i < options.nprograms; i++)
        status = library_check(&options.programs[i], options.nranks, options.error,
                               sizeof options.error);
    if (status != 0) {
        report_line("%s", options.error);
        return status;
    }
    switch (options.action) {
    case ACTION_HELP:
        help_print();
        return close_output();
    case ACTION_VERSION:
        help_print_version();
        return close_output();
    case ACTION_INFO:
        help_print_info();
        return close_output();
    case ACTION_SERVE:
        options.warden = NULL;
        return front_run(&options, machine_cpus(), start_ns);
    case ACTION_RUN:
        break;
    }
    warn_of_unset(&options);
    if (options.dry_run) {
        status = show_dry_run(&options, cpus);
        return status != 0 ? status : close_output();
    }
    return front_run(&options, cpus, start_ns);
}
