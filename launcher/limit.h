// SPDX-License-Identifier: MIT
// Keeping ranks to --limit mem. See limit.c.
#ifndef MPRUN_LIMIT_H
#define MPRUN_LIMIT_H

#include "launcher/job.h"

// Begins to watch the ranks' memory, if that is limited.
void limit_start(struct job *job);

#endif
