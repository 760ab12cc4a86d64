// SPDX-License-Identifier: MIT
// The process that the user started. See front.c.
#ifndef MPRUN_FRONT_H
#define MPRUN_FRONT_H

#include "launcher/options.h"

#include <stdint.h>

// Runs the job below a warden, again if it fails and may be restarted, passes signals on to it, and
// returns what mprun shall exit with.
int front_run(struct options *options, int cpus, int64_t start_ns);

#endif
