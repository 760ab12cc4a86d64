// SPDX-License-Identifier: MIT
// Datatypes against a model: a random type is built twice, by the library and as the plain list of
// its basic elements that the standard calls the type map. Sizes and bounds must agree, and every
// byte that is packed, unpacked or copied, from and to any place in the stream.
#include "datatype/datatype.h"
#include "datatype/datatype_form.h"

#include "mpi.h"
#include "object/errhandler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

// A number from 0 to limit - 1 (xorshift64*).
static int random_below(int limit)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int)(seed * 0x2545f4914f6cdd1d >> 33) % limit;
}

// ---- The model

enum { ENTRIES_MAX = 4000 };

struct entry {
    long at;
    int size;
};

struct model {
    int count;
    struct entry *map;
    long lb, ub;
    bool some, marked; // has bounds; they were set by hand
    int align;
};

static struct model *model_new(void)
{
    struct model *model = calloc(1, sizeof *model);
    model->map = calloc(ENTRIES_MAX, sizeof *model->map);
    model->align = 1;
    return model;
}

static void model_free(struct model *model)
{
    free(model->map);
    free(model);
}

// Appends a copy of `from`, `shift` bytes on; false when there is no room.
static bool model_add(struct model *to, const struct model *from, long shift)
{
    if (to->count + from->count > ENTRIES_MAX)
        return false;
    for (int i = 0; i < from->count; i++)
        to->map[to->count++] = (struct entry){from->map[i].at + shift, from->map[i].size};
    if (from->some) {
        long lb = from->lb + shift, ub = from->ub + shift;
        if (!to->some || (from->marked && !to->marked)) {
            to->lb = lb;
            to->ub = ub;
        } else if (from->marked == to->marked) {
            to->lb = lb < to->lb ? lb : to->lb;
            to->ub = ub > to->ub ? ub : to->ub;
        }
        to->some = true;
        to->marked |= from->marked;
    }
    to->align = from->align > to->align ? from->align : to->align;
    return true;
}

static long model_size(const struct model *model)
{
    long size = 0;
    for (int i = 0; i < model->count; i++)
        size += model->map[i].size;
    return size;
}

// ---- Random types, built both ways

struct pair {
    MPI_Datatype type;
    struct model *model;
};

static struct pair make_basic(void)
{
    const struct {
        MPI_Datatype type;
        struct model model;
        struct entry map[2];
    } basics[] = {
        {MPI_CHAR, {1, NULL, 0, 1, true, false, 1}, {{0, 1}}},
        {MPI_SHORT, {1, NULL, 0, 2, true, false, 2}, {{0, 2}}},
        {MPI_INT, {1, NULL, 0, 4, true, false, 4}, {{0, 4}}},
        {MPI_DOUBLE, {1, NULL, 0, 8, true, false, 8}, {{0, 8}}},
        {MPI_LONG_DOUBLE, {1, NULL, 0, 16, true, false, 16}, {{0, 16}}},
        {MPI_DOUBLE_INT, {2, NULL, 0, 16, true, false, 8}, {{0, 8}, {8, 4}}},
        {MPI_SHORT_INT, {2, NULL, 0, 8, true, false, 4}, {{0, 2}, {4, 4}}},
        {MPI_2INT, {2, NULL, 0, 8, true, false, 4}, {{0, 4}, {4, 4}}},
    };
    int pick = random_below((int)mp_array_length(basics));
    struct pair pair = {basics[pick].type, model_new()};
    struct entry *map = pair.model->map;
    *pair.model = basics[pick].model;
    pair.model->map = map;
    memcpy(map, basics[pick].map, sizeof basics[pick].map);
    return pair;
}

static void drop(struct pair pair)
{
    if (!mp_datatype_get(pair.type)->object.builtin)
        MPI_Type_free(&pair.type);
    model_free(pair.model);
}

enum { BLOCKS_MAX = 6 };

