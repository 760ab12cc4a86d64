// SPDX-License-Identifier: MIT
//
// Each kernel is written once, as an inline function of a length that is a constant where it is
// called: the compiler then makes a few loads and stores of memcpy. Blocks that lie so far apart
// that each is on a cache line of its own are asked for ahead of time; the processor does that by
// itself only for short distances.

#include "core/datatype_kernels.h"

// From this distance on, blocks are fetched ahead, and so many of them.
enum { SPARSE = 128, AHEAD = 32 };

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

// The same, with what is read and written later fetched now.
MP_INLINE void sparse_row(char *to, MPI_Aint to_pitch, const char *from, MPI_Aint from_pitch,
                          MPI_Count blocks, size_t length)
{
    for (; blocks > AHEAD; blocks--) {
        __builtin_prefetch(mp_step(from, AHEAD * from_pitch), 0);
        __builtin_prefetch(mp_step(to, AHEAD * to_pitch), 1);
        move(to, from, length);
        to = mp_step(to, to_pitch);
        from = mp_step(from, from_pitch);
    }
    row(to, to_pitch, from, from_pitch, blocks, length);
}

MP_INLINE bool is_sparse(MPI_Aint pitch)
{
    return pitch >= SPARSE || pitch <= -SPARSE;
}

MP_INLINE void grid(char *to, struct mp_pitch to_pitch, const char *from,
                    struct mp_pitch from_pitch, MPI_Count blocks, MPI_Count rows, size_t length)
{
    bool sparse = blocks > AHEAD && (is_sparse(from_pitch.block) || is_sparse(to_pitch.block));
    for (; rows > 0; rows--) {
        if (sparse)
            sparse_row(to, to_pitch.block, from, from_pitch.block, blocks, length);
        else
            row(to, to_pitch.block, from, from_pitch.block, blocks, length);
        to = mp_step(to, to_pitch.row);
        from = mp_step(from, from_pitch.row);
    }
}

// The lengths that have a loop of their own.
#define EACH_LENGTH(DO) DO(1) DO(2) DO(3) DO(4) DO(8) DO(12) DO(16) DO(24) DO(32) DO(64)

void mp_move_grid(char *to, struct mp_pitch to_pitch, const char *from, struct mp_pitch from_pitch,
                  MPI_Count blocks, MPI_Count rows, MPI_Count length)
{
    switch (length) {
#define CASE(bytes)                                                \
    case bytes:                                                    \
        grid(to, to_pitch, from, from_pitch, blocks, rows, bytes); \
        break;
        EACH_LENGTH(CASE)
#undef CASE
    default:
        grid(to, to_pitch, from, from_pitch, blocks, rows, (size_t)length);
    }
}

// ---- Lists

enum way { PACK, UNPACK, COPY };

MP_INLINE void list_block(enum way way, char *at, char *other, MPI_Aint offset, size_t length)
{
    if (way == PACK)
        move(other, mp_step(at, offset), length);
    else if (way == UNPACK)
        move(mp_step(at, offset), other, length);
    else
        move(mp_step(other, offset), mp_step(at, offset), length);
}

MP_INLINE void list(enum way way, const int32_t *near, const MPI_Aint *far, char *at, char *other,
                    size_t count, size_t length)
{
#define OFFSET(i) (near ? near[i] : far[i])
    size_t step = way == COPY ? 0 : length, i = 0;
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

MP_INLINE void near_or_far(enum way way, const struct mp_form *form, char *at, char *other,
                           size_t first, size_t count, size_t length)
{
    if (form->kind == MP_UNIT_NEAR)
        list(way, form->near + first, NULL, at, other, count, length);
    else
        list(way, NULL, form->far + first, at, other, count, length);
}

MP_INLINE void each_length(enum way way, const struct mp_form *form, const char *at, size_t first,
                           size_t count, const char *other)
{
    char *a = (char *)(uintptr_t)at, *b = (char *)(uintptr_t)other;
    switch (form->length) {
#define CASE(bytes)                                          \
    case bytes:                                              \
        near_or_far(way, form, a, b, first, count, (bytes)); \
        break;
        EACH_LENGTH(CASE)
#undef CASE
    default:
        near_or_far(way, form, a, b, first, count, (size_t)form->length);
    }
}

void mp_pack_list(const struct mp_form *form, const char *at, size_t first, size_t count,
                  char *stream)
{
    each_length(PACK, form, at, first, count, stream);
}

void mp_unpack_list(const struct mp_form *form, char *at, size_t first, size_t count,
                    const char *stream)
{
    each_length(UNPACK, form, at, first, count, stream);
}

void mp_copy_list(const struct mp_form *form, const char *at, size_t first, size_t count,
                  char *other)
{
    each_length(COPY, form, at, first, count, other);
}
