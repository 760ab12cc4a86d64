// SPDX-License-Identifier: MIT
// Tagged output: "[3] text", or "[1.3] text" of a world that was spawned. Without --tag-output
// ranks inherit mprun's own descriptors and nothing here has any effect. See output.c.
#ifndef MPRUN_OUTPUT_H
#define MPRUN_OUTPUT_H

#include <stdbool.h>
#include <uv.h>

// Prepares to tag the output of `nranks` ranks of the world of that number. Not called when output
// is not tagged. Returns 0, or -1 with errno.
int output_prepare(int world, int nranks);

// How many descriptors that needs for each rank.
enum { OUTPUT_FDS_PER_RANK = 2 };

// Sets fds[1] and fds[2] to what shall become the rank's, which is about to be started. Returns 0,
// or -1 with errno. Where that is not our own, the caller closes it afterwards.
int output_open(int rank, int fds[3]);

// From now on output is copied by events of `loop`.
void output_start(uv_loop_t *loop);

// All writers are gone. Takes what the pipes still hold, writes everything out, and calls
// `done(argument)`, if there is one, perhaps before it returns. May be called again: the last
// `done` counts.
void output_drain(void (*done)(void *argument), void *argument);

// What mprun shall exit with if the job itself ended well: not 0 if tagged output could not be
// written, and then either that was told or its reader has gone.
int output_status(void);

// Is there anybody to read our standard output, tagged or not, as far as can be known?
bool output_has_reader(void);

#endif
