// SPDX-License-Identifier: MIT
// --tmpdir: a folder for a job's temporary files. See private.c.
#ifndef MPRUN_PRIVATE_H
#define MPRUN_PRIVATE_H

#include <stddef.h>

// Removes what jobs of this user have left of which no process is there any more.
void private_sweep(void);

// Makes a folder that stays for as long as this process, or one that it forks, lives, and until
// private_remove, or else the next private_sweep. Returns its path, which is never freed, or NULL
// with a sentence in `error`.
const char *private_make(char *error, size_t room);

// Removes that folder with all that is in it.
void private_remove(const char *path);

#endif
