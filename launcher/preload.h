// SPDX-License-Identifier: MIT
// The small library that gives programs without MPI their lines at once. See preload.c.
#ifndef MPRUN_PRELOAD_H
#define MPRUN_PRELOAD_H

#include "launcher/options.h"

// The path of the library for this program's LD_PRELOAD, or NULL if it needs none, could take harm,
// or there is no such library. Never freed.
const char *preload_for(const struct program *program);

#endif
