// SPDX-License-Identifier: MIT
// The processes below this one. See family.c.
#ifndef MPRUN_FAMILY_H
#define MPRUN_FAMILY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// What those of mprun's processes that are below another are told when that is gone.
#define GONE_SIGNAL SIGPWR

// Makes this process, which `parent` has forked, one whose family is below it to the end, and that
// gets GONE_SIGNAL when `parent` dies. Returns false after saying why it cannot be.
bool family_tie(pid_t parent);

// The children of `parent`, of all its threads. Writes up to `room` of them to `list`; returns how
// many that are.
size_t family_children(pid_t parent, pid_t *list, size_t room);

// Whether all processes below this one can be seen. Otherwise only children can be: the others
// become visible when their parents end.
bool family_sees_all(void);

// Whether `pid` is a process below this one.
bool family_has(pid_t pid);

// Sends `signal` to every child of this process.
void family_signal_children(int signal);

// Sends SIGTERM to every process below this one that is seen, followed by SIGCONT so that it is
// heard. Returns how many it asked, without those that have ended and nobody has waited for.
size_t family_ask_to_leave(void);

// After that: the same to those that have become children of this process since and were not asked.
void family_ask_orphans(void);

// Stops every process below this one as Ctrl-Z does, and continues them.
void family_stop(void);
void family_continue(void);

// Kills every child, and every process that becomes our child by that, until there is none. For a
// process that is a subreaper, and blocks SIGCHLD: then nothing below it is left. Returns false if
// something could not be killed, after some seconds.
bool family_end(void);

#endif
