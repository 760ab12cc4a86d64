// SPDX-License-Identifier: MIT
//
// Packing, unpacking and copying of any part of a stream, on the canonical form. A range of the
// stream is a part of a unit, then whole units, row by row of the innermost loop, then again a part
// of a unit. The three ways are one function, of which the compiler makes three. Read first:
// datatype/datatype_form.h; the loops over blocks are in datatype/datatype_kernels.h.

#include "datatype/datatype.h"
#include "datatype/datatype_form.h"
#include "datatype/datatype_kernels.h"
#include "datatype/datatype_layout.h"

// Units of few runs are moved run by run in so many units as the first-level cache holds, if there
// are some in a row.
enum { UNITS_SOME = 4, UNITS_LEAST = 8, UNITS_MANY = 64, CACHE_PART = 24 << 10 };

// Where one stands in the loops. The outermost has no end: what the caller asks for is known to be
// there.
struct cursor {
    struct mp_loop loop[MP_LOOPS_MAX + 1];
    MPI_Count index[MP_LOOPS_MAX + 1];
    int loops;
    char *at; // the unit
};

// Stands at unit `unit` of the elements at `base`.
MP_INLINE void cursor_start(struct cursor *c, const struct mp_form *form, MPI_Count extent,
                            const void *base, MPI_Count unit)
{
    int last = form->loops - 1;
    for (int i = 0; i <= last; i++)
        c->loop[i] = form->loop[i];
    if (last >= 0 && mp_form_reach(c->loop[last].count, c->loop[last].stride) == extent)
        c->loop[last].count = INT64_MAX;
    else
        c->loop[++last] = (struct mp_loop){INT64_MAX, extent};
    c->loops = last + 1;
    c->at = mp_step(base, form->offset);
    for (int i = 0; i < last; i++) {
        c->index[i] = unit ? unit % c->loop[i].count : 0;
        unit /= unit ? c->loop[i].count : 1;
        c->at = mp_step(c->at, mp_form_reach(c->index[i], c->loop[i].stride));
    }
    c->index[last] = unit;
    c->at = mp_step(c->at, mp_form_reach(unit, c->loop[last].stride));
}

// Units that follow in the row, at most `units`.
MP_INLINE MPI_Count cursor_row(const struct cursor *c, MPI_Count units)
{
    MPI_Count left = c->loop[0].count - c->index[0];
    return left < units ? left : units;
}

// Whole rows that follow, when `blocks` of `units` units are one; else 1.
MP_INLINE MPI_Count cursor_rows(const struct cursor *c, MPI_Count units, MPI_Count blocks)
{
    if (c->loops == 1 || blocks != c->loop[0].count || units < 2 * blocks)
        return 1;
    MPI_Count left = c->loop[1].count - c->index[1], rows = units / blocks;
    return left < rows ? left : rows;
}

MP_INLINE MPI_Aint cursor_row_pitch(const struct cursor *c)
{
    return c->loops > 1 ? c->loop[1].stride : 0;
}

// Goes on by so many units of the row, or by whole rows.
MP_INLINE void cursor_advance(struct cursor *c, MPI_Count blocks, MPI_Count rows)
{
    int level = rows > 1;
    MPI_Count steps = rows > 1 ? rows : blocks;
    for (;; level++) {
        c->index[level] += steps;
        c->at = mp_step(c->at, mp_form_reach(steps, c->loop[level].stride));
        if (c->index[level] < c->loop[level].count)
            return;
        c->at = mp_step(c->at, -mp_form_reach(c->loop[level].count, c->loop[level].stride));
        c->index[level] = 0;
        steps = 1;
    }
}

// ---- Parts of a unit

static void move_elements(enum mp_move way, const struct mp_form *form, MPI_Count extent,
                          char *base, MPI_Count from, char *other, MPI_Count bytes);

// `other` is the stream, which goes on, or the other unit, which does not.
#define OTHER(other, offset) (way == MP_COPY ? mp_step(other, offset) : (other))
#define GO_ON(other, bytes)  (way == MP_COPY ? (other) : (other) + (bytes))

// `at` is in the elements, `other` in the stream or, when copying, in the other elements.
MP_INLINE void move_bytes(enum mp_move way, char *at, char *other, MPI_Count bytes)
{
    if (way == MP_UNPACK)
        mp_move_block(at, other, (size_t)bytes);
    else
        mp_move_block(other, at, (size_t)bytes);
}

