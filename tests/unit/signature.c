// SPDX-License-Identifier: MIT
// Signatures of types: equal for the same sequence of basic elements however it was made, and of
// any beginning of it; different for any other one; and no complaint about what programs do.
#include "datatype/datatype_signature.h"

#include "datatype/datatype_make.h"
#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mp_datatype *named(MPI_Datatype handle)
{
    return mp_datatype_get(handle);
}

static struct mp_datatype *made[32];
static int made_count;

static struct mp_datatype *note(struct mp_datatype *type)
{
    assert_true(made_count < (int)(sizeof made / sizeof *made));
    return made[made_count++] = type;
}

static int release_all(void **state)
{
    (void)state;
    while (made_count > 0) {
        mp_datatype_release(made[--made_count]);
    }
    return 0;
}

static struct mp_datatype *several(struct mp_datatype *old, MPI_Count count)
{
    struct mp_datatype *type;
    assert_int_equal(mp_datatype_vector(count, 1, 3, old->extent, old, &type), 0);
    return note(type);
}

static struct mp_datatype *structure(int count, const int lengths[], struct mp_datatype *olds[])
{
    int places[8] = {0};
    struct mp_datatype *type;
    for (int i = 1; i < count; i++) {
        places[i] = places[i - 1] + lengths[i - 1] * (int)olds[i - 1]->extent;
    }
    struct mp_counts ls = {.array = lengths}, ds = {.array = places};
    assert_int_equal(mp_datatype_blocks(count, &ls, &ds, 1, NULL, olds, &type), 0);
    return note(type);
}

static bool disagree(struct mp_datatype *sent, MPI_Count count, struct mp_datatype *received,
                     MPI_Count room)
{
    return mp_datatype_contradicts(received, room, mp_datatype_signature(sent, count),
                                   count * sent->size);
}

static void kinds_of_named_types(void **state)
{
    (void)state;
    static const MPI_Datatype longs[] = {
        MPI_LONG,     MPI_INT64_T,  MPI_AINT,     MPI_OFFSET,    MPI_COUNT,
        MPI_INTEGER8, MPI_LOGICAL8, MPI_UINT64_T, MPI_LONG_LONG, MPI_UNSIGNED_LONG};
    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) {
        assert_false(disagree(named(longs[i]), 3, named(MPI_LONG), 3));
        assert_true(disagree(named(longs[i]), 3, named(MPI_DOUBLE), 3));
        assert_true(disagree(named(longs[i]), 3, named(MPI_INT), 6));
    }
    assert_true(disagree(named(MPI_DOUBLE), 1, named(MPI_FLOAT), 2));
    assert_true(disagree(named(MPI_LONG_DOUBLE), 1, named(MPI_REAL16), 1));
    assert_false(disagree(named(MPI_C_DOUBLE_COMPLEX), 2, named(MPI_DOUBLE), 4));
    assert_false(disagree(named(MPI_2INT), 2, named(MPI_INT), 4));
    assert_false(disagree(named(MPI_BYTE), 8, named(MPI_DOUBLE), 1));
    assert_false(disagree(named(MPI_DOUBLE_INT), 2, named(MPI_BYTE), 24));
    assert_false(disagree(named(MPI_PACKED), 24, named(MPI_DOUBLE_INT), 2));
    assert_true(disagree(named(MPI_DOUBLE_INT), 1, named(MPI_INT), 3));
    assert_true(disagree(named(MPI_FLOAT_INT), 1, named(MPI_INT), 2));
    assert_true(disagree(named(MPI_FLOAT_INT), 2, named(MPI_2INT), 2));
    assert_false(disagree(named(MPI_INT), 0, named(MPI_DOUBLE), 4));
}

static void sequences_compose(void **state)
{
    (void)state;
    struct mp_datatype *pair[2] = {named(MPI_DOUBLE), named(MPI_INT)};
    struct mp_datatype *members = structure(2, (int[]){1, 1}, pair);
    struct mp_datatype *turned =
        structure(2, (int[]){1, 1}, (struct mp_datatype *[]){pair[1], pair[0]});
    struct mp_datatype *four[4] = {pair[0], pair[1], pair[0], pair[1]};
    struct mp_datatype *twice = structure(4, (int[]){1, 1, 1, 1}, four);
    struct mp_datatype *blocks = structure(2, (int[]){2, 2}, pair);
    struct mp_datatype *deep = members;

    assert_false(disagree(named(MPI_DOUBLE_INT), 7, members, 7));
    assert_false(disagree(twice, 500, members, 1000));
    assert_true(disagree(twice, 500, blocks, 500));
    assert_true(disagree(turned, 2, members, 2));
    for (int i = 0; i < 10; i++) {
        deep = several(deep, 2);
    }
    assert_false(disagree(deep, 3, members, 3 * 1024));
    assert_false(disagree(members, 3 * 1024, deep, 3));
    // Beginnings, of any length.
    for (int i = 1; i < 100; i++) {
        assert_false(disagree(members, i, deep, 1));
        assert_true(disagree(blocks, i, deep, 1));
        assert_true(disagree(named(MPI_INT), i, deep, 1));
    }
    assert_false(disagree(pair[0], 1, deep, 1));
    assert_false(disagree(pair[0], 2, blocks, 1));
    assert_true(disagree(pair[0], 2, members, 2));
    struct mp_datatype *uneven = structure(3, (int[]){1, 1, 1}, four);
    assert_false(disagree(uneven, 1, members, 2));
    assert_false(disagree(uneven, 1, deep, 2));
    assert_true(disagree(uneven, 2, deep, 2));
}

static void bytes_inside_match_all(void **state)
{
    (void)state;
    struct mp_datatype *parts[2] = {named(MPI_DOUBLE), named(MPI_BYTE)};
    struct mp_datatype *type = structure(2, (int[]){1, 4}, parts);
    assert_int_equal(mp_datatype_signature(type, 1), 0);
    assert_false(disagree(type, 2, named(MPI_INT), 6));
    assert_false(disagree(named(MPI_INT), 6, type, 2));
    struct mp_datatype *none = structure(2, (int[]){3, 0}, parts);
    assert_int_equal(mp_datatype_signature(none, 1), mp_datatype_signature(named(MPI_DOUBLE), 1));
}

static void words_for_types(void **state)
{
    (void)state;
    char text[MP_SIGNATURE_TEXT];
    struct mp_datatype *parts[2] = {named(MPI_INT), named(MPI_DOUBLE)};
    struct mp_datatype *type = structure(2, (int[]){2, 1}, parts);
    assert_string_equal(mp_datatype_words(type, text), "a type of 2 MPI_INT and 1 MPI_DOUBLE");
    assert_string_equal(mp_datatype_words(parts[0], text), "MPI_INT");
    assert_string_equal(mp_signature_words(mp_datatype_signature(parts[1], 2), text), "MPI_DOUBLE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_named_types), cmocka_unit_test(sequences_compose),
        cmocka_unit_test(bytes_inside_match_all), cmocka_unit_test(words_for_types)};
    return cmocka_run_group_tests(tests, NULL, release_all);
}
