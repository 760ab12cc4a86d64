// SPDX-License-Identifier: MIT
// Saying where ranks run. See show.c.
#ifndef MPRUN_SHOW_H
#define MPRUN_SHOW_H

#include "launcher/options.h"
#include "launcher/placement.h"

// Says for each rank what --report-bindings, --display map and -v ask for.
void show_placement(const struct options *options, const struct placement *placement);

// --dry-run: prints what would be started, where, and with which variables. Returns mprun's exit
// status.
int show_dry_run(const struct options *options, int cpus);

#endif
