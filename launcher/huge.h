// SPDX-License-Identifier: MIT
// Huge pages for the shared heap of a job that runs for a while. See huge.c.
#ifndef MPRUN_HUGE_H
#define MPRUN_HUGE_H

// From when on it looks, in milliseconds after the start: shorter jobs would not get back what it
// costs.
enum { HUGE_AFTER_MS = 2000 };

// Looks after the heap from now on, beside everything else. Once per job.
struct job;
void huge_start(struct job *job);

#endif
