// SPDX-License-Identifier: MIT
// A look at one process: what it does at this moment. See look.c.
#ifndef MPRUN_LOOK_H
#define MPRUN_LOOK_H

#include "base/file.h"

// Whether there is a /proc, and the numbers in it are those that we know processes by. In a chroot
// there may be none, in a container it may be that of another namespace.
bool look_works(void);

// Returns false if there is no such process, or look_works does not hold.
bool look_at(pid_t pid, struct mp_stat *stat);

// The same; but a process whose first thread sleeps while another one runs, runs.
bool look_at_threads(pid_t pid, struct mp_stat *stat);

#endif
