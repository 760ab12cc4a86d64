// SPDX-License-Identifier: MIT
//
// The constructors of datatypes. All of them end in the same few steps: the runs of one unit are
// listed, neighbours joined; bounds and sums are taken over the blocks; and what turns out to be
// contiguous or strided is stored as that. Read first: core/datatype.h, struct mp_datatype.

#include "core/datatype_make.h"

#include "core/errhandler.h"

#include <stdlib.h>
#include <string.h>

// ---- The list of runs

struct run_list {
    struct mp_run *runs;
    size_t count, capacity;
    bool failed; // out of memory
};

static void run_append(struct run_list *list, MPI_Aint offset, MPI_Aint length)
{
    if (length == 0)
        return;
    if (list->count) {
        struct mp_run *last = &list->runs[list->count - 1];
        if (last->offset + last->length == offset) {
            last->length += length;
            return;
        }
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 4;
        struct mp_run *grown = realloc(list->runs, capacity * sizeof *grown);
        if (!grown) {
            list->failed = true;
            return;
        }
        list->runs = grown;
        list->capacity = capacity;
    }
    list->runs[list->count++] = (struct mp_run){offset, length, 0};
}

// The runs of one unit of the type, `at` bytes further on.
static void append_unit(struct run_list *list, const struct mp_datatype *type, MPI_Count at)
{
    if (type->contiguous)
        run_append(list, at + type->true_lb, type->size);
    for (size_t i = 0; i < type->run_count; i++)
        run_append(list, at + type->runs[i].offset, type->runs[i].length);
}

// The runs of `count` consecutive elements.
static void append_elements(struct run_list *list, const struct mp_datatype *type, MPI_Count at,
                            MPI_Count count)
{
    if (type->contiguous) {
        run_append(list, at + type->true_lb, count * type->size);
        return;
    }
    for (MPI_Count i = 0; i < count && !list->failed; i++) {
        for (MPI_Count unit = 0; unit < type->repeat && !list->failed; unit++)
            append_unit(list, type, at + i * type->extent + unit * type->stride);
    }
}

// ---- The sums over all blocks

struct bounds {
    MPI_Count lb, ub, true_lb, true_ub;
    bool some, some_data; // something was added; something that has data
    bool resized;         // lb and ub are those of resized types, which overrule the others (5.1.7)
    bool overflow;
    MPI_Count size, elements;
    int align;
    int basic; // -1: nothing yet
};

static MPI_Count times(MPI_Count a, MPI_Count b, bool *overflow)
{
    MPI_Count product = 0;
    *overflow |= __builtin_mul_overflow(a, b, &product);
    return product;
}

static void add(MPI_Count *sum, MPI_Count a, MPI_Count b, bool *overflow)
{
    MPI_Count product;
    *overflow |=
        __builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*sum, product, sum);
}

// Adds `count` elements whose extremes lie at the displacements `first` and `last`.
static void bounds_add(struct bounds *bounds, const struct mp_datatype *type, MPI_Count count,
                       MPI_Count first, MPI_Count last)
{
    if (count == 0 || (type->elements == 0 && type->size == 0 && !type->resized))
        return;
    MPI_Count low = first < last ? first : last, high = first < last ? last : first;
    MPI_Count lb = low, ub = high;
    add(&lb, type->lb, 1, &bounds->overflow);
    add(&ub, type->lb + type->extent, 1, &bounds->overflow);
    if (!bounds->some || (type->resized && !bounds->resized)) {
        bounds->lb = lb;
        bounds->ub = ub;
    } else if (type->resized == bounds->resized) {
        bounds->lb = lb < bounds->lb ? lb : bounds->lb;
        bounds->ub = ub > bounds->ub ? ub : bounds->ub;
    }
    bounds->some = true;
    bounds->resized |= type->resized;
    if (type->size) {
        lb = low;
        ub = high;
        add(&lb, type->true_lb, 1, &bounds->overflow);
        add(&ub, type->true_lb + type->true_extent, 1, &bounds->overflow);
        if (!bounds->some_data || lb < bounds->true_lb)
            bounds->true_lb = lb;
        if (!bounds->some_data || ub > bounds->true_ub)
            bounds->true_ub = ub;
        bounds->some_data = true;
        bounds->basic = bounds->basic == -1 || bounds->basic == type->basic ? type->basic : 0;
    }
    add(&bounds->size, count, type->size, &bounds->overflow);
    add(&bounds->elements, count, type->elements, &bounds->overflow);
    bounds->align = type->align > bounds->align ? type->align : bounds->align;
}

// ---- From these, a type

// Runs of one length at equal distances become units of one run.
static void find_stride(struct mp_datatype *type, struct run_list *list)
{
    if (type->repeat != 1 || list->count < 2)
        return;
    MPI_Aint stride = list->runs[1].offset - list->runs[0].offset;
    for (size_t i = 1; i < list->count; i++) {
        if (list->runs[i].length != list->runs[0].length ||
            list->runs[i].offset - list->runs[i - 1].offset != stride)
            return;
    }
    type->repeat = (MPI_Count)list->count;
    type->stride = stride;
    list->count = 1;
}

