// SPDX-License-Identifier: MIT
//
// The constructors of datatypes. Each takes sums and bounds over its blocks, and makes the
// canonical form from those of the old types by repeating and listing them
// (datatype/datatype_form.h). All end in the same function. Read first: datatype/datatype.h, struct
// mp_datatype.

#include "datatype/datatype_make.h"

#include "datatype/datatype_form.h"
#include "datatype/datatype_signature.h"
#include "object/errhandler.h"

#include <stdlib.h>

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

// The upper bound is that of an array of them: the extent is a multiple of the strictest alignment,
// unless a bound was set by hand (5.1, the definition of the extent).
static void bounds_pad(struct bounds *bounds)
{
    if (bounds->some && !bounds->resized && !bounds->overflow) {
        MPI_Count extent;
        bounds->overflow |= __builtin_sub_overflow(bounds->ub, bounds->lb, &extent);
        add(&bounds->ub, (bounds->align - extent % bounds->align) % bounds->align, 1,
            &bounds->overflow);
    }
}

// ---- From these, a type

// The form of a type that has data, with one more reference.
static struct mp_form *form_of(const struct mp_datatype *type)
{
    if (!type->form)
        return mp_form_block(type->true_lb, type->size);
    mp_form_hold(type->form);
    return type->form;
}

// A list of one part.
static struct mp_part *one_part(MPI_Count count, struct mp_datatype *old)
{
    struct mp_part *part = malloc(sizeof *part);
    if (part)
        *part = (struct mp_part){count, old};
    return part;
}