MP_INLINE void move_piece(enum mp_move way, const struct mp_piece *piece, char *at, MPI_Count from,
                          char *other, MPI_Count bytes)
{
    at = mp_step(at, piece->offset);
    move_elements(way, piece->form, 0, at, from, OTHER(other, piece->offset), bytes);
}

// The entry of a list that holds byte `at` of the unit's data.
#define FIND(list, entries, at)                      \
    ({                                               \
        size_t low_ = 0, high_ = (entries);          \
        while (high_ - low_ > 1) {                   \
            size_t mid_ = low_ + (high_ - low_) / 2; \
            if ((list)[mid_].start <= (at))          \
                low_ = mid_;                         \
            else                                     \
                high_ = mid_;                        \
        }                                            \
        low_;                                        \
    })

MP_INLINE void move_list_part(enum mp_move way, const struct mp_form *form, char *at,
                              MPI_Count from, char *other, MPI_Count bytes)
{
    size_t i = (size_t)(from / form->length);
    from %= form->length;
    while (bytes > 0) {
        if (from == 0 && bytes >= form->length) {
            size_t whole = (size_t)(bytes / form->length);
            mp_move_list(way, form, at, i, whole, other);
            bytes -= (MPI_Count)whole * form->length;
            other = GO_ON(other, (MPI_Count)whole * form->length);
            i += whole;
        } else {
            MPI_Aint offset = (form->kind == MP_UNIT_NEAR ? form->near[i] : form->far[i]) + from;
            MPI_Count n = form->length - from < bytes ? form->length - from : bytes;
            move_bytes(way, mp_step(at, offset), OTHER(other, offset), n);
            bytes -= n;
            other = GO_ON(other, n);
            from = 0;
            i++;
        }
    }
}

MP_INLINE void move_runs_part(enum mp_move way, const struct mp_form *form, char *at,
                              MPI_Count from, char *other, MPI_Count bytes)
{
    const struct mp_run *run = form->runs;
    if (from) {
        run += FIND(form->runs, form->count, from);
        from -= run->start;
    }
    for (; bytes > 0; run++) {
        MPI_Aint offset = run->offset + from;
        MPI_Count n = run[1].start - run[0].start - from;
        n = n < bytes ? n : bytes;
        move_bytes(way, mp_step(at, offset), OTHER(other, offset), n);
        bytes -= n;
        other = GO_ON(other, n);
        from = 0;
    }
}

MP_INLINE void move_pieces_part(enum mp_move way, const struct mp_form *form, char *at,
                                MPI_Count from, char *other, MPI_Count bytes)
{
    const struct mp_piece *piece = form->pieces;
    if (from) {
        piece += FIND(form->pieces, form->count, from);
        from -= piece->start;
    }
    for (; bytes > 0; piece++) {
        MPI_Count n = piece->form->size - from < bytes ? piece->form->size - from : bytes;
        move_piece(way, piece, at, from, other, n);
        bytes -= n;
        other = GO_ON(other, n);
        from = 0;
    }
}

// Bytes [from, from + bytes) of the unit's data.
MP_INLINE void move_part(enum mp_move way, const struct mp_form *form, char *at, MPI_Count from,
                         char *other, MPI_Count bytes)
{
    switch (form->kind) {
    case MP_UNIT_BLOCK:
        move_bytes(way, mp_step(at, from), OTHER(other, from), bytes);
        break;
    case MP_UNIT_RUNS:
        move_runs_part(way, form, at, from, other, bytes);
        break;
    case MP_UNIT_PIECES:
        move_pieces_part(way, form, at, from, other, bytes);
        break;
    default:
        move_list_part(way, form, at, from, other, bytes);
    }
}

// ---- Whole units

MP_INLINE void move_grid(enum mp_move way, char *at, struct mp_pitch pitch, char *other,
                         struct mp_pitch other_pitch, MPI_Count blocks, MPI_Count rows,
                         MPI_Count length)
{
    if (way == MP_UNPACK)
        mp_move_grid(at, pitch, other, other_pitch, blocks, rows, length);
    else
        mp_move_grid(other, other_pitch, at, pitch, blocks, rows, length);
}

