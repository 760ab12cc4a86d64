// SPDX-License-Identifier: MIT
// The process that starts a job and sees it through. See keeper.c.
#ifndef MPRUN_KEEPER_H
#define MPRUN_KEEPER_H

#include "launcher/options.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// The signals that mprun reads from descriptors instead of being interrupted by them, and the mask
// that ranks get.
struct signal_sets {
    sigset_t handled;
    sigset_t of_ranks;
};

// Runs the job that `options` describe, on `cpus` usable CPUs, in the process that `warden` forked
// for it. Returns the status that mprun shall exit with; by then nothing of the job is left.
// *failed, which the front sees, becomes whether it ended because a rank failed.
int keeper_run(const struct options *options, int cpus, int64_t start_ns, pid_t warden,
               const struct signal_sets *signals, bool *failed);

#endif
