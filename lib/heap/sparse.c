// SPDX-License-Identifier: MIT
// A hole in a shared file has no pages, and even reading it would make some: so the file is asked
// where its data lies.
#define _GNU_SOURCE
#include "heap/sparse.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

char *mp_sparse_room(size_t bytes)
{
    char *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

bool mp_sparse_replace(char *copy, size_t bytes, char *place, int fd, off_t offset)
{
    return (copy && mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place) ||
           mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd,
                offset) == place;
}

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
