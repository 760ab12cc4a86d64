// SPDX-License-Identifier: MIT
// Infos before and after MPI_Init: order, limits, the two ways to get a value, and MPI_INFO_ENV.
#include "object/info.h"

#include "base/bits.h"
#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void pairs_keep_their_order(void **state)
{
    (void)state;
    MPI_Info info, copy;
    char key[MPI_MAX_INFO_KEY], value[MPI_MAX_INFO_VAL];
    int count, flag, length;
    assert_int_equal(MPI_Info_create(&info), MPI_SUCCESS);
    for (int i = 0; i < 50; i++) {
        char name[8] = {'k', (char)('0' + i / 10), (char)('0' + i % 10)};
        MPI_Info_set(info, name, name + 1);
    }
    MPI_Info_set(info, "k07", "another value");
    MPI_Info_get_nkeys(info, &count);
    assert_int_equal(count, 50);
    MPI_Info_delete(info, "k03");
    MPI_Info_dup(info, &copy);
    MPI_Info_free(&info);
    assert_ptr_equal(info, MPI_INFO_NULL);
    MPI_Info_get_nkeys(copy, &count);
    assert_int_equal(count, 49);
    MPI_Info_get_nthkey(copy, 2, key);
    assert_string_equal(key, "k02");
    MPI_Info_get_nthkey(copy, 3, key);
    assert_string_equal(key, "k04");
    MPI_Info_get(copy, "k07", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_true(flag);
    assert_string_equal(value, "another value");
    MPI_Info_get_valuelen(copy, "k07", &length, &flag);
    assert_int_equal(length, 13);
    MPI_Info_get(copy, "k03", 10, value, &flag);
    assert_false(flag);
    MPI_Info_free(&copy);
}

static void values_are_cut_to_the_room(void **state)
{
    (void)state;
    MPI_Info info;
    char value[20];
    int flag, room;
    MPI_Info_create(&info);
    MPI_Info_set(info, "key", "0123456789");
    memset(value, '#', sizeof value);
    MPI_Info_get(info, "key", 4, value, &flag); // 4 characters and the zero
    assert_string_equal(value, "0123");
    assert_int_equal(value[5], '#');
    memset(value, '#', sizeof value);
    room = 4; // 3 characters and the zero
    MPI_Info_get_string(info, "key", &room, value, &flag);
    assert_true(flag);
    assert_string_equal(value, "012");
    assert_int_equal(value[4], '#');
    assert_int_equal(room, 11);
    room = 0;
    MPI_Info_get_string(info, "key", &room, NULL, &flag);
    assert_int_equal(room, 11);
    MPI_Info_get_string(info, "key", &room, value, &flag);
    assert_string_equal(value, "0123456789");
    MPI_Info_free(&info);
}

static void limits_are_those_of_the_standard(void **state)
{
    (void)state;
    MPI_Info info, stale;
    char longest_key[MPI_MAX_INFO_KEY + 1], longest_value[MPI_MAX_INFO_VAL + 1], key[10];
    int flag, count;
    memset(longest_key, 'k', sizeof longest_key);
    memset(longest_value, 'v', sizeof longest_value);
    longest_key[MPI_MAX_INFO_KEY] = 0;
    longest_value[MPI_MAX_INFO_VAL] = 0;
    MPI_Info_create(&info);
    assert_int_equal(MPI_Info_set(info, longest_key, "x"), MPI_ERR_INFO_KEY);
    assert_int_equal(MPI_Info_set(info, "x", longest_value), MPI_ERR_INFO_VALUE);
    assert_int_equal(MPI_Info_set(info, "", "x"), MPI_ERR_INFO_KEY);
    longest_key[MPI_MAX_INFO_KEY - 1] = longest_value[MPI_MAX_INFO_VAL - 1] = 0;
    assert_int_equal(MPI_Info_set(info, longest_key, longest_value), MPI_SUCCESS);
    assert_int_equal(MPI_Info_delete(info, "x"), MPI_ERR_INFO_NOKEY);
    assert_int_equal(MPI_Info_get_nthkey(info, 1, key), MPI_ERR_ARG);
    assert_int_equal(MPI_Info_get(info, "x", -1, key, &flag), MPI_ERR_ARG);
    stale = info;
    MPI_Info_free(&info);
    assert_int_equal(MPI_Info_get_nkeys(stale, &count), MPI_ERR_INFO);
    assert_int_equal(MPI_Info_get_nkeys(MPI_INFO_NULL, &count), MPI_ERR_INFO);
    assert_int_equal(MPI_Info_set(MPI_INFO_ENV, "a", "b"), MPI_ERR_INFO);
    stale = MPI_INFO_ENV;
    assert_int_equal(MPI_Info_free(&stale), MPI_ERR_INFO);
}

static void env_tells_how_it_was_started(void **state)
{
    (void)state;
    char value[MPI_MAX_INFO_VAL];
    int flag;
    MPI_Info_get(MPI_INFO_ENV, "command", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_true(flag);
    assert_non_null(strstr(value, "info"));
    MPI_Info_get(MPI_INFO_ENV, "maxprocs", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_true(flag);
    assert_string_equal(value, "1");
    MPI_Info_get(MPI_INFO_ENV, "mpi_initial_errhandler", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_true(flag);
    assert_string_equal(value, "mpi_errors_are_fatal");
    // Told only where it was asked for before the program was started.
    MPI_Info_get(MPI_INFO_ENV, "thread_level", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_false(flag);

    MPI_Info own;
    char program[] = "a.out", argument[] = "-v", *argv[] = {program, argument, argument, NULL};
    MPI_Info_create_env(3, argv, &own);
    MPI_Info_get(own, "command", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_string_equal(value, "a.out");
    MPI_Info_get(own, "argv", MPI_MAX_INFO_VAL - 1, value, &flag);
    assert_string_equal(value, "-v -v");
    MPI_Info_free(&own);
}

int main(void)
{
    const struct CMUnitTest before[] = {
        cmocka_unit_test(pairs_keep_their_order),
        cmocka_unit_test(values_are_cut_to_the_room),
    };
    const struct CMUnitTest running[] = {
        cmocka_unit_test(pairs_keep_their_order),
        cmocka_unit_test(values_are_cut_to_the_room),
        cmocka_unit_test(limits_are_those_of_the_standard),
        cmocka_unit_test(env_tells_how_it_was_started),
    };
    int failed = cmocka_run_group_tests(before, NULL, NULL);
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    failed += cmocka_run_group_tests(running, NULL, NULL);
    MPI_Finalize();
    failed += cmocka_run_group_tests(before, NULL, NULL);
    return failed;
}
