// SPDX-License-Identifier: MIT
// Worlds of this mprun that other keepers see to, for the deadlock proof. See other_worlds.c.
#ifndef MPRUN_OTHER_WORLDS_H
#define MPRUN_OTHER_WORLDS_H

#include "launcher/job.h"

#include <stdbool.h>
#include <stdint.h>

// The world with that number (`job` in its segment) as a job of which nothing is filled in but
// `segments` and `nranks`; NULL: it is none of ours, has ended, or talks over streams. It stays
// until other_worlds_forget is called after a time in which nobody has asked for it.
const struct job *other_world(uint64_t number, pid_t warden);
void other_worlds_forget(void);

#endif