// A row of units of few runs: each run in many units, then the next run, so that the inner loop is
// that of a strided block.
MP_INLINE void move_tiles(enum mp_move way, const struct mp_form *form, char *at, MPI_Aint pitch,
                          char *other, MPI_Count units)
{
    MPI_Count distance = pitch < 0 ? -pitch : pitch;
    MPI_Count most = CACHE_PART / (distance ? distance : 1);
    most = most > UNITS_MANY ? UNITS_MANY : most < UNITS_LEAST ? UNITS_LEAST : most;
    struct mp_pitch here = {pitch, 0}, there = {way == MP_COPY ? pitch : form->unit, 0};
    while (units > 0) {
        MPI_Count n = units < most ? units : most;
        for (size_t i = 0; i < form->count; i++) {
            MPI_Aint offset, length = form->length, start = (MPI_Count)i * length;
            if (form->kind == MP_UNIT_RUNS) {
                offset = form->runs[i].offset;
                start = form->runs[i].start;
                length = form->runs[i + 1].start - start;
            } else {
                offset = form->kind == MP_UNIT_NEAR ? form->near[i] : form->far[i];
            }
            move_grid(way, mp_step(at, offset), here,
                      way == MP_COPY ? mp_step(other, offset) : other + start, there, n, 1, length);
        }
        at = mp_step(at, n * pitch);
        other = mp_step(other, n * there.block);
        units -= n;
    }
}

// rows * units units, from where the cursor stands.
MP_INLINE void move_units(enum mp_move way, const struct mp_form *form, const struct cursor *c,
                          char *other, MPI_Count units, MPI_Count rows)
{
    struct mp_pitch here = {c->loop[0].stride, cursor_row_pitch(c)};
    struct mp_pitch there = here;
    if (way != MP_COPY)
        there = (struct mp_pitch){form->unit, units * form->unit};
    if (form->kind == MP_UNIT_BLOCK) {
        if (units == 1 && rows == 1)
            move_bytes(way, c->at, other, form->length);
        else
            move_grid(way, c->at, here, other, there, units, rows, form->length);
        return;
    }
    bool tiles = form->kind != MP_UNIT_PIECES && form->count <= MP_FEW && units >= UNITS_SOME;
    for (MPI_Count row = 0; row < rows; row++) {
        char *at = mp_step(c->at, row * here.row), *to = mp_step(other, row * there.row);
        if (tiles) {
            move_tiles(way, form, at, here.block, to, units);
            continue;
        }
        for (MPI_Count i = 0; i < units; i++) {
            move_part(way, form, at, 0, to, form->unit);
            at = mp_step(at, here.block);
            to = mp_step(to, there.block);
        }
    }
}

// Moves bytes [from, from + bytes) of the stream of elements at `base`.
MP_INLINE void move_form(enum mp_move way, const struct mp_form *form, MPI_Count extent, char *base,
                         MPI_Count from, char *other, MPI_Count bytes)
{
    MPI_Count size = form->unit, unit = from ? from / size : 0;
    struct cursor c;
    cursor_start(&c, form, extent, base, unit);
    from -= unit * size;
    // From an address here to the one there; when copying only, since streams go on by themselves.
    MPI_Aint apart = (MPI_Aint)((uintptr_t)other - (uintptr_t)base);

    if (from || bytes < size) {
        MPI_Count n = size - from < bytes ? size - from : bytes;
        move_part(way, form, c.at, from, way == MP_COPY ? mp_step(c.at, apart) : other, n);
        bytes -= n;
        if (bytes == 0)
            return;
        other = GO_ON(other, n);
        cursor_advance(&c, 1, 1);
    }
    MPI_Count units = bytes / size;
    bytes -= units * size;
    while (units > 0) {
        MPI_Count n = cursor_row(&c, units), rows = cursor_rows(&c, units, n);
        move_units(way, form, &c, way == MP_COPY ? mp_step(c.at, apart) : other, n, rows);
        units -= n * rows;
        other = GO_ON(other, n * rows * size);
        cursor_advance(&c, n, rows);
    }
    if (bytes)
        move_part(way, form, c.at, 0, way == MP_COPY ? mp_step(c.at, apart) : other, bytes);
}

