// SPDX-License-Identifier: MIT
// The loops that move the bytes of datatypes: grids of blocks and lists of blocks, with code of
// their own for the common block sizes. They know nothing of types; datatype_move.c calls them.
#ifndef MP_DATATYPE_DATATYPE_KERNELS_H
#define MP_DATATYPE_DATATYPE_KERNELS_H

#include "datatype/datatype_form.h"

#include <string.h>

#define MP_INLINE static inline __attribute__((always_inline))

// The address `by` bytes on. Where a type has absolute addresses the first one is MPI_BOTTOM, so
// this is arithmetic on numbers and not within an object.
MP_INLINE char *mp_step(const void *from, MPI_Aint by)
{
    return (char *)((uintptr_t)from + (uintptr_t)by);
}

// One side of a grid: how far it is from a block to the next in a row, and from row to row.
struct mp_pitch {
    MPI_Aint block, row;
};

// Copies rows * blocks blocks of `length` bytes. Neither pitch need be that of adjacent blocks.
void mp_move_grid(char *to, struct mp_pitch to_pitch, const char *from, struct mp_pitch from_pitch,
                  MPI_Count blocks, MPI_Count rows, MPI_Count length);

// From the elements to a stream, back, or from elements to others.
enum mp_move { MP_PACK, MP_UNPACK, MP_COPY };

// Blocks [first, first + count) of the unit at `at`, whose kind is NEAR or FAR: copied to or from
// adjacent blocks at `other`, or to the same places of the unit there.
void mp_move_list(enum mp_move way, const struct mp_form *form, char *at, size_t first,
                  size_t count, char *other);

// One block of any length; short ones without a call.
MP_INLINE void mp_move_block(char *to, const char *from, size_t length)
{
    if (length > 16) {
        memcpy(to, from, length);
    } else if (length >= 8) { // two halves that may overlap
        uint64_t low, high;
        memcpy(&low, from, 8);
        memcpy(&high, from + length - 8, 8);
        memcpy(to, &low, 8);
        memcpy(to + length - 8, &high, 8);
    } else if (length >= 4) {
        uint32_t low, high;
        memcpy(&low, from, 4);
        memcpy(&high, from + length - 4, 4);
        memcpy(to, &low, 4);
        memcpy(to + length - 4, &high, 4);
    } else if (length) {
        char first = from[0], middle = from[length / 2], last = from[length - 1];
        to[0] = first;
        to[length / 2] = middle;
        to[length - 1] = last;
    }
}

#endif
