// SPDX-License-Identifier: MIT
// Copying memory that is a part of a sparse file, without filling the file.
#ifndef MP_HEAP_SPARSE_H
#define MP_HEAP_SPARSE_H

#include <stddef.h>
#include <sys/types.h>

// Copies the `bytes` bytes at `from`, which are those at `offset` of the file `fd`, to zeroed
// memory at `to`. What was never touched is skipped; but with `fd` -1, when the file is not at
// hand, all is copied. The bounds are multiples of the page size.
void mp_sparse_copy(int fd, off_t offset, char *to, const char *from, size_t bytes);

#endif
