// SPDX-License-Identifier: MIT
// Groups of up to 300 world ranks against plain arrays: finding, comparing, and the set operations
// and selections of the API, on ranges and on lists alike.
#include "object/group.h"
#include "boot/guests.h"

#include "base/bits.h"
#include "mpi.h"
#include "process/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORLD = 300 };

static uint64_t seed = 88172645463325252ull;

static int random_below(int limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)(seed >> 33) % limit;
}

struct set {
    int size;
    int member[WORLD];
};

static int find(const struct set *set, int world_rank)
{
    for (int i = 0; i < set->size; i++)
        if (set->member[i] == world_rank)
            return i;
    return MPI_UNDEFINED;
}

// A range, up or down, or any order of any members.
static struct set random_set(void)
{
    struct set set = {0};
    if (random_below(2)) {
        int stride = 1 + random_below(5);
        set.size = random_below(WORLD / stride);
        for (int i = 0; i < set.size; i++)
            set.member[i] = i * stride;
        if (random_below(2))
            for (int i = 0; i < set.size; i++)
                set.member[i] = (set.size - 1 - i) * stride;
        return set;
    }
    int wanted = random_below(random_below(2) ? 12 : WORLD);
    while (set.size < wanted) {
        int candidate = random_below(WORLD);
        if (find(&set, candidate) == MPI_UNDEFINED)
            set.member[set.size++] = candidate;
    }
    return set;
}

static MPI_Group make(const struct set *set)
{
    struct mp_group *group = mp_group_new(set->size, set->member);
    assert_non_null(group);
    return mp_group_handle(group);
}

static void check(MPI_Group handle, const struct set *set)
{
    struct mp_group *group = mp_group_get(handle);
    assert_non_null(group);
    int size, rank;
    MPI_Group_size(handle, &size);
    MPI_Group_rank(handle, &rank);
    assert_int_equal(size, set->size);
    assert_int_equal(rank, find(set, mp_process.rank));
    for (int i = 0; i < set->size; i++)
        assert_int_equal(mp_group_world(group, i), set->member[i]);
    for (int w = -3; w < WORLD + 3; w++)
        assert_int_equal(mp_group_find(group, w), find(set, w));
    if (set->size == 0)
        assert_ptr_equal(handle, MPI_GROUP_EMPTY);
}

static void set_operations(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct set a = random_set(), b = random_set(), either = a, both = {0}, only = {0};
        for (int i = 0; i < b.size; i++)
            if (find(&a, b.member[i]) == MPI_UNDEFINED)
                either.member[either.size++] = b.member[i];
        for (int i = 0; i < a.size; i++) {
            struct set *to = find(&b, a.member[i]) == MPI_UNDEFINED ? &only : &both;
            to->member[to->size++] = a.member[i];
        }
        MPI_Group ga = make(&a), gb = make(&b), result;
        check(ga, &a);
        MPI_Group_union(ga, gb, &result);
        check(result, &either);
        MPI_Group_free(&result);
        MPI_Group_intersection(ga, gb, &result);
        check(result, &both);
        MPI_Group_free(&result);
        MPI_Group_difference(ga, gb, &result);
        check(result, &only);
        MPI_Group_free(&result);

        int ranks[WORLD + 1], to[WORLD + 1];
        for (int i = 0; i < a.size; i++)
            ranks[i] = i;
        ranks[a.size] = MPI_PROC_NULL;
        MPI_Group_translate_ranks(ga, a.size + 1, ranks, gb, to);
        for (int i = 0; i < a.size; i++)
            assert_int_equal(to[i], find(&b, a.member[i]));
        assert_int_equal(to[a.size], MPI_PROC_NULL);

        int relation, same = a.size == b.size && only.size == 0;
        MPI_Group_compare(ga, gb, &relation);
        bool ident = same && memcmp(a.member, b.member, (size_t)a.size * sizeof(int)) == 0;
        assert_int_equal(relation, ident ? MPI_IDENT : same ? MPI_SIMILAR : MPI_UNEQUAL);
        MPI_Group_free(&ga);
        MPI_Group_free(&gb);
    }
}

static void another_order_is_similar(void **state)
{
    (void)state;
    int relation;
    for (int size = 2; size < 40; size += 3) {
        struct set a = {.size = size}, b = {.size = size};
        for (int i = 0; i < size; i++) {
            a.member[i] = 7 * i;
            b.member[i] = 7 * ((i + 1) % size);
        }
        MPI_Group ga = make(&a), gb = make(&b), gc = make(&a);
        MPI_Group_compare(ga, gb, &relation);
        assert_int_equal(relation, MPI_SIMILAR);
        MPI_Group_compare(ga, gc, &relation);
        assert_int_equal(relation, MPI_IDENT);
        MPI_Group_free(&ga);
        MPI_Group_free(&gb);
        MPI_Group_free(&gc);
    }
}

