// SPDX-License-Identifier: MIT
// Looks for ranks that wait for each other for ever. See deadlock_watch.c.
#ifndef MPRUN_DEADLOCK_WATCH_H
#define MPRUN_DEADLOCK_WATCH_H

#include "launcher/job.h"

// Milliseconds to the next look: where nothing is suspected, and where ranks have been asked.
enum { DEADLOCK_LOOK_MS = 150, DEADLOCK_ASK_MS = 20 };

// One look. Sets *next_ms to when the next one is due. Returns what there is to say once a deadlock
// is proved that was not told before (*certain), or one or a livelock has been suspected for long
// enough; else NULL. The text stays.
const char *deadlock_look(const struct job *job, uint64_t *next_ms, bool *certain);

#endif
