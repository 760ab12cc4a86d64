// SPDX-License-Identifier: MIT
// Was this process started by another MPI's launcher, as one of several? See foreign.c.
#ifndef MP_BOOT_FOREIGN_H
#define MP_BOOT_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

// True when the environment says that a launcher other than mprun started this process as one rank
// of several. Then `error`, of `room` bytes, holds a sentence that names the launcher and the
// remedy.
bool mp_foreign_launcher(char *error, size_t room);

#endif
