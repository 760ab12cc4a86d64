// SPDX-License-Identifier: MIT
// Ranks that turn out to belong to another MPI. See stranger.c.
#ifndef MPRUN_STRANGER_H
#define MPRUN_STRANGER_H

#include "launcher/job.h"

// From now on looks, now and then, at the processes of ranks that have not joined the job; when one
// of them has loaded another MPI's library, the job ends and says so.
void stranger_start(struct job *job);

#endif
