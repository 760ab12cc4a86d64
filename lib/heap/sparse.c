// SPDX-License-Identifier: MIT
// A hole in a shared file has no pages, and even reading it would make some: so the file is asked
// where its data lies.
#define _GNU_SOURCE
#include "heap/sparse.h"

#include <string.h>
#include <unistd.h>

void mp_sparse_copy(int fd, off_t offset, char *to, const char *from, size_t bytes)
{
    off_t at = offset, end = offset + (off_t)bytes;

    while (at < end) {
        off_t stop = end;
        if (fd >= 0) {
            at = lseek(fd, at, SEEK_DATA);
            if (at < 0 || at >= end) {
                return;
            }
            stop = lseek(fd, at, SEEK_HOLE);
            stop = stop < 0 || stop > end ? end : stop;
        }
        memcpy(to + (at - offset), from + (at - offset), (size_t)(stop - at));
        at = stop;
    }
}
