// SPDX-License-Identifier: MIT
//
// Building canonical forms. Two operations make all of them: repeating a form, which adds a loop
// or lengthens one, and listing forms one after the other, which looks for regularity first: blocks
// that touch are joined, blocks at distances that repeat become loops. Small irregular forms are
// written out in a list; large ones are shared, so that a list is never much longer than the arrays
// that the program passed.

#include "datatype/datatype_form.h"

#include <stdlib.h>
#include <string.h>

// Forms of up to so many blocks are written out in a list, and lists of so many pieces.
enum { SMALL = 16 };

// Pieces nest no deeper than this before lists are written out however long they are; each further
// level then at least doubles the size of the data, which ends at 2^63.
enum { DEEP = 100 };

struct mp_block {
    MPI_Aint offset;
    MPI_Count length;
};

static MPI_Aint distance(MPI_Aint from, MPI_Aint to)
{
    return (MPI_Aint)((uint64_t)to - (uint64_t)from);
}

void mp_form_hold(struct mp_form *form)
{
    form->refs++;
}

void mp_form_release(struct mp_form *form)
{
    if (!form || --form->refs)
        return;
    if (form->owner) {
        mp_form_release(form->owner);
    } else if (form->kind != MP_UNIT_BLOCK) {
        if (form->kind == MP_UNIT_PIECES)
            for (size_t i = 0; i < form->count; i++)
                mp_form_release(form->pieces[i].form);
        free(form->list);
    }
    free(form);
}

struct mp_form *mp_form_block(MPI_Aint offset, MPI_Count length)
{
    struct mp_form *form = calloc(1, sizeof *form);
    if (form) {
        form->refs = 1;
        form->kind = MP_UNIT_BLOCK;
        form->offset = offset;
        form->size = form->unit = form->length = length;
        form->count = 1;
    }
    return form;
}

// The form itself if nobody else holds it, else a copy that shares its list.
static struct mp_form *own(struct mp_form *form)
{
    if (!form || form->refs == 1)
        return form;
    struct mp_form *copy = malloc(sizeof *copy);
    if (copy) {
        *copy = *form;
        copy->refs = 1;
        if (form->kind != MP_UNIT_BLOCK && !form->owner)
            copy->owner = form;
        if (copy->owner)
            mp_form_hold(copy->owner);
    }
    mp_form_release(form);
    return copy;
}

struct mp_form *mp_form_shift(struct mp_form *form, MPI_Aint by)
{
    if (by == 0)
        return form;
    form = own(form);
    if (form)
        form->offset += by;
    return form;
}

// A form whose unit is the form given: to have room for one more loop around it.
static struct mp_form *wrap(struct mp_form *form)
{
    struct mp_form *outer = mp_form_block(0, form->size);
    struct mp_piece *piece = malloc(sizeof *piece);
    if (!outer || !piece) {
        free(outer);
        free(piece);
        mp_form_release(form);
        return NULL;
    }
    *piece = (struct mp_piece){0, 0, form};
    outer->kind = MP_UNIT_PIECES;
    outer->depth = (uint8_t)(form->depth + 1);
    outer->pieces = piece;
    return outer;
}

struct mp_form *mp_form_repeat(struct mp_form *form, MPI_Count count, MPI_Count stride)
{
    if (count == 1)
        return form;
    form = own(form);
    if (!form)
        return NULL;
    if (form->kind == MP_UNIT_BLOCK && form->loops == 0 && form->length == stride) {
        form->length = form->unit = form->size = count * form->length;
        return form;
    }
    struct mp_loop *last = form->loops ? &form->loop[form->loops - 1] : NULL;
    if (last && mp_form_reach(last->count, last->stride) == stride) {
        last->count *= count;
    } else {
        if (form->loops == MP_LOOPS_MAX && !(form = wrap(form)))
            return NULL;
        form->loop[form->loops++] = (struct mp_loop){count, stride};
    }
    form->size *= count;
    return form;
}

