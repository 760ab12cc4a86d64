// SPDX-License-Identifier: MIT
// Who reads mprun's standard input: one rank, which inherits it; all, each getting a copy; or none.
// See input.c.
#ifndef MPRUN_INPUT_H
#define MPRUN_INPUT_H

#include <uv.h>

// `reader` is a rank, or STDIN_NONE or STDIN_ALL. Afterwards mprun's own descriptor 0 is /dev/null.
// Returns 0, or -1 with errno.
int input_prepare(int reader, int nranks);

// What shall become descriptor 0 of `rank`, which is about to be started; -1 with errno. Unless it
// is our own descriptor 0, the caller closes it afterwards, so that the writer of a pipe learns
// when that rank is gone.
int input_open(int rank);

// From now on input is copied by events of `loop`. If it cannot be read, or what some rank
// has not had yet cannot be kept, that is told, and `on_failure(argument)` is called.
void input_start(uv_loop_t *loop, void (*on_failure)(void *argument), void *argument);

// Nobody is left to read.
void input_stop(void);

#endif