// Ends a construction: takes the list and `part_count` references to the types of the parts.
static int finish(struct run_list *list, MPI_Count repeat, MPI_Count stride,
                  const struct bounds *bounds, struct mp_part *parts, size_t part_count,
                  struct mp_datatype **out)
{
    struct mp_datatype *type = NULL;
    int err = 0;
    if (bounds->overflow)
        err = mp_fail(MPI_ERR_TYPE, "the new datatype has more than 2^63 bytes");
    else if (list->failed || !parts || !(type = mp_object_new(MP_KIND_DATATYPE, sizeof *type)))
        err = mp_fail(MPI_ERR_NO_MEM, "no memory for a datatype of %zu runs", list->count);
    if (err) {
        free(list->runs);
        free(parts);
        return err;
    }
    type->size = bounds->size;
    type->lb = bounds->lb;
    type->extent = bounds->ub - bounds->lb;
    type->true_lb = bounds->true_lb;
    type->true_extent = bounds->true_ub - bounds->true_lb;
    type->resized = bounds->resized;
    type->align = bounds->align;
    type->basic = bounds->basic > 0 ? bounds->basic : 0;
    type->elements = bounds->elements;
    type->handles = 1;
    type->repeat = repeat;
    type->stride = stride;
    type->parts = parts;
    type->part_count = part_count;
    for (size_t i = 0; i < part_count; i++)
        mp_datatype_hold(parts[i].type);

    find_stride(type, list);
    for (size_t i = 0; i < list->count; i++) {
        list->runs[i].start = type->unit;
        type->unit += list->runs[i].length;
    }
    type->contiguous =
        type->size == 0 || (list->count == 1 && type->repeat == 1 && type->size == type->extent);
    if (type->contiguous) {
        free(list->runs);
        type->repeat = 1;
        type->stride = type->extent;
        type->unit = type->size;
    } else {
        type->runs = list->runs;
        type->run_count = list->count;
    }
    *out = type;
    return 0;
}

// A list of one part.
static struct mp_part *one_part(MPI_Count count, struct mp_datatype *old)
{
    struct mp_part *part = malloc(sizeof *part);
    if (part)
        *part = (struct mp_part){count, old};
    return part;
}

int mp_datatype_vector(MPI_Count count, MPI_Count length, MPI_Count stride, MPI_Count scale,
                       struct mp_datatype *old, struct mp_datatype **type)
{
    struct run_list list = {0};
    struct bounds bounds = {.basic = -1, .align = 1};
    MPI_Count total = times(count, length, &bounds.overflow);
    stride = times(stride, scale, &bounds.overflow);
    if (total > 0 && !bounds.overflow) {
        MPI_Count last = times(count - 1, stride, &bounds.overflow);
        MPI_Count reach = times(length - 1, old->extent, &bounds.overflow);
        MPI_Count low = last < 0 ? last : 0, high = last > 0 ? last : 0;
        // The lowest element is the first or last of the first or last block, the highest likewise.
        add(&low, reach < 0 ? reach : 0, 1, &bounds.overflow);
        add(&high, reach > 0 ? reach : 0, 1, &bounds.overflow);
        bounds_add(&bounds, old, total, low, high);
    }

    // Blocks that touch are a longer series of single elements.
    if (length > 1 && !bounds.overflow && stride == length * old->extent) {
        count = total;
        length = 1;
        stride = old->extent;
    }
    MPI_Count repeat = 1;
    if (total > 0 && !bounds.overflow) {
        repeat = count;
        if (length == 1 && !old->contiguous &&
            (count == 1 || stride == old->repeat * old->stride)) {
            append_unit(&list, old, 0);
            repeat = count * old->repeat;
            stride = old->stride;
        } else {
            append_elements(&list, old, 0, length);
        }
        if (list.count == 1 && list.runs[0].length == stride) {
            list.runs[0].length *= repeat;
            repeat = 1;
        }
    }
    return finish(&list, repeat, stride, &bounds, one_part(total, old), 1, type);
}

