// SPDX-License-Identifier: MIT
// Starting one process, fast. See spawn.c.
#ifndef MPRUN_SPAWN_H
#define MPRUN_SPAWN_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

// All that is to be known about a process before it starts. Descriptors that the process shall not
// have are close-on-exec; all others it inherits by number.
struct birth {
    const char *file;
    char **argv;
    char **shell_argv; // the same through a shell, for a script that no "#!" line begins
    char **environment;
    const char *wdir;           // NULL: where mprun is
    int fds[3];                 // what becomes its descriptors 0, 1 and 2
    int control_fd;             // what becomes descriptor MP_CONTROL_FD; -1 for none
    int heap_fd;                // the same of MP_HEAP_FD,
    int segment_fd;             // and of MP_SEGMENT_FD, which is always there
    _Atomic int32_t *pid;       // where its id is noted before it executes anything
    const sigset_t *signals;    // its signal mask
    const struct rlimit *files; // its limit on descriptors; NULL for mprun's
    uint64_t cpu_seconds;       // its limit on CPU time; 0 for mprun's
    const uint64_t *cpus;       // its affinity mask; NULL for mprun's
    size_t cpus_bytes;
};

// Starts a process that dies with this one, whatever ends it. Call from the main thread only.
// Returns its id; or, when it could not be executed, -1 with errno saying why and *step naming what
// failed ("execute", "enter its directory", ...).
pid_t spawn(const struct birth *birth, const char **step);

#endif
