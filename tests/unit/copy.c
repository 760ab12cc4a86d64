// SPDX-License-Identifier: MIT
// The copies from the end to the beginning: every length, whatever the two are aligned to, and not
// a byte before or behind.
#include "base/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEAST = 64, MOST = 700, LINE = 64, AROUND = 64, SPACE = AROUND + LINE + MOST + AROUND };

static void check(void (*copy)(void *, const void *, size_t))
{
    static unsigned char from[SPACE], to[SPACE], expected[SPACE];

    for (size_t i = 0; i < SPACE; i++) {
        from[i] = (unsigned char)(i * 7 + i / 251);
    }
    for (size_t bytes = LEAST; bytes <= MOST; bytes++) {
        size_t source = AROUND + bytes * 5 % LINE, target = AROUND + bytes * 11 % LINE;
        memset(to, 0xee, sizeof to);
        memset(expected, 0xee, sizeof expected);
        memcpy(expected + target, from + source, bytes);
        copy(to + target, from + source, bytes);
        assert_memory_equal(to, expected, sizeof to);
    }
}

static void every_length_is_copied_whole_in_general(void **state)
{
    (void)state;
    check(mp_copy_in_general);
}

static void every_length_is_copied_whole_on_this_processor(void **state)
{
    (void)state;
    check(mp_copy_downwards);
    assert_true(mp_copy_downwards == mp_copy_in_general
#if MP_HAVE_AVX2
                || mp_copy_downwards == mp_copy_with_avx2
#endif
    );
}

static void short_and_empty_ones_too(void **state)
{
    unsigned char from[LEAST], to[LEAST + 1];

    (void)state;
    memset(from, 1, sizeof from);
    for (size_t bytes = 0; bytes <= LEAST; bytes++) {
        memset(to, 2, sizeof to);
        mp_copy_passing(to, bytes ? from : NULL, bytes);
        for (size_t i = 0; i < sizeof to; i++) {
            assert_int_equal(to[i], i < bytes ? 1 : 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_copied_whole_in_general),
        cmocka_unit_test(every_length_is_copied_whole_on_this_processor),
        cmocka_unit_test(short_and_empty_ones_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