static void move_elements(enum mp_move way, const struct mp_form *form, MPI_Count extent,
                          char *base, MPI_Count from, char *other, MPI_Count bytes)
{
    if (way == MP_PACK)
        move_form(MP_PACK, form, extent, base, from, other, bytes);
    else if (way == MP_UNPACK)
        move_form(MP_UNPACK, form, extent, base, from, other, bytes);
    else
        move_form(MP_COPY, form, extent, base, from, other, bytes);
}

// ---- For all

void mp_datatype_pack(const struct mp_datatype *type, const void *buffer, MPI_Count count,
                      MPI_Count from, void *out, MPI_Count bytes)
{
    (void)count;
    if (bytes <= 0)
        return;
    if (likely(type->contiguous))
        memcpy(out, mp_step(buffer, type->true_lb + from), (size_t)bytes);
    else
        move_elements(MP_PACK, type->form, type->extent, (char *)(uintptr_t)buffer, from, out,
                      bytes);
}

void mp_datatype_unpack(const struct mp_datatype *type, void *buffer, MPI_Count count,
                        MPI_Count from, const void *in, MPI_Count bytes)
{
    (void)count;
    if (bytes <= 0)
        return;
    if (likely(type->contiguous))
        memcpy(mp_step(buffer, type->true_lb + from), in, (size_t)bytes);
    else
        move_elements(MP_UNPACK, type->form, type->extent, buffer, from, (char *)(uintptr_t)in,
                      bytes);
}

// ---- From type to type

// Elements as the copying functions see them.
struct side {
    const struct mp_form *form;
    MPI_Count extent;
    char *base;
};

// True if rows of the two are so long, or so alike, that it is worth to go from block to block.
static bool rows_fit(const struct cursor *a, const struct cursor *b)
{
    MPI_Count rows = a->loop[0].count, others = b->loop[0].count;
    return rows == others || (rows >= 16 && others >= 16);
}

// Bytes [at, at + bytes) of blocks of one length in different grids.
static bool copy_blocks(struct side from, struct side to, MPI_Count at, MPI_Count bytes)
{
    struct cursor a, b;
    MPI_Count length = from.form->length, into = at % length;
    cursor_start(&a, from.form, from.extent, from.base, at / length);
    cursor_start(&b, to.form, to.extent, to.base, at / length);
    if (!rows_fit(&a, &b))
        return false;
    if (into) {
        MPI_Count n = length - into < bytes ? length - into : bytes;
        mp_move_block(mp_step(b.at, into), mp_step(a.at, into), (size_t)n);
        bytes -= n;
        cursor_advance(&a, 1, 1);
        cursor_advance(&b, 1, 1);
    }
    MPI_Count blocks = bytes / length;
    while (blocks > 0) {
        MPI_Count n = cursor_row(&b, cursor_row(&a, blocks)), rows = cursor_rows(&a, blocks, n);
        MPI_Count others = cursor_rows(&b, blocks, n);
        rows = rows < others ? rows : others;
        mp_move_grid(b.at, (struct mp_pitch){b.loop[0].stride, cursor_row_pitch(&b)}, a.at,
                     (struct mp_pitch){a.loop[0].stride, cursor_row_pitch(&a)}, n, rows, length);
        blocks -= n * rows;
        cursor_advance(&a, n, rows);
        cursor_advance(&b, n, rows);
    }
    if (bytes % length)
        mp_move_block(b.at, a.at, (size_t)(bytes % length));
    return true;
}

// Long blocks of different lengths.
static void copy_stretches(struct side from, struct side to, MPI_Count at, MPI_Count bytes)
{
    struct cursor a, b;
    MPI_Count a_done = at % from.form->length, b_done = at % to.form->length; // of the block
    cursor_start(&a, from.form, from.extent, from.base, at / from.form->length);
    cursor_start(&b, to.form, to.extent, to.base, at / to.form->length);
    while (bytes > 0) {
        MPI_Count a_left = from.form->length - a_done, b_left = to.form->length - b_done;
        MPI_Count n = a_left < b_left ? a_left : b_left;
        n = n < bytes ? n : bytes;
        memcpy(mp_step(b.at, b_done), mp_step(a.at, a_done), (size_t)n);
        bytes -= n;
        a_done += n;
        b_done += n;
        if (a_done == from.form->length) {
            a_done = 0;
            cursor_advance(&a, 1, 1);
        }
        if (b_done == to.form->length) {
            b_done = 0;
            cursor_advance(&b, 1, 1);
        }
    }
}

