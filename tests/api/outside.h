// SPDX-License-Identifier: MIT
// For programs whose ranks tell each other things outside MPI, to show what goes on without a call:
// by signals, which are queued. Read next: check.h.
#ifndef TESTS_API_OUTSIDE_H
#define TESTS_API_OUTSIDE_H

#include "check.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { OUTSIDE_SECONDS = 20 };

static inline sigset_t outside_signal(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    return set;
}

// To be called before MPI_Init: the signals wait to be awaited.
static inline void outside_start(void)
{
    sigset_t set = outside_signal();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static inline void outside_tell(int process)
{
    CHECK(kill(process, SIGRTMIN) == 0, "kill: %s", strerror(errno));
}

static inline void outside_await(const char *what)
{
    sigset_t set = outside_signal();
    struct timespec patience = {OUTSIDE_SECONDS, 0};
    CHECK(sigtimedwait(&set, NULL, &patience) == SIGRTMIN, "in %d s nobody told that %s",
          OUTSIDE_SECONDS, what);
}

#endif
