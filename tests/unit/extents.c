// SPDX-License-Identifier: MIT
// The page allocator of the shared heap, against a model that knows the state of every page: no
// extent overlaps another, what is called clean was cleaned since it was last used, alignment
// holds, growing takes only what is free, and in the end all of it is one piece again. A number as
// argument makes it that many times longer.
#include "heap/extents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGES = 5000, BLOCKS = 300 };
enum state { CLEAN, DIRTY, TAKEN };

static long rounds = 200000;
static unsigned char model[PAGES];
static struct mp_extents extents;
static struct {
    uint32_t first, count;
} blocks[BLOCKS];
static int block_count;
static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % n;
}

static uint32_t random_count(void)
{
    uint32_t count = 1 + random_below(UINT32_C(2) << random_below(10));
    return count;
}

static void set(uint32_t first, uint32_t count, enum state from, enum state or_from, enum state to)
{
    assert_true(first < PAGES && count <= PAGES - first);
    for (uint32_t i = first; i < first + count; i++) {
        assert_true(model[i] == from || model[i] == or_from);
        model[i] = (unsigned char)to;
    }
}

static size_t pages_in(enum state state)
{
    size_t n = 0;
    for (int i = 0; i < PAGES; i++)
        n += model[i] == state;
    return n;
}

// The longest run of pages of one free state.
static uint32_t longest_free(void)
{
    uint32_t longest = 0, run = 0;
    for (int i = 0; i < PAGES; i++) {
        run = model[i] == TAKEN ? 0 : i > 0 && model[i] == model[i - 1] ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void take(void)
{
    uint32_t count = random_count();
    uint32_t alignment = random_below(4) ? 1 : UINT32_C(1) << random_below(7);
    bool dirty;
    uint32_t first = mp_extents_take(&extents, count, alignment, &dirty);

    if (first == MP_EXTENT_NONE) {
        // It may say no only if no run is long enough wherever the aligned place falls in it.
        assert_true(longest_free() < count + alignment - 1);
        return;
    }
    assert_int_equal(first % alignment, 0);
    assert_int_equal(mp_extents_count(&extents, first), count);
    set(first, count, CLEAN, dirty ? DIRTY : CLEAN, TAKEN);
    blocks[block_count].first = first;
    blocks[block_count++].count = count;
}

static void give(int which)
{
    mp_extents_give(&extents, blocks[which].first);
    set(blocks[which].first, blocks[which].count, TAKEN, TAKEN, DIRTY);
    assert_int_equal(mp_extents_count(&extents, blocks[which].first), 0);
    blocks[which] = blocks[--block_count];
}

static void resize(int which)
{
    uint32_t first = blocks[which].first, old = blocks[which].count, count = random_count();
    bool room = first + count <= PAGES;

    for (uint32_t i = first + old; room && i < first + count; i++)
        room = model[i] != TAKEN && model[i] == model[first + old];
    assert_int_equal(mp_extents_resize(&extents, first, count), count <= old || room);
    if (count > old && !room)
        return;
    if (count > old)
        set(first + old, count - old, CLEAN, DIRTY, TAKEN);
    else
        set(first + count, old - count, TAKEN, TAKEN, DIRTY);
    blocks[which].count = count;
    assert_int_equal(mp_extents_count(&extents, first), count);
}

static void clean(void)
{
    uint32_t first, count;
    if (!mp_extents_clean_begin(&extents, &first, &count)) {
        assert_int_equal(pages_in(DIRTY), 0);
        return;
    }
    set(first, count, DIRTY, DIRTY, TAKEN); // meanwhile nobody gets it
    if (block_count < BLOCKS)
        take();
    if (block_count > 0)
        give((int)random_below((uint32_t)block_count));
    mp_extents_clean_end(&extents, first);
    set(first, count, TAKEN, TAKEN, CLEAN);
}

static void see(uint32_t first, uint32_t count, void *argument)
{
    int *seen = argument;
    for (int i = 0; i < block_count; i++)
        if (blocks[i].first == first) {
            assert_int_equal(blocks[i].count, count);
            ++*seen;
            return;
        }
    fail_msg("an extent at %u that nobody took", first);
}

static void random_operations_follow_the_model(void **state)
{
    (void)state;
    void *room = calloc(1, mp_extents_room(PAGES));
    assert_non_null(room);
    mp_extents_open(&extents, room, PAGES);
    for (long round = 0; round < rounds; round++) {
        uint32_t what = random_below(100);
        // Now the area fills, now it empties.
        uint32_t takes = round / 2000 % 2 ? 30 : 55;
        if (what < takes && block_count < BLOCKS)
            take();
        else if (what < 85 && block_count > 0)
            give((int)random_below((uint32_t)block_count));
        else if (what < 95 && block_count > 0)
            resize((int)random_below((uint32_t)block_count));
        else
            clean();
        if (round % 1000 == 0) {
            int seen = 0;
            mp_extents_each(&extents, see, &seen);
            assert_int_equal(seen, block_count);
            assert_int_equal(extents.dirty_pages, pages_in(DIRTY));
            assert_int_equal(extents.used_pages, pages_in(TAKEN));
        }
    }
    while (block_count > 0)
        give(0);
    uint32_t first, count;
    while (mp_extents_clean_begin(&extents, &first, &count))
        mp_extents_clean_end(&extents, first);
    bool dirty = true;
    assert_int_equal(mp_extents_take(&extents, PAGES, 1, &dirty), 0);
    assert_false(dirty);
    free(room);
}

static void inner_addresses_are_no_blocks(void **state)
{
    (void)state;
    void *room = calloc(1, mp_extents_room(PAGES));
    bool dirty;
    assert_non_null(room);
    mp_extents_open(&extents, room, PAGES);
    uint32_t a = mp_extents_take(&extents, 10, 1, &dirty);
    uint32_t b = mp_extents_take(&extents, 10, 1, &dirty);
    for (uint32_t page = 0; page < PAGES; page++)
        if (page != a && page != b)
            assert_int_equal(mp_extents_count(&extents, page), 0);
    mp_extents_give(&extents, a);
    mp_extents_give(&extents, b);
    for (uint32_t page = 0; page < PAGES + 2; page++)
        assert_int_equal(mp_extents_count(&extents, page), 0);
    free(room);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    void *room = calloc(1, mp_extents_room(PAGES));
    bool dirty;
    assert_non_null(room);
    mp_extents_open(&extents, room, PAGES);
    assert_int_equal(mp_extents_take(&extents, 0, 1, &dirty), MP_EXTENT_NONE);
    assert_int_equal(mp_extents_take(&extents, PAGES + 1, 1, &dirty), MP_EXTENT_NONE);
    assert_int_equal(mp_extents_take(&extents, UINT32_MAX, 1, &dirty), MP_EXTENT_NONE);
    assert_int_equal(mp_extents_take(&extents, UINT32_MAX, 1024, &dirty), MP_EXTENT_NONE);
    assert_int_equal(mp_extents_take(&extents, PAGES, 1, &dirty), 0);
    assert_int_equal(mp_extents_take(&extents, 1, 1, &dirty), MP_EXTENT_NONE);
    free(room);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_follow_the_model),
        cmocka_unit_test(inner_addresses_are_no_blocks),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    if (argc > 1)
        rounds *= atol(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
