// SPDX-License-Identifier: MIT
// Random datatypes, each built twice: by the library, and as the plain list of its basic types and
// their places that the standard calls the type map. Trees of all constructors, and for the data of
// any tree another one that matches it and lays it out differently. Only mpi.h and libc. Half of
// the calls are of the large-count functions. Read next: types.c.
#ifndef TESTS_STRESS_TYPES_MODEL_H
#define TESTS_STRESS_TYPES_MODEL_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 800, REACH_MAX = 40000, BLOCKS_MAX = 6, CHILDREN_MAX = 3 };

// ---- Random numbers (splitmix64; Steele, Lea and Flood 2014)

static uint64_t random_state;

static inline uint64_t random_bits(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int random_below(int limit)
{
    return (int)((random_bits() >> 32) * (uint64_t)limit >> 32);
}

static inline void random_fill(unsigned char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t bits = random_bits() | 0x0101010101010101u; // no byte is 0
        memcpy(memory + i, &bits, bytes - i < 8 ? bytes - i : 8);
    }
}

// ---- The model

// A predefined type: the bytes of its data, in one or two fields; in external32 it has `external`
// bytes, 0 if not every value fits there.
struct basic {
    MPI_Datatype type;
    int field[2][2]; // offset and bytes
    int extent, align, size, external;
};

#define SINGLE(type, bytes, align, external)              \
    {                                                     \
        type, {{0, bytes}}, bytes, align, bytes, external \
    }
static struct basic basics[] = {
    SINGLE(MPI_CHAR, 1, 1, 1),
    SINGLE(MPI_SHORT, 2, 2, 2),
    SINGLE(MPI_INT, 4, 4, 4),
    SINGLE(MPI_DOUBLE, 8, 8, 8),
    SINGLE(MPI_LONG, 8, 8, 0),
    SINGLE(MPI_C_DOUBLE_COMPLEX, 16, 8, 16),
    SINGLE(MPI_2INT, 8, 4, 8),
    {MPI_DOUBLE_INT, {{0, 8}, {8, 4}}, 16, 8, 12, 12},
    {MPI_SHORT_INT, {{0, 2}, {4, 4}}, 8, 4, 6, 6},
    // Types by precision: see basics_setup.
    SINGLE(MPI_DATATYPE_NULL, 8, 8, 8),
    SINGLE(MPI_DATATYPE_NULL, 8, 4, 8),
    SINGLE(MPI_DATATYPE_NULL, 4, 4, 4),
};
enum { BASICS = sizeof basics / sizeof *basics };

// After MPI_Init.
static void basics_setup(void)
{
    MPI_Type_create_f90_real(15, 307, &basics[BASICS - 3].type);
    MPI_Type_create_f90_complex(6, 37, &basics[BASICS - 2].type);
    MPI_Type_create_f90_integer(9, &basics[BASICS - 1].type);
}

struct entry {
    int at, basic; // of basics[]
};

struct model {
    int count;
    long size;
    long lb, ub;
    bool some, marked; // has bounds; they were set by hand
    int align;
    struct entry map[ENTRIES_MAX];
};

// The type and its model.
struct tree {
    MPI_Datatype type;
    struct model *model;
};

static struct model *model_new(void)
{
    struct model *model = malloc(sizeof *model);
    model->count = 0;
    model->size = model->lb = model->ub = 0;
    model->some = model->marked = false;
    model->align = 1;
    return model;
}

static inline long model_extent(const struct model *model)
{
    return model->ub - model->lb;
}

// Appends `length` copies from `at` on; false when there is no room or they are too far away.
static bool model_add(struct model *to, const struct model *from, long at, int length)
{
    long extent = model_extent(from);
    if (to->count + length * from->count > ENTRIES_MAX)
        return false;
    for (int j = 0; j < length; j++, at += extent) {
        if (labs(at) > REACH_MAX || labs(extent) > REACH_MAX)
            return false;
        for (int i = 0; i < from->count; i++) {
            long place = from->map[i].at + at;
            if (labs(place) > REACH_MAX)
                return false;
            to->map[to->count++] = (struct entry){(int)place, from->map[i].basic};
        }
        to->size += from->size;
        if (!from->some)
            continue;
        long lb = from->lb + at, ub = from->ub + at;
        if (!to->some || (from->marked && !to->marked)) {
            to->lb = lb;
            to->ub = ub;
        } else if (from->marked == to->marked) {
            to->lb = lb < to->lb ? lb : to->lb;
            to->ub = ub > to->ub ? ub : to->ub;
        }
        to->some = true;
        to->marked |= from->marked;
        to->align = from->align > to->align ? from->align : to->align;
    }
    return true;
}