bool mp_form_alike(const struct mp_form *a, const struct mp_form *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->loops != b->loops || a->size != b->size || a->unit != b->unit ||
        a->length != b->length || a->count != b->count)
        return false;
    for (int i = 0; i < a->loops; i++) {
        if (a->loop[i].count != b->loop[i].count || a->loop[i].stride != b->loop[i].stride)
            return false;
    }
    if (a->kind == MP_UNIT_BLOCK || a->list == b->list)
        return true;
    return a->kind == MP_UNIT_RUNS && a->count <= SMALL &&
           memcmp(a->runs, b->runs, a->count * sizeof *a->runs) == 0;
}

// ---- Lists

// The array of `count` entries with room for one more, or NULL: then it stays as it was.
static void *room(void *array, size_t count, size_t *capacity, size_t entry)
{
    if (count < *capacity)
        return array;
    size_t more = *capacity ? 2 * *capacity : 8;
    void *grown = realloc(array, more * entry);
    if (grown)
        *capacity = more;
    return grown;
}

static void add_block(struct mp_form_list *list, MPI_Aint offset, MPI_Count length)
{
    if (list->block_count) {
        struct mp_block *last = &list->blocks[list->block_count - 1];
        if (last->offset + last->length == offset) {
            last->length += length;
            return;
        }
    }
    struct mp_block *blocks =
        room(list->blocks, list->block_count, &list->block_room, sizeof *blocks);
    if (!blocks) {
        list->failed = true;
        return;
    }
    list->blocks = blocks;
    blocks[list->block_count++] = (struct mp_block){offset, length};
}

// Takes over the reference.
static void add_piece(struct mp_form_list *list, MPI_Aint offset, struct mp_form *form)
{
    struct mp_piece *pieces =
        form ? room(list->pieces, list->piece_count, &list->piece_room, sizeof *pieces) : NULL;
    if (!pieces) {
        mp_form_release(form);
        list->failed = true;
        return;
    }
    list->pieces = pieces;
    pieces[list->piece_count++] = (struct mp_piece){offset, 0, form};
}

// True if the form has so few blocks that it is better written out than shared.
static bool is_small(const struct mp_form *form)
{
    if (form->kind == MP_UNIT_PIECES || form->count > SMALL)
        return false;
    MPI_Count blocks = (MPI_Count)form->count;
    for (int i = 0; i < form->loops; i++) {
        if (form->loop[i].count > SMALL)
            return false;
        blocks *= form->loop[i].count;
    }
    return blocks <= SMALL;
}

static void write_unit(struct mp_form_list *list, const struct mp_form *form, MPI_Aint at)
{
    for (size_t i = 0; i < form->count; i++) {
        switch (form->kind) {
        case MP_UNIT_BLOCK:
            add_block(list, at, form->length);
            break;
        case MP_UNIT_NEAR:
            add_block(list, at + form->near[i], form->length);
            break;
        case MP_UNIT_FAR:
            add_block(list, at + form->far[i], form->length);
            break;
        default:
            add_block(list, at + form->runs[i].offset,
                      form->runs[i + 1].start - form->runs[i].start);
        }
    }
}

static void write_out(struct mp_form_list *list, const struct mp_form *form, MPI_Aint at, int loops)
{
    if (loops == 0) {
        write_unit(list, form, at + form->offset);
        return;
    }
    const struct mp_loop *loop = &form->loop[loops - 1];
    for (MPI_Count i = 0; i < loop->count; i++)
        write_out(list, form, at + mp_form_reach(i, loop->stride), loops - 1);
}

// Offsets that form a grid become loops, the innermost first. Returns how many loops, or -1.
static int find_grid(const MPI_Aint *offsets, size_t count, struct mp_loop *loop, int most)
{
    MPI_Aint *starts = NULL; // of the loops found so far
    int loops = 0;
    while (count > 1 && loops < most) {
        MPI_Aint stride = distance(offsets[0], offsets[1]);
        size_t n = 2;
        while (n < count && distance(offsets[n - 1], offsets[n]) == stride)
            n++;
        bool regular = count % n == 0;
        for (size_t i = n; i < count && regular; i++)
            regular = i % n == 0 || distance(offsets[i - 1], offsets[i]) == stride;
        if (!regular)
            break;
        loop[loops++] = (struct mp_loop){(MPI_Count)n, stride};
        count /= n;
        if (count > 1) {
            if (!starts && !(starts = malloc(count * sizeof *starts)))
                break;
            for (size_t i = 0; i < count; i++)
                starts[i] = offsets[i * n];
            offsets = starts;
        }
    }
    free(starts);
    return count == 1 ? loops : -1;
}

