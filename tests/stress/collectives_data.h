// SPDX-License-Identifier: MIT
// What collectives.c sends: basic types, seven ways to lay them out in memory with the same
// signature, and buffers that know what every byte of them has to be. No MPI communication here.
// Read next: collectives_model.h.
#ifndef TESTS_STRESS_COLLECTIVES_DATA_H
#define TESTS_STRESS_COLLECTIVES_DATA_H

#include "../api/check.h"

#include <stdbool.h>

static inline uint64_t mix(uint64_t z) // splitmix64; Steele, Lea and Flood 2014
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint64_t mix_all(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return mix(mix(mix(mix(a) + b) + c) + d);
}

// ---- Basic types, with the bytes of their data: one or two fields.

enum basic_kind { U8, I16, I32, I64, U64, F32, F64, COMPLEX, F64_INT, I16_INT, INT_INT, BASICS };

struct basic {
    MPI_Datatype type;
    int field[2][2]; // offset and bytes
    int extent;
};

static const struct basic basics[BASICS] = {
    [U8] = {MPI_UNSIGNED_CHAR, {{0, 1}, {0, 0}}, 1},
    [I16] = {MPI_SHORT, {{0, 2}, {0, 0}}, 2},
    [I32] = {MPI_INT, {{0, 4}, {0, 0}}, 4},
    [I64] = {MPI_INT64_T, {{0, 8}, {0, 0}}, 8},
    [U64] = {MPI_UINT64_T, {{0, 8}, {0, 0}}, 8},
    [F32] = {MPI_FLOAT, {{0, 4}, {0, 0}}, 4},
    [F64] = {MPI_DOUBLE, {{0, 8}, {0, 0}}, 8},
    [COMPLEX] = {MPI_C_DOUBLE_COMPLEX, {{0, 8}, {8, 8}}, 16},
    [F64_INT] = {MPI_DOUBLE_INT, {{0, 8}, {8, 4}}, 16},
    [I16_INT] = {MPI_SHORT_INT, {{0, 2}, {4, 4}}, 8},
    [INT_INT] = {MPI_2INT, {{0, 4}, {4, 4}}, 8},
};

// Copies the data only, not the hole that a pair may have.
static inline void basic_copy(enum basic_kind kind, unsigned char *to, const unsigned char *from)
{
    const struct basic *basic = &basics[kind];
    memcpy(to + basic->field[0][0], from + basic->field[0][0], (size_t)basic->field[0][1]);
    memcpy(to + basic->field[1][0], from + basic->field[1][0], (size_t)basic->field[1][1]);
}

// ---- Layouts

enum { AS_IS, CONTIGUOUS, STRIDED, BACKWARDS, STRUCTURE, SPACED, REVERSED, SHAPES };
enum { UNITS_MAX = 4 };

struct layout {
    MPI_Datatype type;
    enum basic_kind kind;
    int units; // basic types per element
    long extent;
    long offset[UNITS_MAX]; // of each of them
};

static struct layout layouts[BASICS][UNITS_MAX + 1][SHAPES];
static int layout_key = MPI_KEYVAL_INVALID; // on each type of them: its struct layout