static void selections(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct set a = random_set(), in = {0}, out = {0};
        if (a.size == 0)
            continue;
        MPI_Group ga = make(&a), result;
        // A random choice of ranks, in random order.
        struct set ranks = {0};
        for (int tries = random_below(2 * a.size); tries > 0; tries--) {
            int rank = random_below(a.size);
            if (find(&ranks, rank) == MPI_UNDEFINED)
                ranks.member[ranks.size++] = rank;
        }
        for (int i = 0; i < ranks.size; i++)
            in.member[in.size++] = a.member[ranks.member[i]];
        for (int i = 0; i < a.size; i++)
            if (find(&ranks, i) == MPI_UNDEFINED)
                out.member[out.size++] = a.member[i];
        MPI_Group_incl(ga, ranks.size, ranks.member, &result);
        check(result, &in);
        MPI_Group_free(&result);
        MPI_Group_excl(ga, ranks.size, ranks.member, &result);
        check(result, &out);
        MPI_Group_free(&result);

        // Two ranges: one down from a middle rank, one up from the next.
        int middle = random_below(a.size), step = 1 + random_below(3);
        int ranges[2][3] = {{middle, 0, -step}, {middle + 1, a.size - 1, step}};
        in.size = out.size = 0;
        for (int r = middle; r >= 0; r -= step)
            in.member[in.size++] = a.member[r];
        for (int r = middle + 1; r < a.size; r += step)
            in.member[in.size++] = a.member[r];
        for (int i = 0; i < a.size; i++)
            if (find(&in, a.member[i]) == MPI_UNDEFINED)
                out.member[out.size++] = a.member[i];
        MPI_Group_range_incl(ga, 2, ranges, &result);
        check(result, &in);
        MPI_Group_free(&result);
        MPI_Group_range_excl(ga, 2, ranges, &result);
        check(result, &out);
        MPI_Group_free(&result);
        MPI_Group_free(&ga);
    }
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    struct set five = {5, {9, 3, 4, 40, 2}};
    MPI_Group group = make(&five), result = MPI_GROUP_NULL, stale = group;
    int zero_stride[1][3] = {{0, 4, 0}}, twice[2][3] = {{0, 4, 2}, {4, 4, 1}},
        beyond[1][3] = {{0, 5, 1}}, size;
    assert_int_equal(MPI_Group_incl(group, 2, (int[]){1, 1}, &result), MPI_ERR_RANK);
    assert_int_equal(MPI_Group_incl(group, 1, (int[]){5}, &result), MPI_ERR_RANK);
    assert_int_equal(MPI_Group_excl(group, 1, (int[]){-1}, &result), MPI_ERR_RANK);
    assert_int_equal(MPI_Group_incl(group, -1, NULL, &result), MPI_ERR_ARG);
    assert_int_equal(MPI_Group_range_incl(group, 1, zero_stride, &result), MPI_ERR_ARG);
    assert_int_equal(MPI_Group_range_incl(group, 2, twice, &result), MPI_ERR_RANK);
    assert_int_equal(MPI_Group_range_excl(group, 1, beyond, &result), MPI_ERR_RANK);
    assert_ptr_equal(result, MPI_GROUP_NULL);
    MPI_Group_free(&group);
    assert_ptr_equal(group, MPI_GROUP_NULL);
    assert_int_equal(MPI_Group_size(stale, &size), MPI_ERR_GROUP);
    assert_int_equal(MPI_Group_size(MPI_GROUP_NULL, &size), MPI_ERR_GROUP);
    assert_int_equal(MPI_Group_size(MPI_GROUP_EMPTY, &size), MPI_SUCCESS);
    assert_int_equal(size, 0);
}

// What the program frees is not what the communicator uses.
static void groups_of_communicators_are_the_programs(void **state)
{
    (void)state;
    MPI_Group first, second;
    int relation, rank;
    MPI_Comm_group(MPI_COMM_WORLD, &first);
    second = first;
    assert_int_equal(MPI_Group_free(&first), MPI_SUCCESS);
    assert_int_equal(MPI_Group_free(&second), MPI_ERR_GROUP);
    MPI_Comm_group(MPI_COMM_WORLD, &first);
    MPI_Comm_group(MPI_COMM_SELF, &second);
    MPI_Group_compare(first, second, &relation);
    assert_int_equal(relation, MPI_IDENT); // a world of one
    MPI_Group_rank(first, &rank);
    assert_int_equal(rank, 0);
    MPI_Group_free(&first);
    MPI_Group_free(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_operations),
        cmocka_unit_test(another_order_is_similar),
        cmocka_unit_test(selections),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(groups_of_communicators_are_the_programs),
    };
    MPI_Init(NULL, NULL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    mp_guests_begin(1, 0, WORLD);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