static struct mp_form *repeat_grid(struct mp_form *form, const struct mp_loop *loop, int loops)
{
    for (int i = 0; i < loops; i++)
        form = mp_form_repeat(form, loop[i].count, loop[i].stride);
    return form;
}

// A form of blocks of one length, in loops if the offsets allow.
static struct mp_form *from_offsets(const MPI_Aint *offsets, size_t count, MPI_Count length)
{
    struct mp_loop loop[MP_LOOPS_MAX];
    int loops = find_grid(offsets, count, loop, MP_LOOPS_MAX);
    struct mp_form *form = mp_form_block(offsets[0], length);
    if (!form || loops >= 0)
        return repeat_grid(form, loop, loops);

    bool near = true;
    for (size_t i = 0; i < count && near; i++) {
        MPI_Aint offset = distance(offsets[0], offsets[i]);
        near = offset == (int32_t)offset;
    }
    void *list = malloc(count * (near ? sizeof(int32_t) : sizeof(MPI_Aint)));
    if (!list) {
        free(form);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        MPI_Aint offset = distance(offsets[0], offsets[i]);
        if (near)
            ((int32_t *)list)[i] = (int32_t)offset;
        else
            ((MPI_Aint *)list)[i] = offset;
    }
    form->kind = near ? MP_UNIT_NEAR : MP_UNIT_FAR;
    form->list = list;
    form->count = count;
    form->size = form->unit = (MPI_Count)count * length;
    return form;
}

