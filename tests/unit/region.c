// SPDX-License-Identifier: MIT
// Regions: things taken and given back in any order do not overlap, keep what is written to them,
// and once all were given back no more than two regions are held, whatever there was before. One
// that stays keeps one region.
#include "base/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THINGS = 5000, LEFT = 2 * MP_REGION_BYTES };

static struct mp_regions regions;
static unsigned char *things[THINGS];
static size_t bytes_of[THINGS];
static uint64_t seed = 88172645463325252ull;

static size_t random_below(size_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed >> 33) % limit;
}

static void take(int i)
{
    bytes_of[i] = random_below(i % 50 ? 300 : 17000);
    things[i] = mp_region_take(&regions, bytes_of[i]);
    assert_non_null(things[i]);
    assert_int_equal((uintptr_t)things[i] % 16, 0);
    memset(things[i], i & 0xff, bytes_of[i]);
}

static void give(int i)
{
    for (size_t b = 0; b < bytes_of[i]; b++) {
        assert_int_equal(things[i][b], i & 0xff);
    }
    mp_region_give(&regions, things[i]);
    things[i] = NULL;
}

enum order { FORWARDS, BACKWARDS, SHUFFLED, ORDERS };

static void all_go(void **state)
{
    (void)state;
    int order[THINGS];
    for (int how = 0; how < 2 * ORDERS; how++) {
        for (int i = 0; i < THINGS; i++) {
            take(i);
            order[i] = how % ORDERS == BACKWARDS ? THINGS - 1 - i : i;
        }
        assert_true(regions.held > LEFT);
        for (int i = THINGS - 1; i > 0 && how % ORDERS == SHUFFLED; i--) {
            int at = (int)random_below((size_t)i + 1), swap = order[i];
            order[i] = order[at];
            order[at] = swap;
        }
        for (int i = 0; i < THINGS; i++) {
            give(order[i]);
        }
        assert_true(regions.held <= LEFT);
    }
}

static void some_stay(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < THINGS; i++) {
            if (!things[i]) {
                take(i);
            }
        }
        for (int i = 0; i < THINGS; i++) {
            if (i != 77 && random_below(100) > 0) {
                give(i);
            }
        }
    }
    for (int i = 0; i < THINGS; i++) {
        if (i != 77 && things[i]) {
            give(i);
        }
    }
    assert_true(regions.held <= LEFT + MP_REGION_BYTES);
    give(77);
    assert_true(regions.held <= LEFT);
}

static void too_large_is_refused(void **state)
{
    (void)state;
    assert_null(mp_region_take(&regions, MP_REGION_BYTES));
    assert_null(mp_region_take(&regions, MP_REGION_BYTES - 16));
    void *most = mp_region_take(&regions, MP_REGION_BYTES - 64);
    assert_non_null(most);
    memset(most, 1, MP_REGION_BYTES - 64);
    mp_region_give(&regions, most);
}

// One of them stays now and then, as what is kept for long among messages that come and go.
static void few_take_little(void **state)
{
    (void)state;
    struct mp_regions few = {0};
    char *low = NULL, *high = NULL;
    void *stays = NULL;

    for (int i = 0; i < THINGS; i++) {
        char *thing = mp_region_take(&few, 200);
        assert_non_null(thing);
        low = !low || thing < low ? thing : low;
        high = thing + 200 > high ? thing + 200 : high;
        if (i % 50 == 0) {
            void *before = stays;
            stays = thing;
            thing = before;
        }
        if (thing) {
            mp_region_give(&few, thing);
        }
    }
    assert_true(high - low <= 2 * MP_REGION_SMALL);
    void *large = mp_region_take(&few, MP_REGION_SMALL); // does not fit a small one
    assert_non_null(large);
    memset(large, 1, MP_REGION_SMALL);
    mp_region_give(&few, large);
    mp_region_give(&few, stays);
    assert_true(few.held <= LEFT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_go),
        cmocka_unit_test(some_stay),
        cmocka_unit_test(too_large_is_refused),
        cmocka_unit_test(few_take_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
