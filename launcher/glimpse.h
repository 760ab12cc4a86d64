// SPDX-License-Identifier: MIT
// What ranks were doing when a job was to end (struct glimpse, job.h). See glimpse.c.
#ifndef MPRUN_GLIMPSE_H
#define MPRUN_GLIMPSE_H

#include "launcher/job.h"

#include <sys/types.h>

// Copies what the rank's board says now; and of all ranks, with what the system says of those that
// are not in a call of MPI.
void glimpse_take(struct job *job, int rank);
void glimpse_take_all(struct job *job);

// The process that uses MPI for this rank, which may be below the one that we started: then its
// board says `on_board`.
pid_t glimpse_process(const struct job *job, int rank, pid_t on_board);

#endif
