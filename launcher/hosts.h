// SPDX-License-Identifier: MIT
// The host lists of other launchers' command lines. See hosts.c.
#ifndef MPRUN_HOSTS_H
#define MPRUN_HOSTS_H

#include <stddef.h>

// Reads a list such as "localhost:4,localhost": all of it must be this machine. Adds the slots that
// it offers to *slots (1 for a name without a number). Returns 0, or -1 with a sentence in `error`.
int hosts_read_list(const char *list, int *slots, char *error, size_t room);

// The same for a file with one host on each line, in Open MPI's form (`name slots=4`) or MPICH's
// (`name:4`). A line without a number leaves *slots alone.
int hosts_read_file(const char *file, int *slots, char *error, size_t room);

#endif