// The extent is rounded up to the strictest alignment unless set by hand.
static void model_pad(struct model *model)
{
    if (model->some && !model->marked)
        model->ub += (model->align - model_extent(model) % model->align) % model->align;
}

static void model_mark(struct model *model, long lb, long extent)
{
    model->lb = lb;
    model->ub = lb + extent;
    model->some = model->marked = true;
}

static void model_true_bounds(const struct model *model, long *low, long *high)
{
    *low = *high = 0;
    for (int i = 0; i < model->count; i++) {
        const struct basic *basic = &basics[model->map[i].basic];
        const int *last = basic->field[basic->field[1][1] ? 1 : 0];
        long begin = model->map[i].at, end = begin + last[0] + last[1];
        *low = i == 0 || begin < *low ? begin : *low;
        *high = i == 0 || end > *high ? end : *high;
    }
}

// The stream of `count` elements as places: byte i of it lies at where[i], which the caller frees.
static int *model_stream(const struct model *model, int count, long shift)
{
    int *where = malloc(((size_t)model->size * (size_t)count + 1) * sizeof *where), *next = where;
    for (int e = 0; e < count; e++) {
        for (int i = 0; i < model->count; i++) {
            int at = (int)(model->map[i].at + e * model_extent(model) - shift);
            const struct basic *basic = &basics[model->map[i].basic];
            for (int f = 0; f < 2; f++)
                for (int b = 0; b < basic->field[f][1]; b++)
                    *next++ = at + basic->field[f][0] + b;
        }
    }
    return where;
}

// The memory of `count` elements: its size, and what to subtract from its start for the buffer.
static size_t model_span(const struct model *model, int count, long *shift)
{
    long low, high;
    model_true_bounds(model, &low, &high);
    long reach = (count - 1) * model_extent(model);
    *shift = low + (reach < 0 ? reach : 0);
    return count ? (size_t)(high - low + labs(reach)) : 0;
}

// ---- Trees

static void tree_drop(struct tree tree)
{
    bool predefined = false;
    for (int i = 0; i < BASICS; i++)
        predefined |= tree.type == basics[i].type;
    if (tree.type != MPI_DATATYPE_NULL && !predefined)
        MPI_Type_free(&tree.type);
    free(tree.model);
}

static struct tree tree_basic(int which)
{
    struct tree tree = {basics[which].type, model_new()};
    *tree.model->map = (struct entry){0, which};
    tree.model->count = 1;
    tree.model->size = basics[which].size;
    tree.model->ub = basics[which].extent;
    tree.model->align = basics[which].align;
    tree.model->some = true;
    return tree;
}

// `new` replaces its part `old` if its model had room for it.
static struct tree tree_replace(struct tree old, struct tree new, bool fits)
{
    if (fits) {
        model_pad(new.model);
        tree_drop(old);
        return new;
    }
    tree_drop(new);
    return old;
}

enum { INDEXED, HINDEXED, INDEXED_BLOCK, HINDEXED_BLOCK };

// Blocks of one type; those of the block constructors all have lengths[0].
static struct tree tree_blocks(int kind, int count, int *lengths, const int *places,
                               struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    MPI_Aint bytes[ENTRIES_MAX];
    bool fits = true, scaled = kind == INDEXED || kind == INDEXED_BLOCK, large = random_below(2);
    MPI_Count wide_lengths[ENTRIES_MAX], wide_places[ENTRIES_MAX];
    for (int i = 0; i < count; i++) {
        if (kind == INDEXED_BLOCK || kind == HINDEXED_BLOCK)
            lengths[i] = lengths[0];
        bytes[i] = wide_places[i] = places[i];
        wide_lengths[i] = lengths[i];
        fits = fits && model_add(new.model, old.model,
                                 places[i] * (scaled ? model_extent(old.model) : 1), lengths[i]);
    }
    if (kind == INDEXED && large)
        MPI_Type_indexed_c(count, wide_lengths, wide_places, old.type, &new.type);
    else if (kind == INDEXED)
        MPI_Type_indexed(count, lengths, places, old.type, &new.type);
    else if (kind == HINDEXED && large)
        MPI_Type_create_hindexed_c(count, wide_lengths, wide_places, old.type, &new.type);
    else if (kind == HINDEXED)
        MPI_Type_create_hindexed(count, lengths, bytes, old.type, &new.type);
    else if (kind == INDEXED_BLOCK && large)
        MPI_Type_create_indexed_block_c(count, lengths[0], wide_places, old.type, &new.type);
    else if (kind == INDEXED_BLOCK)
        MPI_Type_create_indexed_block(count, lengths[0], places, old.type, &new.type);
    else if (large)
        MPI_Type_create_hindexed_block_c(count, lengths[0], wide_places, old.type, &new.type);
    else
        MPI_Type_create_hindexed_block(count, lengths[0], bytes, old.type, &new.type);
    return tree_replace(old, new, fits);
}

