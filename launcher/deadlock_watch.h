// SPDX-License-Identifier: MIT
// Looks for ranks that wait for each other for ever. See deadlock_watch.c.
#ifndef MPRUN_DEADLOCK_WATCH_H
#define MPRUN_DEADLOCK_WATCH_H

#include "launcher/job.h"

// One look; to be called every DEADLOCK_LOOK_MS while the job runs. Returns what there is to say
// once a deadlock is proved that was not told before, else NULL. The text stays.
enum { DEADLOCK_LOOK_MS = 150 };
const char *deadlock_look(const struct job *job);

#endif
