// SPDX-License-Identifier: MIT
// Whether a program belongs to another MPI. See library.c.
#ifndef MPRUN_LIBRARY_H
#define MPRUN_LIBRARY_H

#include "launcher/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// Another MPI's library: how a program or a process names it, and whose it is, as far as one can
// tell.
struct library {
    char name[256];
    const char *whose;
};

// Whether this name of a library's file, without folders, is that of an MPI library other than
// ours. Sets *library if so.
bool library_is_foreign(const char *name, struct library *library);

// Whether the program in the open file `fd` was linked with another MPI's library.
bool library_needed(int fd, struct library *library);

// Whether the process `pid` has another MPI's library loaded.
bool library_loaded(pid_t pid, struct library *library);

// The same for a program that is about to be started as one of `nranks`. Returns 0 or
// EXIT_NOT_EXECUTABLE; then `error` holds a sentence.
int library_check(const struct program *program, int nranks, char *error, size_t room);

#endif
