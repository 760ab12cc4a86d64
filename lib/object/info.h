// SPDX-License-Identifier: MIT
// Info objects (MPI 5.0, chapter 10): ordered (key, value) pairs.
#ifndef MP_OBJECT_INFO_H
#define MP_OBJECT_INFO_H

#include "mpi.h"
#include "object/object.h"

#include <stdbool.h>

struct mp_info;

// Handle to object: NULL when it is no live info. MPI_INFO_NULL is not an info either: check first.
struct mp_info *mp_info_get(MPI_Info handle);
MPI_Info mp_info_handle(struct mp_info *info);

// NULL when memory is out. A copy of NULL is an empty info.
struct mp_info *mp_info_new(void);
struct mp_info *mp_info_copy(const struct mp_info *info);
void mp_info_free(struct mp_info *info);

// Sets a pair, also one that is there already. Lengths have been checked.
int mp_info_put(struct mp_info *info, const char *key, const char *value);
const char *mp_info_find(const struct mp_info *info, const char *key); // NULL: not there

bool mp_info_remove(struct mp_info *info, const char *key); // false: it was not there
int mp_info_count(const struct mp_info *info);
const char *mp_info_key(const struct mp_info *info, int index);

// Puts the keys of MPI_INFO_ENV (11.2.1) for a program with these arguments, but for those that
// only MPI_Init makes known: the same at any time.
void mp_info_put_start(struct mp_info *info, int argc, char **argv);

#endif