// The stride in bytes or, for a vector, in elements.
static struct tree tree_vector(int count, int length, int stride, bool bytes, struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    long step = bytes ? stride : stride * model_extent(old.model);
    bool fits = true, large = random_below(2);
    if (bytes && large)
        MPI_Type_create_hvector_c(count, length, stride, old.type, &new.type);
    else if (large)
        MPI_Type_vector_c(count, length, stride, old.type, &new.type);
    else if (bytes)
        MPI_Type_create_hvector(count, length, stride, old.type, &new.type);
    else
        MPI_Type_vector(count, length, stride, old.type, &new.type);
    for (int i = 0; i < count && fits; i++)
        fits = model_add(new.model, old.model, i * step, length);
    return tree_replace(old, new, fits);
}

static struct tree tree_contiguous(int count, struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    if (random_below(2))
        MPI_Type_contiguous_c(count, old.type, &new.type);
    else
        MPI_Type_contiguous(count, old.type, &new.type);
    return tree_replace(old, new, model_add(new.model, old.model, 0, count));
}

static struct tree tree_resized(long lb, long extent, struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    if (random_below(2))
        MPI_Type_create_resized_c(old.type, lb, extent, &new.type);
    else
        MPI_Type_create_resized(old.type, lb, extent, &new.type);
    bool fits = model_add(new.model, old.model, 0, 1);
    model_mark(new.model, lb, extent);
    return tree_replace(old, new, fits);
}

static struct tree tree_dup(struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    MPI_Type_dup(old.type, &new.type);
    *new.model = *old.model;
    return tree_replace(old, new, true);
}

// Takes all children; the first one remains when there is no room.
static struct tree tree_struct(int count, const int *lengths, const MPI_Aint *places,
                               const int *child_of, struct tree *children, int child_count)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    MPI_Datatype types[ENTRIES_MAX];
    MPI_Count wide_lengths[ENTRIES_MAX], wide_places[ENTRIES_MAX];
    bool fits = true;
    for (int i = 0; i < count; i++) {
        wide_lengths[i] = lengths[i];
        wide_places[i] = places[i];
        types[i] = children[child_of[i]].type;
        fits = fits && model_add(new.model, children[child_of[i]].model, places[i], lengths[i]);
    }
    if (random_below(2))
        MPI_Type_create_struct_c(count, wide_lengths, wide_places, types, &new.type);
    else
        MPI_Type_create_struct(count, lengths, places, types, &new.type);
    for (int i = 1; i < child_count; i++)
        tree_drop(children[i]);
    return tree_replace(children[0], new, fits);
}

// Elements of an array of three dimensions for which in[d] is true of the index, in the order of
// the array.
static bool model_array(struct model *to, const struct model *from, int order, const int *sizes,
                        bool in[3][16])
{
    int slow = order == MPI_ORDER_C ? 0 : 2, fast = 2 - slow, at[3];
    long extent = model_extent(from);
    bool fits = true;
    for (at[slow] = 0; at[slow] < sizes[slow]; at[slow]++)
        for (at[1] = 0; at[1] < sizes[1]; at[1]++)
            for (at[fast] = 0; at[fast] < sizes[fast]; at[fast]++)
                if (in[0][at[0]] && in[1][at[1]] && in[2][at[2]])
                    fits =
                        fits &&
                        model_add(to, from,
                                  ((at[slow] * sizes[1] + at[1]) * sizes[fast] + at[fast]) * extent,
                                  1);
    model_mark(to, 0, sizes[0] * sizes[1] * sizes[2] * extent);
    return fits;
}

