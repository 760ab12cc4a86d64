// SPDX-License-Identifier: MIT
// What mprun says when a job did not end well: a few lines, at the very end. See report.c.
#ifndef MPRUN_REPORT_H
#define MPRUN_REPORT_H

#include "launcher/job.h"

// Says on standard error how the job ended, when there is something to say.
void report_end(const struct job *job);

// Faults that ranks have found in the program (--check); in how many ranks, if `finders` is given.
uint64_t report_faults(const struct job *job, int *finders);

// Says on a terminal that the job was asked to end and has time to, and how to cut that short.
void report_patience(const struct job *job);

// Why something outlives SIGKILL.
#define UNKILLABLE "it hangs in the kernel, or is another user's"

// Says "mprun: " and a sentence on standard error, in one piece.
void report_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
