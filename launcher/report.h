// SPDX-License-Identifier: MIT
// What mprun says when a job did not end well: a few lines, at the very end. See report.c.
#ifndef MPRUN_REPORT_H
#define MPRUN_REPORT_H

#include "launcher/job.h"

// Says on standard error how the job ended, when there is something to say.
void report_end(const struct job *job);

// Says "mprun: " and a sentence on standard error, in one piece.
void report_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
