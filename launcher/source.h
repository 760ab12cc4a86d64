// SPDX-License-Identifier: MIT
// Where in its source a program is. See source.c.
#ifndef MPRUN_SOURCE_H
#define MPRUN_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

enum { SOURCE_TEXT = 128 };

struct place {
    pid_t pid;
    uint64_t address;       // that a call of the process returns to; 0: none
    char text[SOURCE_TEXT]; // "solve.c:88 (exchange)", "exchange+0x1f (solve)", "solve+0x11f0"; ""
    // For source_find alone:
    char file[256];
    uint64_t in_file; // address as the file counts; UINT64_MAX: not known
};

// Fills in `text` of all of them, as far as it is to be found out in a fifth of a second.
void source_find(struct place *places, int count);

#endif