// Anything, through a piece of stack that stays in the first-level cache.
static void copy_through(struct side from, struct side to, MPI_Count at, MPI_Count bytes)
{
    char piece[8192];
    MPI_Count most = sizeof piece;
    if (from.form->unit < most)
        most -= most % from.form->unit;
    for (MPI_Count done = 0; done < bytes;) {
        MPI_Count n = bytes - done < most ? bytes - done : most;
        move_elements(MP_PACK, from.form, from.extent, from.base, at + done, piece, n);
        move_elements(MP_UNPACK, to.form, to.extent, to.base, at + done, piece, n);
        done += n;
    }
}

// Bytes [at, at + bytes) of the stream, neither side being contiguous.
static void copy_sides(struct side from, struct side to, MPI_Count at, MPI_Count bytes)
{
    enum { LONG = 256 };
    bool blocks = from.form->kind == MP_UNIT_BLOCK && to.form->kind == MP_UNIT_BLOCK;
    if (from.extent == to.extent && mp_form_alike(from.form, to.form))
        move_elements(MP_COPY, from.form, from.extent, from.base, at,
                      mp_step(to.base, to.form->offset - from.form->offset), bytes);
    else if (blocks && from.form->length >= LONG && to.form->length >= LONG)
        copy_stretches(from, to, at, bytes);
    else if (!(blocks && from.form->length == to.form->length && copy_blocks(from, to, at, bytes)))
        copy_through(from, to, at, bytes);
}

MPI_Count mp_datatype_copy(const struct mp_datatype *from_type, const void *from,
                           MPI_Count from_count, const struct mp_datatype *to_type, void *to,
                           MPI_Count to_count)
{
    MPI_Count bytes = from_type->size * from_count;
    if (to_type->size * to_count < bytes)
        bytes = to_type->size * to_count;
    if (bytes <= 0)
        return 0;
    if (to_type->contiguous) {
        mp_datatype_pack(from_type, from, from_count, 0, mp_step(to, to_type->true_lb), bytes);
    } else if (from_type->contiguous) {
        mp_datatype_unpack(to_type, to, to_count, 0, mp_step(from, from_type->true_lb), bytes);
    } else {
        copy_sides((struct side){from_type->form, from_type->extent, (char *)(uintptr_t)from},
                   (struct side){to_type->form, to_type->extent, to}, 0, bytes);
    }
    return bytes;
}

// ---- Layouts

bool mp_layout_describe(struct mp_layout *layout, const struct mp_datatype *type,
                        const void *buffer, MPI_Count count)
{
    if (type->contiguous) {
        *layout = mp_layout_bytes(mp_step(buffer, type->true_lb), (size_t)(type->size * count));
        return true;
    }
    MPI_Count shift, span = mp_datatype_span(type, count, &shift);
    if (type->form->kind != MP_UNIT_BLOCK)
        return false;
    *layout = (struct mp_layout){.base = (uintptr_t)buffer,
                                 .low = (uintptr_t)mp_step(buffer, shift),
                                 .span = (uint64_t)span,
                                 .extent = type->extent,
                                 .form = *type->form};
    return true;
}

void mp_layout_copy(const struct mp_layout *to, const struct mp_layout *from, MPI_Count at,
                    MPI_Count bytes)
{
    struct side a = {&from->form, from->extent, mp_step(0, (MPI_Aint)from->base)};
    struct side b = {&to->form, to->extent, mp_step(0, (MPI_Aint)to->base)};
    bool plain = mp_layout_is_contiguous(to);
    if (bytes <= 0)
        return;
    if (mp_layout_is_contiguous(from) && plain)
        memcpy(mp_step(b.base, b.form->offset + at), mp_step(a.base, a.form->offset + at),
               (size_t)bytes);
    else if (plain)
        move_elements(MP_PACK, a.form, a.extent, a.base, at, mp_step(b.base, b.form->offset + at),
                      bytes);
    else if (mp_layout_is_contiguous(from))
        move_elements(MP_UNPACK, b.form, b.extent, b.base, at, mp_step(a.base, a.form->offset + at),
                      bytes);
    else
        copy_sides(a, b, at, bytes);
}
