// SPDX-License-Identifier: MIT
// Ranks that poll for ever while all others wait for them. See livelock.c.
#ifndef MPRUN_LIVELOCK_H
#define MPRUN_LIVELOCK_H

#include "launcher/deadlock.h"
#include "launcher/job.h"

// One look, at a snapshot without dead ranks. If nothing but polling has gone on for as long as the
// options say, makes those ranks PRESENCE_POLLS in it, fills in dead[] and what else is to be told,
// and returns true: once in a job.
bool livelock_look(const struct job *job, struct snapshot *now, bool *dead, int64_t now_ns);

#endif
