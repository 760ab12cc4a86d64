// SPDX-License-Identifier: MIT
// The process that sees all worlds of a job to their end. See warden.c.
#ifndef MPRUN_WARDEN_H
#define MPRUN_WARDEN_H

#include "launcher/keeper.h"
#include "launcher/options.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// One run of the job.
struct run {
    struct options *options;
    int cpus;
    int64_t start_ns;
    pid_t front;
    const struct signal_sets *sets;
    bool *failed; // the front sees it: whether a rank of the first world, or its keeper, did
};

// Runs the job in the process that the front has started for it. Returns the status that mprun
// shall exit with.
int warden_run(const struct run *run);

// Processes of the launcher mirror each other: what mprun shall exit with when a child of one,
// below which the job is, ended so. If it was killed, *failed: the ranks are dying, and everything
// that they had started is ended here.
int warden_mirror(int how, bool tell, bool *failed);

// Says, with errno, that a process cannot be started, and returns what mprun shall exit with.
int warden_start_failed(void);

#endif
