// SPDX-License-Identifier: MIT
//
// Each kernel is written once, as an inline function of a length that is a constant where it is
// called: the compiler then makes a few loads and stores of memcpy.

#include "datatype/datatype_kernels.h"

// Blocks this far apart are asked for ahead of time when there are many of them, a chunk at a time
// and into the second-level cache: at such distances the processor does not do it by itself, and
// those at multiples of a page would all fall on one set of the first level.
enum { SPARSE = 512, MANY = 256, CHUNK = 16, AHEAD = 64 };

// Blocks of a length without a loop of its own.
static void move_any(char *to, const char *from, size_t length)
{
    if (length > 128) {
        memcpy(to, from, length);
        return;
    }
    for (; length > 16; length -= 16) {
        memcpy(to, from, 16);
        to += 16;
        from += 16;
    }
    mp_move_block(to, from, length);
}

MP_INLINE void move(char *to, const char *from, size_t length)
{
    if (__builtin_constant_p(length))
        memcpy(to, from, length);
    else
        move_any(to, from, length);
}

MP_INLINE void row(char *to, MPI_Aint to_pitch, const char *from, MPI_Aint from_pitch,
                   MPI_Count blocks, size_t length)
{
    for (; blocks >= 4; blocks -= 4) {
        move(to, from, length);
        move(mp_step(to, to_pitch), mp_step(from, from_pitch), length);
        move(mp_step(to, 2 * to_pitch), mp_step(from, 2 * from_pitch), length);
        move(mp_step(to, 3 * to_pitch), mp_step(from, 3 * from_pitch), length);
        to = mp_step(to, 4 * to_pitch);
        from = mp_step(from, 4 * from_pitch);
    }
    for (; blocks > 0; blocks--) {
        move(to, from, length);
        to = mp_step(to, to_pitch);
        from = mp_step(from, from_pitch);
    }
}

static void fetch(const char *from, MPI_Aint pitch)
{
    if (pitch < SPARSE && pitch > -SPARSE)
        return;
    from = mp_step(from, AHEAD * pitch);
    for (int i = 0; i < CHUNK; i++) {
        __builtin_prefetch(from, 0, 2);
        from = mp_step(from, pitch);
    }
}

MP_INLINE void grid(char *to, struct mp_pitch to_pitch, const char *from,
                    struct mp_pitch from_pitch, MPI_Count blocks, MPI_Count rows, size_t length)
{
    MPI_Count chunk = blocks > MANY ? CHUNK : blocks;
    for (; rows > 0; rows--) {
        char *to_row = to;
        const char *from_row = from;
        for (MPI_Count left = blocks; left > 0; left -= chunk) {
            if (left > MANY) {
                fetch(from_row, from_pitch.block);
                fetch(to_row, to_pitch.block);
            }
            row(to_row, to_pitch.block, from_row, from_pitch.block, left < chunk ? left : chunk,
                length);
            to_row = mp_step(to_row, chunk * to_pitch.block);
            from_row = mp_step(from_row, chunk * from_pitch.block);
        }
        to = mp_step(to, to_pitch.row);
        from = mp_step(from, from_pitch.row);
    }
}

// The lengths that have a loop of their own: in lists, and in grids.
#define LIST_LENGTHS(DO) DO(1) DO(2) DO(4) DO(8) DO(12) DO(16) DO(24) DO(32) DO(64)
#define GRID_LENGTHS(DO) \
    LIST_LENGTHS(DO)     \
    DO(3) DO(5) DO(6) DO(7) DO(9) DO(10) DO(11) DO(13) DO(14) DO(15) DO(20) DO(40) DO(48) DO(56)

void mp_move_grid(char *to, struct mp_pitch to_pitch, const char *from, struct mp_pitch from_pitch,
                  MPI_Count blocks, MPI_Count rows, MPI_Count length)
{
    switch (length) {
#define CASE(bytes)                                                \
    case bytes:                                                    \
        grid(to, to_pitch, from, from_pitch, blocks, rows, bytes); \
        break;
        GRID_LENGTHS(CASE)
#undef CASE
    default:
        grid(to, to_pitch, from, from_pitch, blocks, rows, (size_t)length);
    }
}

// ---- Lists

MP_INLINE void list_block(enum mp_move way, char *at, char *other, MPI_Aint offset, size_t length)
{
    if (way == MP_PACK)
        move(other, mp_step(at, offset), length);
    else if (way == MP_UNPACK)
        move(mp_step(at, offset), other, length);
    else
        move(mp_step(other, offset), mp_step(at, offset), length);
}

MP_INLINE void list(enum mp_move way, const int32_t *near, const MPI_Aint *far, char *at,
                    char *other, size_t count, size_t length)
{
#define OFFSET(i) (near ? near[i] : far[i])
    size_t step = way == MP_COPY ? 0 : length, i = 0;
    for (; i + 4 <= count; i += 4) {
        list_block(way, at, other, OFFSET(i), length);
        list_block(way, at, other + step, OFFSET(i + 1), length);
        list_block(way, at, other + 2 * step, OFFSET(i + 2), length);
        list_block(way, at, other + 3 * step, OFFSET(i + 3), length);
        other += 4 * step;
    }
    for (; i < count; i++) {
        list_block(way, at, other, OFFSET(i), length);
        other += step;
    }
#undef OFFSET
}

MP_INLINE void near_or_far(enum mp_move way, const struct mp_form *form, char *at, char *other,
                           size_t first, size_t count, size_t length)
{
    if (form->kind == MP_UNIT_NEAR)
        list(way, form->near + first, NULL, at, other, count, length);
    else
        list(way, NULL, form->far + first, at, other, count, length);
}

MP_INLINE void each_length(enum mp_move way, const struct mp_form *form, char *at, size_t first,
                           size_t count, char *other)
{
    switch (form->length) {
#define CASE(bytes)                                               \
    case bytes:                                                   \
        near_or_far(way, form, at, other, first, count, (bytes)); \
        break;
        LIST_LENGTHS(CASE)
#undef CASE
    default:
        near_or_far(way, form, at, other, first, count, (size_t)form->length);
    }
}

void mp_move_list(enum mp_move way, const struct mp_form *form, char *at, size_t first,
                  size_t count, char *other)
{
    if (way == MP_PACK)
        each_length(MP_PACK, form, at, first, count, other);
    else if (way == MP_UNPACK)
        each_length(MP_UNPACK, form, at, first, count, other);
    else
        each_length(MP_COPY, form, at, first, count, other);
}
