// SPDX-License-Identifier: MIT
// What the kernel tells in small files: a process's line of /proc/PID/stat, whatever the process is
// called, and lists of CPUs, however many there are.
// Read next: lib/base/file.h, lib/base/cpus.h.
#define _GNU_SOURCE
#include "base/cpus.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/kernel_files.XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void what_fits_is_read_and_ends(void **state)
{
    char text[5];
    (void)state;
    write_file("1234567");
    assert_int_equal(mp_file_read(text, sizeof text, "%s", path), 4);
    assert_string_equal(text, "1234");
    assert_int_equal(mp_file_read(text, sizeof text, "%s/%d", path, 1), 0);
    assert_string_equal(text, "");
}

static void any_name_of_a_process_is_understood(void **state)
{
    static const char *const names[] = {"a",        "", ") R 1 (", "((", "))", "a) S 7 7 7 b",
                                        "new\nline"};
    char line[300];
    struct mp_stat stat;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(line, sizeof line,
                 "41 (%s) S 40 41 41 0 -1 4194304 1 2 3 4 500 600 7 8 20 0 9 0 1 2 3\n", names[i]);
        write_file(line);
        assert_true(mp_stat_read(&stat, path));
        assert_int_equal(stat.pid, 41);
        assert_string_equal(stat.name, names[i]);
        assert_int_equal(stat.state, 'S');
        assert_int_equal(stat.parent, 40);
        assert_int_equal(stat.user, 500);
        assert_int_equal(stat.system, 600);
        assert_int_equal(stat.threads, 9);
    }
}

static void what_is_no_process_is_refused(void **state)
{
    static const char *const lines[] = {"", "41", "41 (a", "41 (a) S", "41 )a( S 40", "(a) S 40"};
    struct mp_stat stat;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        write_file(lines[i]);
        assert_false(mp_stat_read(&stat, path));
    }
    assert_false(mp_stat_read(&stat, "/proc/0/stat"));
    assert_true(mp_stat_read(&stat, "/proc/self/stat"));
    assert_int_equal(stat.parent, getppid());
}

static void assert_list(const char *list, int count, int last)
{
    struct mp_cpus cpus;
    write_file(list);
    assert_int_equal(mp_cpus_read(&cpus, path), count > 0);
    assert_int_equal(mp_cpus_count(&cpus), count);
    if (count > 0) {
        assert_true(mp_cpus_has(&cpus, last));
        assert_int_equal(mp_cpus_next(&cpus, last + 1), -1);
    }
}

static void lists_of_cpus_are_read(void **state)
{
    (void)state;
    assert_list("0\n", 1, 0);
    assert_list("0-3,8\n", 5, 8);
    assert_list("1023-1025,2000\n", 4, 2000);
    assert_list("0-4095\n", 4096, 4095);
    assert_list("0-99999999999999999999\n", MP_CPUS_MAX, MP_CPUS_MAX - 1);
    assert_list("", 0, 0);
    assert_list("\n", 0, 0);
    assert_list("x", 0, 0);
}

static void the_longest_list_is_read_whole(void **state)
{
    static char list[6 * MP_CPUS_MAX];
    size_t length = 0;
    (void)state;
    for (int cpu = 1; cpu < MP_CPUS_MAX; cpu += 2)
        length +=
            (size_t)snprintf(list + length, sizeof list - length, length > 0 ? ",%d" : "%d", cpu);
    assert_list(list, MP_CPUS_MAX / 2, MP_CPUS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_read_and_ends),
        cmocka_unit_test(any_name_of_a_process_is_understood),
        cmocka_unit_test(what_is_no_process_is_refused),
        cmocka_unit_test(lists_of_cpus_are_read),
        cmocka_unit_test(the_longest_list_is_read_whole),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