// One constructor applied to `old`, which it takes.
static struct pair construct(struct pair old)
{
    struct pair new = {MPI_DATATYPE_NULL, model_new()};
    long extent = old.model->ub - old.model->lb;
    int count = random_below(5), length = random_below(4);
    int lengths[BLOCKS_MAX], displacements[BLOCKS_MAX];
    MPI_Aint bytes[BLOCKS_MAX];
    bool fits = true;
    for (int i = 0; i < BLOCKS_MAX; i++) {
        lengths[i] = random_below(4);
        displacements[i] = random_below(40) - 10;
        bytes[i] = random_below(400) - 100;
    }
    switch (random_below(11)) {
    case 0:
        MPI_Type_contiguous(count, old.type, &new.type);
        for (int i = 0; i < count; i++)
            fits &= model_add(new.model, old.model, i * extent);
        break;
    case 1: {
        int stride = random_below(9) - 3;
        MPI_Type_vector(count, length, stride, old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < length; j++)
                fits &= model_add(new.model, old.model, (i * stride + j) * extent);
        break;
    }
    case 2:
        MPI_Type_create_hvector(count, length, bytes[0], old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < length; j++)
                fits &= model_add(new.model, old.model, i * bytes[0] + j * extent);
        break;
    case 3:
        MPI_Type_indexed(count, lengths, displacements, old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < lengths[i]; j++)
                fits &= model_add(new.model, old.model, (displacements[i] + j) * extent);
        break;
    case 4:
        MPI_Type_create_hindexed(count, lengths, bytes, old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < lengths[i]; j++)
                fits &= model_add(new.model, old.model, bytes[i] + j * extent);
        break;
    case 5:
        MPI_Type_create_indexed_block(count, length, displacements, old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < length; j++)
                fits &= model_add(new.model, old.model, (displacements[i] + j) * extent);
        break;
    case 6:
        MPI_Type_create_hindexed_block(count, length, bytes, old.type, &new.type);
        for (int i = 0; i < count; i++)
            for (int j = 0; j < length; j++)
                fits &= model_add(new.model, old.model, bytes[i] + j * extent);
        break;
    case 7: {
        struct pair other = make_basic();
        MPI_Datatype types[BLOCKS_MAX];
        for (int i = 0; i < count; i++)
            types[i] = i % 2 ? other.type : old.type;
        MPI_Type_create_struct(count, lengths, bytes, types, &new.type);
        for (int i = 0; i < count; i++) {
            const struct model *block = i % 2 ? other.model : old.model;
            for (int j = 0; j < lengths[i]; j++)
                fits &= model_add(new.model, block, bytes[i] + j * (block->ub - block->lb));
        }
        drop(other);
        break;
    }
    case 8:
        MPI_Type_create_resized(old.type, bytes[0], bytes[1], &new.type);
        fits = model_add(new.model, old.model, 0);
        new.model->lb = bytes[0];
        new.model->ub = bytes[0] + bytes[1];
        new.model->some = new.model->marked = true;
        break;
    case 9:
        MPI_Type_dup(old.type, &new.type);
        fits = model_add(new.model, old.model, 0);
        break;
    default: {
        int order = random_below(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN;
        int sizes[3], subsizes[3], starts[3], at[3];
        for (int d = 0; d < 3; d++) {
            sizes[d] = 1 + random_below(4);
            subsizes[d] = 1 + random_below(sizes[d]);
            starts[d] = random_below(sizes[d] - subsizes[d] + 1);
        }
        MPI_Type_create_subarray(3, sizes, subsizes, starts, order, old.type, &new.type);
        int slow = order == MPI_ORDER_C ? 0 : 2, fast = 2 - slow;
        for (at[slow] = starts[slow]; at[slow] < starts[slow] + subsizes[slow]; at[slow]++)
            for (at[1] = starts[1]; at[1] < starts[1] + subsizes[1]; at[1]++)
                for (at[fast] = starts[fast]; at[fast] < starts[fast] + subsizes[fast]; at[fast]++)
                    fits &= model_add(new.model, old.model,
                                      ((at[slow] * sizes[1] + at[1]) * sizes[fast] + at[fast]) *
                                          extent);
        new.model->lb = 0;
        new.model->ub = sizes[0] * sizes[1] * sizes[2] * extent;
        new.model->some = new.model->marked = true;
    }
    }
    if (new.model->some && !new.model->marked) {
        while ((new.model->ub - new.model->lb) % new.model->align)
            new.model->ub++;
    }
    if (!fits) { // too much for the model: go on with the old one
        drop(new);
        return old;
    }
    drop(old);
    return new;
}

// ---- Comparing

static void check_bounds(struct pair pair)
{
    int size;
    MPI_Aint lb, extent, true_lb, true_extent;
    long low = 0, high = 0;
    const struct model *model = pair.model;
    MPI_Type_size(pair.type, &size);
    MPI_Type_get_extent(pair.type, &lb, &extent);
    MPI_Type_get_true_extent(pair.type, &true_lb, &true_extent);
    assert_int_equal(size, model_size(model));
    assert_int_equal(lb, model->lb);
    assert_int_equal(extent, model->ub - model->lb);
    for (int i = 0; i < model->count; i++) {
        low = i == 0 || model->map[i].at < low ? model->map[i].at : low;
        long end = model->map[i].at + model->map[i].size;
        high = i == 0 || end > high ? end : high;
    }
    assert_int_equal(true_lb, low);
    assert_int_equal(true_extent, high - low);
}

static void fill(unsigned char *memory, long bytes)
{
    for (long i = 0; i < bytes; i++)
        memory[i] = (unsigned char)(1 + random_below(255));
}

// The stream of `count` elements, as addresses: byte i of it lies at `memory` + where[i].
static long *stream_of(const struct model *model, int count, long shift)
{
    long *where = malloc((size_t)(model_size(model) * count + 1) * sizeof *where);
    long n = 0;
    for (int e = 0; e < count; e++)
        for (int i = 0; i < model->count; i++)
            for (int b = 0; b < model->map[i].size; b++)
                where[n++] = model->map[i].at + b + e * (model->ub - model->lb) - shift;
    return where;
}

static void check_moves(struct pair pair)
{
    const struct mp_datatype *type = mp_datatype_get(pair.type);
    int count = 1 + random_below(4);
    long bytes = model_size(pair.model) * count;
    MPI_Count shift;
    MPI_Count span = mp_datatype_span(type, count, &shift);
    long *where = stream_of(pair.model, count, shift);
    unsigned char *memory = malloc((size_t)span + 1), *packed = malloc((size_t)bytes + 1);
    unsigned char *back = calloc((size_t)span + 1, 1), *expected = calloc((size_t)span + 1, 1);
    fill(memory, span);
    for (int i = 0; i < bytes; i++) {
        assert_in_range(where[i], 0, span - 1);
        expected[where[i]] = memory[where[i]];
    }

    // Any part of the stream.
    for (int round = 0; round < 10; round++) {
        long from = round ? random_below((int)bytes + 1) : 0;
        long n = round ? random_below((int)(bytes - from) + 1) : bytes;
        memset(packed, 0, (size_t)bytes + 1);
        mp_datatype_pack(type, memory - shift, count, from, packed, n);
        for (long i = 0; i < n; i++)
            assert_int_equal(packed[i], memory[where[from + i]]);
        assert_int_equal(packed[n], 0);
    }
    // All of it in pieces, and nothing else is written.
    mp_datatype_pack(type, memory - shift, count, 0, packed, bytes);
    for (long from = 0; from < bytes;) {
        long n = 1 + random_below((int)(bytes - from));
        mp_datatype_unpack(type, back - shift, count, from, packed + from, n);
        from += n;
    }
    assert_memory_equal(back, expected, (size_t)span);
    free(where);
    free(memory);
    free(packed);
    free(back);
    free(expected);
}

// From one type to another, through the stream.
static void check_copy(struct pair from, struct pair to)
{
    const struct mp_datatype *from_type = mp_datatype_get(from.type);
    const struct mp_datatype *to_type = mp_datatype_get(to.type);
    int from_count = 1 + random_below(3), to_count = 1 + random_below(3);
    long from_bytes = model_size(from.model) * from_count,
         to_bytes = model_size(to.model) * to_count;
    long bytes = from_bytes < to_bytes ? from_bytes : to_bytes;
    MPI_Count from_shift, to_shift;
    MPI_Count from_span = mp_datatype_span(from_type, from_count, &from_shift);
    MPI_Count to_span = mp_datatype_span(to_type, to_count, &to_shift);
    long *from_where = stream_of(from.model, from_count, from_shift);
    long *to_where = stream_of(to.model, to_count, to_shift);
    unsigned char *source = malloc((size_t)from_span + 1), *target = calloc((size_t)to_span + 1, 1);
    unsigned char *expected = calloc((size_t)to_span + 1, 1);
    fill(source, from_span);
    for (long i = 0; i < bytes; i++)
        expected[to_where[i]] = source[from_where[i]];
    assert_int_equal(mp_datatype_copy(from_type, source - from_shift, from_count, to_type,
                                      target - to_shift, to_count),
                     bytes);
    assert_memory_equal(target, expected, (size_t)to_span);
    free(from_where);
    free(to_where);
    free(source);
    free(target);
    free(expected);
}

// Basic elements in any number of bytes.
static void check_elements(struct pair pair)
{
    const struct mp_datatype *type = mp_datatype_get(pair.type);
    const struct model *model = pair.model;
    assert_int_equal(type->elements, model->count);
    if (model->count == 0)
        return;
    long bytes = 0;
    for (int n = 0; n <= 2 * model->count; n++) {
        assert_int_equal(mp_datatype_elements(type, bytes), n);
        assert_int_equal(mp_datatype_element_bytes(type, n), bytes);
        int next = model->map[n % model->count].size;
        if (next > 1)
            assert_int_equal(mp_datatype_elements(type, bytes + 1), MPI_UNDEFINED);
        bytes += next;
    }
}

static struct pair random_type(void)
{
    struct pair pair = make_basic();
    for (int depth = random_below(5); depth > 0; depth--)
        pair = construct(pair);
    MPI_Type_commit(&pair.type);
    return pair;
}

static void random_types_match_the_model(void **state)
{
    (void)state;
    for (int round = 0; round < 4000; round++) {
        seed = 88172645463325252ull + (uint64_t)round * 7919;
        struct pair a = random_type(), b = random_type();
        check_bounds(a);
        check_elements(a);
        check_moves(a);
        check_copy(a, b);
        drop(a);
        drop(b);
    }
}

// ---- One by one

static void predefined_types_are_what_they_say(void **state)
{
    (void)state;
    const struct {
        MPI_Datatype type;
        int size;
        const char *name;
    } some[] = {{MPI_INT, 4, "MPI_INT"},
                {MPI_LONG_LONG, 8, "MPI_LONG_LONG_INT"},
                {MPI_CHARACTER, 1, "MPI_CHARACTER"},
                {MPI_LOGICAL, 4, "MPI_LOGICAL"},
                {MPI_REAL2, 2, "MPI_REAL2"},
                {MPI_COMPLEX4, 4, "MPI_COMPLEX4"},
                {MPI_COMPLEX32, 32, "MPI_COMPLEX32"},
                {MPI_INTEGER16, 16, "MPI_INTEGER16"},
                {MPI_COUNT, 8, "MPI_COUNT"},
                {MPI_PACKED, 1, "MPI_PACKED"},
                {MPI_2DOUBLE_PRECISION, 16, "MPI_2DOUBLE_PRECISION"}};
    for (size_t i = 0; i < mp_array_length(some); i++) {
        int size, length;
        char name[MPI_MAX_OBJECT_NAME];
        MPI_Type_size(some[i].type, &size);
        assert_int_equal(size, some[i].size);
        MPI_Type_get_name(some[i].type, name, &length);
        assert_string_equal(name, some[i].name);
        assert_ptr_equal(mp_datatype_handle(mp_datatype_get(some[i].type)), some[i].type);
    }
    int found = 0;
    for (uintptr_t handle = 0x200; handle < 0x300; handle++) {
        struct mp_datatype *type = mp_datatype_get((MPI_Datatype)handle);
        if (!type)
            continue;
        found++;
        assert_int_equal(type->basic, handle - 0x200);
        assert_true(type->committed);
        assert_true(type->size > 0 && type->size <= type->extent);
    }
    assert_int_equal(found, 70);
}

static void huge_counts_stay_small(void **state)
{
    (void)state;
    MPI_Datatype vector, all;
    MPI_Count size, lb, extent;
    MPI_Type_vector_c((MPI_Count)1 << 40, 1, 2, MPI_DOUBLE, &vector);
    MPI_Type_contiguous_c((MPI_Count)1 << 10, MPI_DOUBLE_INT, &all);
    MPI_Type_size_c(vector, &size);
    assert_int_equal(size, (MPI_Count)8 << 40);
    MPI_Type_get_extent_c(vector, &lb, &extent);
    assert_int_equal(extent, ((MPI_Count)16 << 40) - 8);
    assert_int_equal(mp_datatype_get(vector)->form->count, 1);
    assert_int_equal(mp_datatype_get(all)->form->count, 1);
    int small;
    MPI_Type_size(vector, &small);
    assert_int_equal(small, MPI_UNDEFINED);
    MPI_Type_free(&vector);
    MPI_Type_free(&all);

    MPI_Datatype too_much = MPI_DATATYPE_NULL;
    int err = MPI_Type_contiguous_c(INT64_MAX / 4, MPI_DOUBLE, &too_much);
    assert_int_equal(err, MPI_ERR_TYPE);
}

static void contents_tell_how_it_was_made(void **state)
{
    (void)state;
    MPI_Datatype inner, outer, types[2];
    int lengths[] = {2, 1}, integers[8], ni, na, nd, combiner;
    MPI_Aint displacements[] = {-8, 40}, addresses[8];
    MPI_Type_vector(3, 2, 5, MPI_INT, &inner);
    MPI_Type_create_struct(2, lengths, displacements, (MPI_Datatype[]){inner, MPI_CHAR}, &outer);
    MPI_Type_free(&inner); // lives on in the other
    MPI_Type_get_envelope(outer, &ni, &na, &nd, &combiner);
    assert_int_equal(ni, 3);
    assert_int_equal(na, 2);
    assert_int_equal(nd, 2);
    assert_int_equal(combiner, MPI_COMBINER_STRUCT);
    MPI_Type_get_contents(outer, 8, 8, 2, integers, addresses, types);
    assert_int_equal(integers[0], 2);
    assert_int_equal(integers[1], 2);
    assert_int_equal(integers[2], 1);
    assert_int_equal(addresses[0], -8);
    assert_int_equal(addresses[1], 40);
    assert_ptr_equal(types[1], MPI_CHAR);
    MPI_Type_free(&outer);
    MPI_Type_get_envelope(types[0], &ni, &na, &nd, &combiner);
    assert_int_equal(combiner, MPI_COMBINER_VECTOR);
    MPI_Type_get_contents(types[0], 8, 0, 1, integers, NULL, types + 1);
    assert_int_equal(integers[0], 3);
    assert_int_equal(integers[1], 2);
    assert_int_equal(integers[2], 5);
    assert_ptr_equal(types[1], MPI_INT);
    inner = types[0];
    MPI_Type_free(&types[0]);
    assert_int_equal(MPI_Type_size(inner, &ni), MPI_ERR_TYPE); // that was the last handle

    // Made with large counts: only the large questions can tell.
    MPI_Count large[3], nlarge, lni, lna, lnd;
    MPI_Type_create_hvector_c(3, 2, 100, MPI_INT, &inner);
    assert_int_equal(MPI_Type_get_envelope(inner, &ni, &na, &nd, &combiner), MPI_ERR_TYPE);
    MPI_Type_get_envelope_c(inner, &lni, &lna, &nlarge, &lnd, &combiner);
    assert_int_equal(nlarge, 3);
    assert_int_equal(lni + lna, 0);
    MPI_Type_get_contents_c(inner, 0, 0, 3, 1, NULL, NULL, large, types);
    assert_int_equal(large[2], 100);
    MPI_Type_free(&inner);
}

static void external32_is_big_endian(void **state)
{
    (void)state;
    struct {
        double d;
        int i;
    } in = {1.0, 0x01020304}, out = {0, 0};
    long longs[2] = {-2, 5}, longs_out[2];
    long double ld = -1.5L, ld_out;
    unsigned char bytes[64];
    MPI_Aint size, position = 0;
    MPI_Pack_external_size("external32", 1, MPI_DOUBLE_INT, &size);
    assert_int_equal(size, 12);
    MPI_Pack_external("external32", &in, 1, MPI_DOUBLE_INT, bytes, sizeof bytes, &position);
    assert_int_equal(position, 12);
    assert_memory_equal(bytes, "\x3f\xf0\0\0\0\0\0\0\1\2\3\4", 12);
    MPI_Pack_external("external32", longs, 2, MPI_LONG, bytes, sizeof bytes, &position);
    assert_int_equal(position, 20);
    assert_memory_equal(bytes + 12, "\xff\xff\xff\xfe\0\0\0\5", 8);
    MPI_Pack_external("external32", &ld, 1, MPI_LONG_DOUBLE, bytes, sizeof bytes, &position);
    assert_int_equal(position, 36);
    assert_memory_equal(bytes + 20, "\xbf\xff\x80\0\0\0\0\0", 8);
    position = 0;
    MPI_Unpack_external("external32", bytes, 36, &position, &out, 1, MPI_DOUBLE_INT);
    MPI_Unpack_external("external32", bytes, 36, &position, longs_out, 2, MPI_LONG);
    MPI_Unpack_external("external32", bytes, 36, &position, &ld_out, 1, MPI_LONG_DOUBLE);
    assert_true(out.d == in.d && out.i == in.i && ld_out == ld);
    assert_memory_equal(longs_out, longs, sizeof longs);
    longs[0] = 1l << 40;
    position = 0;
    assert_int_equal(
        MPI_Pack_external("external32", longs, 1, MPI_LONG, bytes, sizeof bytes, &position),
        MPI_ERR_CONVERSION);
    assert_int_equal(
        MPI_Unpack_external("external32", bytes, 11, &position, &out, 1, MPI_DOUBLE_INT),
        MPI_ERR_TRUNCATE);
    assert_int_equal(MPI_Pack_external_size("native", 1, MPI_INT, &size), MPI_ERR_ARG);
}

static void pack_moves_the_position(void **state)
{
    (void)state;
    int in[6] = {1, 2, 3, 4, 5, 6}, out[6] = {0}, position = 0, size;
    char packed[40];
    MPI_Datatype every_other;
    MPI_Type_vector(3, 1, 2, MPI_INT, &every_other);
    MPI_Pack_size(2, every_other, MPI_COMM_SELF, &size);
    assert_int_equal(size, 24);
    assert_int_equal(MPI_Pack(in, 1, every_other, packed, 40, &position, MPI_COMM_SELF),
                     MPI_ERR_TYPE); // not committed
    MPI_Type_commit(&every_other);
    MPI_Pack(in, 1, every_other, packed, 40, &position, MPI_COMM_SELF);
    MPI_Pack(in + 1, 1, MPI_INT, packed, 40, &position, MPI_COMM_SELF);
    assert_int_equal(position, 16);
    assert_memory_equal(packed, ((int[]){1, 3, 5, 2}), 16);
    position = 0;
    MPI_Unpack(packed, 16, &position, out, 1, every_other, MPI_COMM_SELF);
    MPI_Unpack(packed, 16, &position, out + 5, 1, MPI_INT, MPI_COMM_SELF);
    assert_memory_equal(out, ((int[]){1, 0, 3, 0, 5, 2}), 24);
    assert_int_equal(MPI_Unpack(packed, 16, &position, out, 1, MPI_INT, MPI_COMM_SELF),
                     MPI_ERR_TRUNCATE);
    assert_int_equal(position, 16);
    MPI_Type_free(&every_other);
}

static void wrong_handles_are_named(void **state)
{
    (void)state;
    int size;
    MPI_Datatype type;
    MPI_Type_contiguous(2, MPI_INT, &type);
    MPI_Datatype stale = type;
    MPI_Type_free(&type);
    assert_ptr_equal(type, MPI_DATATYPE_NULL);
    assert_int_equal(MPI_Type_size(stale, &size), MPI_ERR_TYPE);
    assert_int_equal(MPI_Type_size(MPI_DATATYPE_NULL, &size), MPI_ERR_TYPE);
    assert_int_equal(MPI_Type_size((MPI_Datatype)0x2ff, &size), MPI_ERR_TYPE);
    assert_int_equal(MPI_Type_size((MPI_Datatype)MPI_COMM_WORLD, &size), MPI_ERR_TYPE);
    type = MPI_INT;
    assert_int_equal(MPI_Type_free(&type), MPI_ERR_TYPE);
    assert_int_equal(MPI_Type_contiguous(-1, MPI_INT, &type), MPI_ERR_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_types_match_the_model),
        cmocka_unit_test(predefined_types_are_what_they_say),
        cmocka_unit_test(huge_counts_stay_small),
        cmocka_unit_test(contents_tell_how_it_was_made),
        cmocka_unit_test(external32_is_big_endian),
        cmocka_unit_test(pack_moves_the_position),
        cmocka_unit_test(wrong_handles_are_named),
    };
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