static inline void layout_make(struct layout *l, enum basic_kind kind, int units, int shape)
{
    MPI_Datatype basic = basics[kind].type, raw = MPI_DATATYPE_NULL;
    int lengths[2] = {1, units - 1}, e = basics[kind].extent;
    MPI_Aint places[UNITS_MAX] = {0, 2 * e};
    MPI_Datatype types[2] = {basic, basic};
    *l = (struct layout){.kind = kind, .units = units};
    switch (shape) {
    case AS_IS:
        OK(MPI_Type_dup(basic, &l->type));
        break;
    case CONTIGUOUS:
        OK(MPI_Type_contiguous(units, basic, &l->type));
        break;
    case STRIDED:
        OK(MPI_Type_vector(units, 1, 2, basic, &raw));
        OK(MPI_Type_create_resized(raw, 0, (2 * units + 1) * e, &l->type));
        break;
    case BACKWARDS: // with a negative lower bound
        for (int i = 0; i < units; i++) {
            places[i] = (units - 2 - i) * e;
        }
        OK(MPI_Type_create_hindexed_block(units, 1, places, basic, &l->type));
        break;
    case STRUCTURE:
        OK(MPI_Type_create_struct(2, lengths, places, types, &raw));
        OK(MPI_Type_create_resized(raw, 0, (units + 2) * e, &l->type));
        break;
    case SPACED:
        OK(MPI_Type_create_resized(basic, 0, 3 * e, &l->type));
        break;
    default: // the next element lies before the last one
        OK(MPI_Type_create_resized(basic, 0, -2 * e, &l->type));
    }
    if (raw != MPI_DATATYPE_NULL) {
        MPI_Type_free(&raw);
    }
    if (shape == AS_IS || shape == SPACED || shape == REVERSED) {
        l->units = 1;
    }
    for (int i = 0; i < l->units; i++) {
        l->offset[i] = e * (shape == STRIDED     ? 2 * i
                            : shape == BACKWARDS ? units - 2 - i
                            : shape == STRUCTURE ? (i ? i + 1 : 0)
                                                 : i);
    }
    MPI_Aint lb, extent;
    OK(MPI_Type_get_extent(l->type, &lb, &extent));
    l->extent = (long)extent;
    OK(MPI_Type_commit(&l->type));
    OK(MPI_Type_set_attr(l->type, layout_key, l));
}

// Made on first use; AS_IS with one unit is the basic type itself.
static inline const struct layout *layout_get(enum basic_kind kind, int units, int shape)
{
    struct layout *l = &layouts[kind][units][shape];
    if (!l->units && shape == AS_IS && units == 1) {
        *l = (struct layout){basics[kind].type, kind, 1, basics[kind].extent, {0}};
    } else if (!l->units) {
        layout_make(l, kind, units, shape);
    }
    return l;
}

static inline void layouts_free(void)
{
    struct layout *l = &layouts[0][0][0];
    for (size_t i = 0; i < sizeof layouts / sizeof *l; i++) {
        if (l[i].units && l[i].type != basics[l[i].kind].type) {
            MPI_Type_free(&l[i].type);
        }
    }
}

// ---- Buffers

enum { RANKS_MAX = 32, GUARD = 64, EMPTY = 0x5a };

struct block {
    const struct layout *layout;
    long units; // basic types in it
    long at;    // bytes from the address that MPI is given
};

struct buffer {
    int blocks;
    struct block block[RANKS_MAX];
    unsigned char *memory, *expected;
    size_t size;
    long shift; // from the start of the memory to the address that MPI is given
};

static inline long unit_at(const struct block *block, long unit)
{
    const struct layout *l = block->layout;
    return block->at + unit / l->units * l->extent + l->offset[unit % l->units];
}

static inline long block_elements(const struct block *block)
{
    return block->units / block->layout->units;
}

// Memory for its blocks, with a guard at both ends.
static inline void buffer_make(struct buffer *b)
{
    long low = 0, high = 0;
    for (int i = 0; i < b->blocks; i++) {
        const struct block *block = &b->block[i];
        int extent = basics[block->layout->kind].extent, units = block->layout->units;
        // The first and last elements are the outermost ones, whatever the sign of the extent.
        for (int end = 0; end < 2 && block->units > 0; end++) {
            long first = end ? block->units - units : 0;
            for (long u = first; u < first + units; u++) {
                long at = unit_at(block, u);
                low = at < low ? at : low;
                high = at + extent > high ? at + extent : high;
            }
        }
    }
    low &= ~15L; // keeps the alignment
    b->shift = GUARD - low;
    b->size = (size_t)(high - low + 2 * GUARD);
    b->memory = room(b->size);
    b->expected = room(b->size);
}

static inline void buffer_free(struct buffer *b)
{
    free(b->memory);
    free(b->expected);
}

static inline void buffer_clear(struct buffer *b)
{
    memset(b->memory, EMPTY, b->size);
}

static inline void *buffer_address(const struct buffer *b)
{
    return b->memory + b->shift;
}

// Index of the first wrong byte, or -1.
static inline long buffer_wrong(const struct buffer *b)
{
    if (memcmp(b->memory, b->expected, b->size) == 0) {
        return -1;
    }
    for (long i = 0;; i++) {
        if (b->memory[i] != b->expected[i]) {
            return i;
        }
    }
}

#endif
