// SPDX-License-Identifier: MIT
// The control segment, on the launcher's side. See segment.c.
#ifndef MPRUN_SEGMENT_H
#define MPRUN_SEGMENT_H

#include "launcher/options.h"
#include "shm/layout.h"

// Creates the segments of the job's nodes, of whose ranks up to `crowd` were put on one CPU, and
// the shared heap of each unless it is not wanted or cannot be had (the header says so), as
// descriptors mp_node_segment_fd and mp_node_heap_fd, close-on-exec. segments[node]: its header and
// boards, mapped for the life of the process. False if that fails, which was said then.
bool segments_create(const struct options *options, int cpus, int crowd, int64_t start_ns,
                     struct mp_segment_header **segments);

// The bytes that the segment may have: the limit on the size of files, as far as mprun can raise
// it.
uint64_t segment_most(void);

#endif