int mp_datatype_blocks(MPI_Count count, struct mp_numbers lengths, struct mp_numbers displacements,
                       MPI_Count scale, struct mp_datatype *old, struct mp_datatype *const *olds,
                       struct mp_datatype **type)
{
    struct run_list list = {0};
    struct bounds bounds = {.basic = -1, .align = 1};
    MPI_Count repeat = 1, stride = 0, total = 0;
    for (MPI_Count i = 0; i < count && !bounds.overflow && !list.failed; i++) {
        const struct mp_datatype *block = old ? old : olds[i];
        MPI_Count length = mp_number(lengths, i), last;
        MPI_Count at = last = times(mp_number(displacements, i), scale, &bounds.overflow);
        add(&total, length, 1, &bounds.overflow);
        add(&last, length - 1, block->extent, &bounds.overflow);
        bounds_add(&bounds, block, length, at, last);
        if (bounds.overflow)
            break;
        if (count == 1 && length == 1 && !block->contiguous) {
            append_unit(&list, block, at);
            repeat = block->repeat;
            stride = block->stride;
        } else {
            append_elements(&list, block, at, length);
        }
    }
    struct mp_part *parts;
    size_t part_count = 1;
    if (old) {
        parts = one_part(total, old);
    } else {
        // A C struct is padded to a multiple of its alignment, unless a bound was set by hand.
        if (bounds.some && !bounds.resized)
            bounds.ub += (bounds.align - (bounds.ub - bounds.lb) % bounds.align) % bounds.align;
        part_count = (size_t)count;
        parts = malloc((part_count + 1) * sizeof *parts);
        for (size_t i = 0; parts && i < part_count; i++)
            parts[i] = (struct mp_part){mp_number(lengths, (MPI_Count)i), olds[i]};
    }
    return finish(&list, repeat, stride, &bounds, parts, part_count, type);
}

int mp_datatype_resized(struct mp_datatype *old, MPI_Count lb, MPI_Count extent,
                        struct mp_datatype **type)
{
    struct run_list list = {0};
    struct bounds bounds = {.basic = -1, .align = 1};
    bounds_add(&bounds, old, 1, 0, 0);
    bounds.lb = bounds.ub = lb;
    add(&bounds.ub, extent, 1, &bounds.overflow);
    bounds.resized = true;
    if (old->size)
        append_unit(&list, old, 0);
    return finish(&list, old->repeat, old->stride, &bounds, one_part(1, old), 1, type);
}

int mp_datatype_dup(struct mp_datatype *old, struct mp_datatype **type)
{
    int err = mp_datatype_resized(old, old->lb, old->extent, type);
    if (!err) {
        (*type)->resized = old->resized;
        (*type)->committed = old->committed;
    }
    return err;
}

int mp_datatype_subarray(int dimensions, struct mp_numbers sizes, struct mp_numbers subsizes,
                         struct mp_numbers starts, int order, struct mp_datatype *old,
                         struct mp_datatype **type)
{
    struct mp_datatype *inner = old; // the subarray in the faster dimensions
    struct mp_datatype *outer;
    MPI_Count stride = old->extent, offset = 0, total = 1;
    bool overflow = false;
    int err = 0;
    for (int i = 0; i < dimensions && !err; i++) {
        int d = order == MPI_ORDER_C ? dimensions - 1 - i : i;
        err = mp_datatype_vector(mp_number(subsizes, d), 1, stride, 1, inner, &outer);
        if (!err) {
            if (inner != old)
                mp_datatype_release(inner);
            inner = outer;
        }
        add(&offset, mp_number(starts, d), stride, &overflow);
        stride = times(stride, mp_number(sizes, d), &overflow);
        total = times(total, mp_number(subsizes, d), &overflow);
    }
    if (!err && overflow)
        err = mp_fail(MPI_ERR_TYPE, "the array has more than 2^63 bytes");
    if (!err)
        err = mp_datatype_blocks(1, (struct mp_numbers){.constant = 1},
                                 (struct mp_numbers){.constant = offset}, 1, inner, NULL, &outer);
    if (inner != old)
        mp_datatype_release(inner);
    if (err)
        return err;
    // Seen from outside, it was made from the old type at once.
    mp_datatype_hold(old);
    mp_datatype_release(outer->parts->type);
    *outer->parts = (struct mp_part){total, old};
    err = mp_datatype_resized(outer, 0, stride, type);
    if (!err) {
        mp_datatype_hold(old);
        mp_datatype_release((*type)->parts->type);
        *(*type)->parts = (struct mp_part){total, old};
    }
    mp_datatype_release(outer);
    return err;
}

int mp_datatype_record(struct mp_datatype *type, int combiner, bool large, MPI_Count integers,
                       MPI_Count addresses, MPI_Count counts)
{
    struct mp_recipe *recipe = &type->recipe;
    recipe->combiner = combiner;
    recipe->large = large;
    recipe->integer_count = integers;
    recipe->address_count = addresses;
    recipe->large_count = counts;
    recipe->integers = integers ? malloc((size_t)integers * sizeof(int)) : NULL;
    recipe->addresses = addresses ? malloc((size_t)addresses * sizeof(MPI_Aint)) : NULL;
    recipe->counts = counts ? malloc((size_t)counts * sizeof(MPI_Count)) : NULL;
    if ((integers && !recipe->integers) || (addresses && !recipe->addresses) ||
        (counts && !recipe->counts)) {
        mp_datatype_release(type);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the arguments of a datatype");
    }
    return 0;
}