static MPI_Count common_divisor(MPI_Count a, MPI_Count b)
{
    while (b) {
        MPI_Count rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Whether long blocks had better be cut, so that all have one length, and into which: a loop over
// more blocks of one length is faster than one over fewer of various lengths.
static bool should_cut(const struct mp_block *blocks, size_t count, MPI_Count *length)
{
    enum { SHORTEST = 4 };
    MPI_Count total = 0, divisor = blocks[0].length;
    bool alike = true;
    for (size_t i = 0; i < count && (alike || divisor >= SHORTEST); i++) {
        total += blocks[i].length;
        alike = alike && blocks[i].length == blocks[0].length;
        divisor = common_divisor(divisor, blocks[i].length);
    }
    *length = divisor;
    return alike ||
           (divisor >= SHORTEST && count > MP_FEW && total / divisor / 2 <= (MPI_Count)count);
}

// The offsets of all blocks, cut to that length. Sets *count.
static MPI_Aint *offsets_of(const struct mp_block *blocks, size_t block_count, MPI_Count length,
                            size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < block_count; i++)
        *count += (size_t)(blocks[i].length / length);
    MPI_Aint *offsets = malloc(*count * sizeof *offsets), *next = offsets;
    for (size_t i = 0; i < block_count && offsets; i++) {
        for (MPI_Count cut = 0; cut < blocks[i].length; cut += length)
            *next++ = blocks[i].offset + cut;
    }
    return offsets;
}

// A form of the blocks in the list, which is empty then.
static struct mp_form *from_blocks(struct mp_form_list *list)
{
    struct mp_block *blocks = list->blocks;
    size_t count = list->block_count;
    MPI_Count length;
    list->block_count = 0;
    if (count == 1)
        return mp_form_block(blocks[0].offset, blocks[0].length);
    if (should_cut(blocks, count, &length)) {
        MPI_Aint *offsets = offsets_of(blocks, count, length, &count);
        struct mp_form *form = offsets ? from_offsets(offsets, count, length) : NULL;
        free(offsets);
        return form;
    }
    struct mp_form *form = mp_form_block(0, 0);
    struct mp_run *runs = malloc((count + 1) * sizeof *runs);
    if (!form || !runs) {
        free(form);
        free(runs);
        return NULL;
    }
    MPI_Count start = 0;
    for (size_t i = 0; i < count; i++) {
        runs[i] = (struct mp_run){blocks[i].offset, start};
        start += blocks[i].length;
    }
    runs[count] = (struct mp_run){0, start};
    form->kind = MP_UNIT_RUNS;
    form->runs = runs;
    form->count = count;
    form->size = form->unit = start;
    return form;
}

static void close_blocks(struct mp_form_list *list)
{
    if (list->block_count)
        add_piece(list, 0, from_blocks(list));
}

// A first form is kept as it is, since it may be the only one. When there are more, it is written
// out if it is small.
static void settle_first(struct mp_form_list *list)
{
    if (list->piece_count != 1 || list->block_count || !is_small(list->pieces[0].form))
        return;
    struct mp_piece first = list->pieces[0];
    list->piece_count = 0;
    write_out(list, first.form, first.offset, first.form->loops);
    mp_form_release(first.form);
}

void mp_form_list_block(struct mp_form_list *list, MPI_Aint offset, MPI_Count length)
{
    settle_first(list);
    add_block(list, offset, length);
}

void mp_form_list_add(struct mp_form_list *list, MPI_Aint offset, struct mp_form *form)
{
    settle_first(list);
    bool first = !list->piece_count && !list->block_count;
    if (!first && is_small(form)) {
        write_out(list, form, offset, form->loops);
        return;
    }
    close_blocks(list);
    if (form->kind == MP_UNIT_PIECES && form->loops == 0 &&
        (form->count <= SMALL || form->depth >= DEEP)) {
        for (size_t i = 0; i < form->count && !list->failed; i++) {
            mp_form_hold(form->pieces[i].form);
            add_piece(list, offset + form->offset + form->pieces[i].offset, form->pieces[i].form);
        }
        return;
    }
    mp_form_hold(form);
    add_piece(list, offset, form);
}

// Pieces of one form, in loops if their offsets allow; else NULL.
static struct mp_form *from_alike(const struct mp_piece *pieces, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (pieces[i].form != pieces[0].form)
            return NULL;
    }
    MPI_Aint *offsets = malloc(count * sizeof *offsets);
    if (!offsets)
        return NULL;
    for (size_t i = 0; i < count; i++)
        offsets[i] = pieces[i].offset;
    struct mp_loop loop[MP_LOOPS_MAX];
    int loops = find_grid(offsets, count, loop, MP_LOOPS_MAX);
    free(offsets);
    if (loops < 0)
        return NULL;
    mp_form_hold(pieces[0].form);
    return mp_form_shift(repeat_grid(pieces[0].form, loop, loops), pieces[0].offset);
}

static struct mp_form *from_pieces(struct mp_form_list *list)
{
    struct mp_piece *pieces = list->pieces;
    size_t count = list->piece_count;
    struct mp_form *form = from_alike(pieces, count);
    if (form)
        return form;
    form = mp_form_block(0, 0);
    if (!form)
        return NULL;
    list->pieces = NULL; // the form's from here on
    list->piece_count = 0;
    for (size_t i = 0; i < count; i++) {
        pieces[i].start = form->size;
        form->size += pieces[i].form->size;
        if (pieces[i].form->depth >= form->depth)
            form->depth = (uint8_t)(pieces[i].form->depth + 1);
    }
    form->kind = MP_UNIT_PIECES;
    form->pieces = pieces;
    form->count = count;
    form->unit = form->size;
    return form;
}

struct mp_form *mp_form_list_end(struct mp_form_list *list)
{
    struct mp_form *form = NULL;
    if (!list->failed && list->piece_count == 0 && list->block_count)
        form = from_blocks(list);
    else
        close_blocks(list);
    if (!list->failed && list->piece_count)
        form = from_pieces(list);
    for (size_t i = 0; i < list->piece_count; i++)
        mp_form_release(list->pieces[i].form);
    free(list->pieces);
    free(list->blocks);
    *list = (struct mp_form_list){0};
    return form;
}
