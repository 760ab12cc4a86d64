// SPDX-License-Identifier: MIT
// A stream that several readers follow, each at its own pace. See spool.c.
#ifndef MPRUN_SPOOL_H
#define MPRUN_SPOOL_H

#include <stddef.h>
#include <stdint.h>

enum { SPOOL_CHUNK = 64 << 10 };

// How many bytes have been put in so far.
uint64_t spool_end(void);

// Puts in up to SPOOL_CHUNK bytes. Returns 0, or an errno if what must make room for them cannot be
// stored; then the stream has a gap and is of no use any more.
int spool_put(const char *data, size_t length);

// Finds bytes of the stream from position `from`, which is below the end. Returns how many follow
// each other at *data, valid until the next call; 0 with errno if they cannot be read back.
size_t spool_get(uint64_t from, const char **data);

// Nobody asks for what lies before that position any more.
void spool_forget(uint64_t before);

#endif
