// SPDX-License-Identifier: MIT
// The processes below this one. See family.c.
#ifndef MPRUN_FAMILY_H
#define MPRUN_FAMILY_H

#include <stddef.h>
#include <sys/types.h>

// The children of `parent`, of all its threads. Writes up to `room` of them to `list`; returns how
// many that are.
size_t family_children(pid_t parent, pid_t *list, size_t room);

// Sends `signal` to every child of this process.
void family_signal_children(int signal);

// Sends SIGTERM to every process below this one, followed by SIGCONT so that it is heard. Those
// that an earlier call asked are not asked again. Returns how many it found.
size_t family_ask_to_leave(void);

// Kills every child, and every process that becomes our child by that, until there is none. For a
// process that is a subreaper: then nothing below it is left.
void family_end(void);

#endif
