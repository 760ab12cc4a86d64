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

// By this signal, which carries a number (sigqueue), the warden tells keepers of the worlds that
// have died, and a keeper tells the warden of its own, whatever comes to more than a status. (It is
// lost only where as many signals are pending as the user may have: then worlds hear of deaths when
// their ranks look.)
#define NEWS_SIGNAL SIGRTMIN

enum news {
    NEWS_FAILED = 1,      // a rank did
    NEWS_WITH_OTHERS = 2, // because another world did that it was connected to
    NEWS_REFUSED = 4,     // it was never started
    NEWS_RANKS = 8        // times so many
};

// Returns whether it was told.
bool keeper_tell(pid_t to, uint64_t news);

// Runs the world that `options` describe, on `cpus` usable CPUs, in the process that `warden`
// forked for it. Returns the status that the world ended with; by then nothing of it is left.
int keeper_run(const struct options *options, int cpus, int64_t start_ns, pid_t warden,
               const struct signal_sets *signals);

#endif