static struct tree tree_subarray(struct tree old)
{
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    int order = random_below(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN;
    int sizes[3], subsizes[3], starts[3];
    MPI_Count wide[3][3];
    bool in[3][16];
    for (int d = 0; d < 3; d++) {
        sizes[d] = 1 + random_below(4);
        subsizes[d] = 1 + random_below(sizes[d]);
        starts[d] = random_below(sizes[d] - subsizes[d] + 1);
        for (int i = 0; i < sizes[d]; i++)
            in[d][i] = i >= starts[d] && i < starts[d] + subsizes[d];
        wide[0][d] = sizes[d];
        wide[1][d] = subsizes[d];
        wide[2][d] = starts[d];
    }
    if (random_below(2))
        MPI_Type_create_subarray_c(3, wide[0], wide[1], wide[2], order, old.type, &new.type);
    else
        MPI_Type_create_subarray(3, sizes, subsizes, starts, order, old.type, &new.type);
    return tree_replace(old, new, model_array(new.model, old.model, order, sizes, in));
}

// The part of a process in a distributed array.
static struct tree tree_darray(struct tree old)
{
    static const int kinds[] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC, MPI_DISTRIBUTE_NONE};
    struct tree new = {MPI_DATATYPE_NULL, model_new()};
    int order = random_below(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN;
    int sizes[3], kind[3], block[3], processes[3], coordinate[3], rank = 0, all = 1;
    MPI_Count wide_sizes[3];
    bool in[3][16];
    for (int d = 0; d < 3; d++) {
        wide_sizes[d] = sizes[d] = 1 + random_below(5);
        kind[d] = kinds[random_below(3)];
        processes[d] = kind[d] == MPI_DISTRIBUTE_NONE ? 1 : 1 + random_below(3);
        coordinate[d] = random_below(processes[d]);
        rank = rank * processes[d] + coordinate[d]; // in row-major order always
        all *= processes[d];
        int least =
            kind[d] == MPI_DISTRIBUTE_CYCLIC ? 1 : (sizes[d] + processes[d] - 1) / processes[d];
        int length = least + random_below(2);
        block[d] = length;
        if (random_below(3) == 0 || kind[d] == MPI_DISTRIBUTE_NONE) {
            block[d] = MPI_DISTRIBUTE_DFLT_DARG;
            length = least;
        }
        for (int i = 0; i < sizes[d]; i++)
            in[d][i] = kind[d] == MPI_DISTRIBUTE_NONE || i / length % processes[d] == coordinate[d];
    }
    if (random_below(2))
        MPI_Type_create_darray_c(all, rank, 3, wide_sizes, kind, block, processes, order, old.type,
                                 &new.type);
    else
        MPI_Type_create_darray(all, rank, 3, sizes, kind, block, processes, order, old.type,
                               &new.type);
    return tree_replace(old, new, model_array(new.model, old.model, order, sizes, in));
}

static struct tree tree_random(int depth);

static struct tree tree_random_struct(int depth)
{
    struct tree children[CHILDREN_MAX];
    int children_count = 1 + random_below(CHILDREN_MAX), count = random_below(BLOCKS_MAX);
    int lengths[BLOCKS_MAX], child_of[BLOCKS_MAX];
    MPI_Aint places[BLOCKS_MAX];
    for (int i = 0; i < children_count; i++)
        children[i] = tree_random(random_below(depth));
    long at = random_below(8) ? 0 : -200;
    for (int i = 0; i < count; i++) {
        lengths[i] = random_below(4);
        child_of[i] = random_below(children_count);
        places[i] = at; // mostly one after the other, with and without gaps
        long next = at + lengths[i] * model_extent(children[child_of[i]].model);
        at = random_below(3) ? next + random_below(3) * 4 : random_below(400) - 100;
    }
    return tree_struct(count, lengths, places, child_of, children, children_count);
}

// A random tree of at most that depth.
static struct tree tree_random(int depth)
{
    if (depth == 0)
        return tree_basic(random_below(BASICS));
    int which = random_below(14);
    if (which >= 12)
        return tree_random_struct(depth);
    struct tree old = tree_random(depth - 1 - (random_below(8) == 0 ? random_below(depth) : 0));
    int count = random_below(10) ? 1 + random_below(4) : 0;
    int length = random_below(10) ? 1 + random_below(3) : 0;
    int lengths[BLOCKS_MAX], places[BLOCKS_MAX];
    int scaled = which == 4 || which == 6, at = 0, extent = (int)model_extent(old.model);
    int step = random_below(3) ? 1 + random_below(5) : 0; // regular, or not
    for (int i = 0; i < BLOCKS_MAX; i++) {
        lengths[i] = step ? length : random_below(4);
        places[i] = step ? at : random_below(scaled ? 40 : 400) - (scaled ? 10 : 100);
        at += scaled ? length + step - 1 : length * extent + (step - 1) * 4;
    }
    switch (which) {
    case 0:
        return tree_contiguous(count, old);
    case 1:
        return tree_vector(count, length, length + random_below(4), false, old);
    case 2:
        return tree_vector(count, length, random_below(9) - 4, false, old);
    case 3:
        return tree_vector(count, length, random_below(400) - 100, true, old);
    case 4:
        return tree_blocks(INDEXED, count, lengths, places, old);
    case 5:
        return tree_blocks(HINDEXED, count, lengths, places, old);
    case 6:
        return tree_blocks(INDEXED_BLOCK, count, lengths, places, old);
    case 7:
        return tree_blocks(HINDEXED_BLOCK, count, lengths, places, old);
    case 8:
        return tree_resized(random_below(40) - 20,
                            random_below(3) ? extent + random_below(16) : random_below(300) - 100,
                            old);
    case 9:
        return tree_dup(old);
    case 10:
        return tree_darray(old);
    default:
        return tree_subarray(old);
    }
}

#endif
