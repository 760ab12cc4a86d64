// SPDX-License-Identifier: MIT
// Objects: any handle, however wild, is told from a good one; memory is reused; integers lead back;
// infos may be made by several threads at once.
#include "object/object.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct small {
    struct mp_object object;
    char data[40];
};

struct large {
    struct mp_object object;
    char data[1000];
};

static void new_objects_are_zeroed_and_live(void **state)
{
    (void)state;
    struct large *object = mp_object_new(MP_KIND_COMM, sizeof *object);
    assert_non_null(object);
    for (size_t i = 0; i < sizeof object->data; i++)
        assert_int_equal(object->data[i], 0);
    assert_int_equal(object->object.refs, 1);
    assert_int_equal(object->object.builtin, 0);
    assert_true(mp_object_is(object, MP_KIND_COMM));
    assert_false(mp_object_is(object, MP_KIND_GROUP));
    memset(object->data, 0x55, sizeof object->data);
    mp_object_delete(object);
    assert_false(mp_object_is(object, MP_KIND_COMM));

    struct large *again = mp_object_new(MP_KIND_GROUP, sizeof *again);
    assert_ptr_equal(again, object); // its memory is used again, and clean
    for (size_t i = 0; i < sizeof again->data; i++)
        assert_int_equal(again->data[i], 0);
    mp_object_delete(again);
}

static void wild_handles_are_refused(void **state)
{
    (void)state;
    struct small *object = mp_object_new(MP_KIND_REQUEST, sizeof *object);
    int on_stack = 0;
    void *on_heap = malloc(64);
    const void *wild[] = {NULL,
                          (void *)1,
                          (void *)0x101,
                          (void *)4096,
                          (void *)UINTPTR_MAX,
                          &on_stack,
                          on_heap,
                          (void *)&object,
                          (char *)object + 4,
                          (char *)object + MP_OBJECT_UNIT,
                          mp_object_base - MP_OBJECT_UNIT,
                          mp_object_base + mp_object_end,
                          mp_object_base + ((size_t)1 << 38)};
    for (size_t i = 0; i < mp_array_length(wild); i++)
        assert_false(mp_object_is(wild[i], MP_KIND_REQUEST));
    // Every address of the part in use may be looked at.
    int found = 0;
    for (size_t at = 0; at < mp_object_end; at++)
        found += mp_object_is(mp_object_base + at, MP_KIND_REQUEST);
    assert_int_equal(found, 1);
    free(on_heap);
    mp_object_delete(object);
}

static void too_large_is_refused(void **state)
{
    (void)state;
    assert_null(mp_object_new(MP_KIND_COMM, MP_OBJECT_MAX + 1));
    void *object = mp_object_new(MP_KIND_COMM, MP_OBJECT_MAX);
    assert_non_null(object);
    mp_object_delete(object);
}

// Many at a time, of several sizes: none overlaps another, and each comes back from its integer.
static void many_objects_keep_apart(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    struct small **objects = calloc(MANY, sizeof *objects);
    for (unsigned i = 0; i < MANY; i++) {
        size_t size = sizeof(struct mp_object) + 8 + (i * 37) % 900;
        objects[i] = mp_object_new(MP_KIND_DATATYPE, size);
        assert_non_null(objects[i]);
        assert_int_equal(objects[i]->object.magic, MP_KIND_DATATYPE);
        memset(objects[i]->data, (int)(i & 0x7f), size - sizeof(struct mp_object));
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(mp_object_is(objects[i], MP_KIND_DATATYPE));
        assert_int_equal(objects[i]->data[7], (char)(i & 0x7f));
        int value = mp_object_to_int(objects[i]);
        assert_true(value >= 4096);
        assert_ptr_equal(mp_object_from_int(value), objects[i]);
    }
    for (unsigned i = 0; i < MANY; i++)
        mp_object_delete(objects[i]);
    size_t end = mp_object_end;
    for (unsigned i = 0; i < MANY; i++)
        objects[i] = mp_object_new(MP_KIND_DATATYPE, sizeof(struct mp_object) + 8 + (i * 37) % 900);
    assert_int_equal(mp_object_end, end); // all from the free lists
    for (unsigned i = 0; i < MANY; i++)
        mp_object_delete(objects[i]);
    free(objects);
}

static void small_integers_are_themselves(void **state)
{
    (void)state;
    for (int value = 0; value < 4096; value++) {
        assert_int_equal((uintptr_t)mp_object_from_int(value), value);
        assert_int_equal(mp_object_to_int(mp_object_from_int(value)), value);
    }
}

static char shared_object[] = "an object was given to two threads";

static void *make_infos(void *unused)
{
    enum { AT_ONCE = 50 };
    struct small *mine[AT_ONCE];
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            mine[i] = mp_object_new(MP_KIND_INFO, sizeof(struct small) + (size_t)(i % 5) * 64);
            memcpy(mine[i]->data, &mine[i], sizeof mine[i]);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            struct small *self;
            memcpy(&self, mine[i]->data, sizeof self);
            if (self != mine[i] || !mp_object_is(mine[i], MP_KIND_INFO))
                return shared_object;
            mp_object_delete(mine[i]);
        }
    }
    return unused;
}

static void infos_come_from_any_thread(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_infos, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *problem;
        pthread_join(threads[i], &problem);
        assert_null(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_objects_are_zeroed_and_live),
        cmocka_unit_test(wild_handles_are_refused),
        cmocka_unit_test(too_large_is_refused),
        cmocka_unit_test(many_objects_keep_apart),
        cmocka_unit_test(small_integers_are_themselves),
        cmocka_unit_test(infos_come_from_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
