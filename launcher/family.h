// SPDX-License-Identifier: MIT
// The processes below this one. See family.c.
#ifndef MPRUN_FAMILY_H
#define MPRUN_FAMILY_H

// Sends `signal` to every child of this process.
void family_signal_children(int signal);

// Sends `signal`, followed by SIGCONT so that it is heard, to every process below this one.
void family_signal_all(int signal);

// Kills every child, and every process that becomes our child by that, until there is none. For a
// process that is a subreaper: then nothing below it is left.
void family_end(void);

#endif