// Ends a construction: takes the form, NULL if there is no data or no memory, and the list of parts
// without references to their types.
static int finish(struct mp_form *form, const struct bounds *bounds, struct mp_part *parts,
                  size_t part_count, struct mp_datatype **out)
{
    struct mp_datatype *type = NULL;
    int err = 0;
    if (bounds->overflow)
        err = mp_fail(MPI_ERR_TYPE, "the new datatype has more than 2^63 bytes");
    else if ((bounds->size && !form) || !parts ||
             !(type = mp_object_new(MP_KIND_DATATYPE, sizeof *type)))
        err = mp_fail(MPI_ERR_NO_MEM, "no memory for a datatype");
    if (err) {
        mp_form_release(form);
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
    type->basic = (uint8_t)(bounds->basic > 0 ? bounds->basic : 0);
    type->elements = bounds->elements;
    type->handles = 1;
    type->parts = parts;
    type->part_count = part_count;
    for (size_t i = 0; i < part_count; i++) {
        mp_datatype_hold(parts[i].type);
        type->external += parts[i].count * mp_datatype_external_size(parts[i].type);
    }
    mp_datatype_sign(type);
    type->contiguous =
        !form || (form->kind == MP_UNIT_BLOCK && form->loops == 0 && form->size == type->extent);
    if (type->contiguous)
        mp_form_release(form);
    else
        type->form = form;
    *out = type;
    return 0;
}

int mp_datatype_vector(MPI_Count count, MPI_Count length, MPI_Count stride, MPI_Count scale,
                       struct mp_datatype *old, struct mp_datatype **type)
{
    struct bounds bounds = {.basic = -1, .align = 1};
    MPI_Count total = times(count, length, &bounds.overflow);
    if (total > 0 && !bounds.overflow) {
        // A single block has no stride to speak of.
        stride = count > 1 ? times(stride, scale, &bounds.overflow) : 0;
        MPI_Count last = times(count - 1, stride, &bounds.overflow);
        MPI_Count reach = times(length - 1, old->extent, &bounds.overflow);
        MPI_Count low = last < 0 ? last : 0, high = last > 0 ? last : 0;
        // The lowest element is the first or last of the first or last block, the highest likewise.
        add(&low, reach < 0 ? reach : 0, 1, &bounds.overflow);
        add(&high, reach > 0 ? reach : 0, 1, &bounds.overflow);
        bounds_add(&bounds, old, total, low, high);
        bounds_pad(&bounds);
    }
    struct mp_form *form = NULL;
    if (bounds.size && !bounds.overflow) {
        form = mp_form_repeat(form_of(old), length, old->extent);
        form = mp_form_repeat(form, count, stride);
    }
    return finish(form, &bounds, one_part(total, old), 1, type);
}

// Lists blocks of types; consecutive ones of the same length and type share their form.
struct lister {
    struct mp_form_list list;
    const struct mp_datatype *type;
    MPI_Count length;
    struct mp_form *form; // of `length` elements of the type
};

static void list_elements(struct lister *lister, MPI_Count at, MPI_Count length,
                          const struct mp_datatype *type)
{
    if (length == 0 || type->size == 0)
        return;
    if (type->contiguous) {
        mp_form_list_block(&lister->list, at + type->true_lb, length * type->size);
        return;
    }
    if (lister->type != type || lister->length != length) {
        mp_form_release(lister->form);
        lister->form = mp_form_repeat(form_of(type), length, type->extent);
        lister->type = type;
        lister->length = length;
    }
    if (lister->form)
        mp_form_list_add(&lister->list, at, lister->form);
    else
        lister->list.failed = true;
}

int mp_datatype_blocks(MPI_Count count, const struct mp_counts *lengths,
                       const struct mp_counts *displacements, MPI_Count scale,
                       struct mp_datatype *old, struct mp_datatype *const *olds,
                       struct mp_datatype **type)
{
    struct lister lister = {.type = NULL};
    struct bounds bounds = {.basic = -1, .align = 1};
    MPI_Count total = 0;
    for (MPI_Count i = 0; i < count; i++) {
        const struct mp_datatype *block = old ? old : olds[i];
        MPI_Count length = mp_counts_at(lengths, i), last;
        if (length == 0)
            continue;
        MPI_Count at = last = times(mp_counts_at(displacements, i), scale, &bounds.overflow);
        add(&total, length, 1, &bounds.overflow);
        add(&last, length - 1, block->extent, &bounds.overflow);
        bounds_add(&bounds, block, length, at, last);
        if (bounds.overflow || lister.list.failed)
            break;
        list_elements(&lister, at, length, block);
    }
    bounds_pad(&bounds);
    struct mp_form *form = mp_form_list_end(&lister.list);
    mp_form_release(lister.form);

    struct mp_part *parts;
    size_t part_count = 1;
    if (old) {
        parts = one_part(total, old);
    } else {
        part_count = (size_t)count;
        parts = malloc((part_count + 1) * sizeof *parts);
        for (size_t i = 0; parts && i < part_count; i++)
            parts[i] = (struct mp_part){mp_counts_at(lengths, (MPI_Count)i), olds[i]};
    }
    return finish(form, &bounds, parts, part_count, type);
}

int mp_datatype_resized(struct mp_datatype *old, MPI_Count lb, MPI_Count extent,
                        struct mp_datatype **type)
{
    struct bounds bounds = {.basic = -1, .align = 1};
    bounds_add(&bounds, old, 1, 0, 0);
    bounds.lb = bounds.ub = lb;
    add(&bounds.ub, extent, 1, &bounds.overflow);
    bounds.resized = true;
    return finish(old->size ? form_of(old) : NULL, &bounds, one_part(1, old), 1, type);
}

int mp_datatype_dup(struct mp_datatype *old, struct mp_datatype **type)
{
    int err = mp_datatype_resized(old, old->lb, old->extent, type);
    if (!err) {
        (*type)->resized = old->resized;
        (*type)->committed = old->committed;
        (*type)->plain = mp_datatype_plain(*type);
    }
    return err;
}

// What a share selects, of lines whose form is given and that are `stride` bytes apart.
static struct mp_form *form_of_share(struct mp_form *line, const struct mp_share *share,
                                     MPI_Count stride)
{
    struct mp_form *full = NULL, *rest = NULL;
    if (line && share->full) {
        mp_form_hold(line);
        full = mp_form_repeat(line, share->block, stride);
        full = mp_form_repeat(full, share->full, mp_form_reach(share->step, stride));
    }
    if (line && share->rest) {
        mp_form_hold(line);
        rest = mp_form_repeat(line, share->rest, stride);
        rest = mp_form_shift(rest, mp_form_reach(share->full * share->step, stride));
    }
    mp_form_release(line);
    if (!share->rest)
        return full;
    if (!share->full)
        return rest;
    struct mp_form_list list = {.failed = !full || !rest};
    if (!list.failed) {
        mp_form_list_add(&list, 0, full);
        mp_form_list_add(&list, 0, rest);
    }
    mp_form_release(full);
    mp_form_release(rest);
    return mp_form_list_end(&list);
}

int mp_datatype_array(int dimensions, const struct mp_counts *sizes, const struct mp_share shares[],
                      int order, struct mp_datatype *old, struct mp_datatype **type)
{
    struct bounds bounds = {.basic = -1, .align = 1};
    MPI_Count stride = old->extent, total = 1, first = 0, last = 0;
    for (int d = 0; d < dimensions; d++)
        total = times(total, shares[d].full * shares[d].block + shares[d].rest, &bounds.overflow);
    struct mp_form *form = old->size && total && !bounds.overflow ? form_of(old) : NULL;
    for (int i = 0; i < dimensions && !bounds.overflow; i++) {
        int d = order == MPI_ORDER_C ? dimensions - 1 - i : i;
        const struct mp_share *share = &shares[d];
        MPI_Count end = share->rest ? share->full * share->step + share->rest
                                    : (share->full - 1) * share->step + share->block;
        form = form_of_share(form, share, stride);
        add(&first, share->first, stride, &bounds.overflow);
        add(&last, share->first + end - 1, stride, &bounds.overflow);
        stride = times(stride, mp_counts_at(sizes, d), &bounds.overflow);
    }
    bounds_add(&bounds, old, total, first, last);
    bounds.lb = 0;
    bounds.ub = stride;
    bounds.resized = true;
    return finish(mp_form_shift(form, first), &bounds, one_part(total, old), 1, type);
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
