// SPDX-License-Identifier: MIT
// Copying memory that is a part of a sparse file, without filling the file.
#ifndef MP_HEAP_SPARSE_H
#define MP_HEAP_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// Zeroed memory of this process's own, for a copy; NULL if there is none.
char *mp_sparse_room(size_t bytes);

// Maps the copy at `place`, in a child, where its parent had the file at `offset`. Without one
// (NULL), or if it cannot be moved, the child sees what its parent writes later where it has
// written nothing itself; what it writes is its own even so. False if there is nothing at `place`
// now.
bool mp_sparse_replace(char *copy, size_t bytes, char *place, int fd, off_t offset);

// Copies the `bytes` bytes at `from`, which are those at `offset` of the file `fd`, to zeroed
// memory at `to`. What was never touched is skipped; but with `fd` -1, when the file is not at
// hand, all is copied. The bounds are multiples of the page size.
void mp_sparse_copy(int fd, off_t offset, char *to, const char *from, size_t bytes);

#endif
