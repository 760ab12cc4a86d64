// SPDX-License-Identifier: MIT
// The control segment, on the launcher's side. See segment.c.
#ifndef MPRUN_SEGMENT_H
#define MPRUN_SEGMENT_H

#include "launcher/options.h"
#include "shm/layout.h"

// Creates the job's segment as descriptor MP_SEGMENT_FD, which ranks inherit. Returns its header
// and boards, mapped for the life of the process; NULL if that fails, which
// was said then.
// And the shared heap as descriptor MP_HEAP_FD, unless it is not wanted or cannot be had; the
// header says so.
struct mp_segment_header *segment_create(const struct options *options, int cpus, int64_t start_ns);

#endif
