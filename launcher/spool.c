// SPDX-License-Identifier: MIT
// The last megabyte of the stream is in a ring. What the ring has to let go, and somebody has not
// had yet, goes into a file that has no name, so that nothing is left of it however we end:
//
//   0 ... | needed | ............ file ............ | ........... ring ........... | end
//
// The file lies in TMPDIR, and not in memory (memfd_create): how far a rank stays behind has no
// bound. What everybody has had is given back to the disk.
// Read next: input.c.
#define _GNU_SOURCE
#include "launcher/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING = 1 << 20, GIVE_BACK = 16 << 20 };

static struct {
    uint64_t end;
    uint64_t needed;    // the first position that somebody has not had yet
    uint64_t file_from; // the position of its first byte ...
    uint64_t file_end;  // ... and behind its last; the same: it is empty
    uint64_t given;     // back to the disk, up to that position
    char ring[RING];
    char chunk[SPOOL_CHUNK];
} spool;
static int file = -1; // its descriptor; -1: not made yet

uint64_t spool_end(void)
{
    return spool.end;
}

// Where the ring begins when the stream ends at `end`.
static uint64_t ring_begin(uint64_t end)
{
    return end > RING ? end - RING : 0;
}

static int make_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];

    if (!folder || !*folder)
        folder = "/tmp";
    file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return 0;
    if (snprintf(path, sizeof path, "%s/mprun.XXXXXX", folder) >= (int)sizeof path)
        return ENAMETOOLONG;
    file = mkostemp(path, O_CLOEXEC); // not every file system has files without a name
    if (file < 0)
        return errno;
    unlink(path);
    return 0;
}

static int store(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t wrote = pwrite(file, data, length, (off_t)(spool.file_end - spool.file_from));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? errno : ENOSPC;
        data += wrote;
        length -= (size_t)wrote;
        spool.file_end += (uint64_t)wrote;
    }
    return 0;
}

// Saves what is needed of the ring's bytes before `end`.
static int save_before(uint64_t end)
{
    uint64_t from = ring_begin(spool.end);

    from = from > spool.needed ? from : spool.needed;
    if (from >= end)
        return 0;
    if (file < 0) {
        int error = make_file();
        if (error != 0)
            return error;
    }
    if (spool.file_end != from) // what it had, nobody needs
        spool.file_from = spool.file_end = spool.given = from;
    while (from < end) {
        const char *data;
        size_t length = spool_get(from, &data);
        length = length < end - from ? length : (size_t)(end - from);
        int error = store(data, length);
        if (error != 0)
            return error;
        from += length;
    }
    return 0;
}

int spool_put(const char *data, size_t length)
{
    int error = save_before(ring_begin(spool.end + length));

    if (error != 0)
        return error;
    size_t at = spool.end % RING;
    size_t to_end = RING - at < length ? RING - at : length;
    memcpy(spool.ring + at, data, to_end);
    memcpy(spool.ring, data + to_end, length - to_end);
    spool.end += length;
    return 0;
}

size_t spool_get(uint64_t from, const char **data)
{
    uint64_t begin = ring_begin(spool.end);

    if (from >= begin) {
        size_t at = from % RING, left = (size_t)(spool.end - from);
        *data = spool.ring + at;
        return left < RING - at ? left : RING - at;
    }
    size_t length = begin - from < SPOOL_CHUNK ? (size_t)(begin - from) : SPOOL_CHUNK;
    ssize_t got;
    do
        got = pread(file, spool.chunk, length, (off_t)(from - spool.file_from));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        errno = EIO;
    *data = spool.chunk;
    return got > 0 ? (size_t)got : 0;
}

void spool_forget(uint64_t before)
{
    spool.needed = before;
    if (spool.file_end == spool.file_from)
        return;
    if (before >= spool.file_end) {
        spool.file_from = spool.file_end = spool.given = 0;
        (void)!ftruncate(file, 0);
    } else if (before >= spool.given + GIVE_BACK) {
        fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)(spool.given - spool.file_from), (off_t)(before - spool.given));
        spool.given = before;
    }
}
