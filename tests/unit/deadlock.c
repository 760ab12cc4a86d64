// SPDX-License-Identifier: MIT
// The solver of deadlocks (launcher/deadlock.h): snapshots by hand, and thousands of random ones,
// held against an oracle that tries every set of ranks: a set may be dead if none of its members
// could go on while all others might do whatever they like, and the union of all of those is.
#include "launcher/deadlock.h"

#include "base/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANKS = 6 };

static enum presence presence[RANKS];
static int nwaits[RANKS];
static struct mp_wait_record memory[RANKS * MP_WAIT_THREADS];
static struct mp_wait_record *records[RANKS * MP_WAIT_THREADS];
static struct snapshot snapshot = {.presence = presence, .nwaits = nwaits, .records = records};

static void clear(int nranks)
{
    memset(memory, 0, sizeof memory);
    snapshot.nranks = nranks;
    for (int i = 0; i < nranks; i++) {
        presence[i] = PRESENCE_ASLEEP;
        nwaits[i] = 1;
        for (int k = 0; k < MP_WAIT_THREADS; k++) {
            records[i * MP_WAIT_THREADS + k] = &memory[i * MP_WAIT_THREADS + k];
        }
    }
}

static struct mp_wait_item *item(int rank, enum mp_wait_kind kind, int first, int last, bool all)
{
    struct mp_wait_record *record = &memory[rank * MP_WAIT_THREADS];
    struct mp_wait_item *new = &record->items[record->nitems++];

    new->kind = (uint8_t)kind;
    new->met = MP_MET_BY_RANKS;
    new->all = all;
    new->nruns = 1;
    new->runs[0].first = first;
    new->runs[0].last = last;
    return new;
}

static void expect(const char *marks)
{
    bool dead[RANKS];
    int expected = 0;

    for (int i = 0; marks[i]; i++) {
        expected += marks[i] == 'x';
    }
    assert_int_equal(deadlock_solve(&snapshot, dead), expected);
    for (int i = 0; marks[i]; i++) {
        assert_int_equal(dead[i], marks[i] == 'x');
    }
}

static void test_cycles(void **state)
{
    (void)state;
    clear(3);
    for (int i = 0; i < 3; i++) {
        item(i, MP_WAIT_RECV, (i + 1) % 3, (i + 1) % 3, true);
    }
    expect("xxx");
    presence[1] = PRESENCE_LIVE;
    expect("...");
    presence[1] = PRESENCE_GONE;
    expect("x.x");
}

static void test_wildcards(void **state)
{
    (void)state;
    clear(4); // 0 and 1 wait for each other, 2 for anybody, 3 computes
    item(0, MP_WAIT_RECV, 1, 1, true);
    item(1, MP_WAIT_RECV, 0, 0, true);
    item(2, MP_WAIT_RECV, 0, 3, false);
    presence[3] = PRESENCE_LIVE;
    expect("xx..");
    memory[0].any = 1; // or for 2
    item(0, MP_WAIT_RECV, 2, 2, true);
    expect("....");
}

static void test_all_of_a_run_are_needed(void **state)
{
    (void)state;
    clear(3); // 0 waits for 1 and 2 to come to a barrier; 1 waits for 0
    item(0, MP_WAIT_COLLECTIVE, 1, 2, true)->inside = 1;
    item(1, MP_WAIT_RECV, 0, 0, true);
    presence[2] = PRESENCE_LIVE;
    expect("xx.");
    memory[1 * MP_WAIT_THREADS].busy = 1; // 1 may have begun its part before
    expect("...");
    item(2, MP_WAIT_RECV, 0, 0, true);
    presence[2] = PRESENCE_ASLEEP;
    expect("xxx");
}

static void test_what_is_not_known_is_live(void **state)
{
    (void)state;
    clear(2);
    item(0, MP_WAIT_OTHER, 0, 0, true)->met = MP_MET_BY_ANYBODY;
    item(1, MP_WAIT_RECV, 0, 0, true);
    expect("xx");
    memory[0].items[0].met = MP_MET_OUTSIDE;
    expect("..");
    memory[0].nitems = 0;
    expect("..");
}

static void test_who_polls_counts_as_gone(void **state)
{
    (void)state;
    clear(3);
    item(0, MP_WAIT_RECV, 1, 1, true);
    item(1, MP_WAIT_COLLECTIVE, 2, 2, true);
    presence[2] = PRESENCE_POLLS;
    expect("xx.");
    memory[1 * MP_WAIT_THREADS].items[0].met = MP_MET_OUTSIDE;
    expect("...");
}

static void test_communicators_are_told_apart(void **state)
{
    bool dead[RANKS];
    char text[4000];

    (void)state;
    clear(2);
    for (int i = 0; i < 2; i++) {
        struct mp_wait_item *it = item(i, MP_WAIT_COLLECTIVE, 1 - i, 1 - i, true);
        it->context = 10 + 2 * (uint32_t)i;
        strcpy(it->name, "row");
        memory[i * MP_WAIT_THREADS].call = MP_CALL_Barrier;
    }
    assert_int_equal(deadlock_solve(&snapshot, dead), 2);
    deadlock_tell(&snapshot, dead, 0, text, sizeof text);
    assert_non_null(
        strstr(text, "rank 0 waits in MPI_Barrier for rank 1 to call it (row, communicator 5)"));
    assert_non_null(strstr(text, "rank 0 is in MPI_Barrier on row, communicator 5; rank 1 is in"));
    memory[MP_WAIT_THREADS].items[0].context = 10;
    deadlock_tell(&snapshot, dead, 0, text, sizeof text);
    assert_non_null(
        strstr(text, "rank 0 waits in MPI_Barrier for rank 1, which waits in it, too (row), for"));
}

static void test_order_begins_with_the_cycle(void **state)
{
    bool dead[RANKS];
    int order[RANKS], closed;
    char text[4000];

    (void)state;
    clear(4); // 0 waits for 3, which waits for 1, which waits for 3; 2 for 0
    item(0, MP_WAIT_RECV, 3, 3, true);
    item(1, MP_WAIT_RECV, 3, 3, true);
    item(2, MP_WAIT_RECV, 0, 0, true);
    item(3, MP_WAIT_SEND, 1, 1, true)->tag = 5;
    assert_int_equal(deadlock_solve(&snapshot, dead), 4);
    assert_int_equal(deadlock_order(&snapshot, dead, order, &closed), 4);
    assert_int_equal(closed, 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 0);
    assert_int_equal(order[3], 2);
    size_t length = deadlock_tell(&snapshot, dead, 0, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "mprun: deadlock: 4 of 4 ranks"));
    assert_non_null(strstr(text, "rank 3 sends to rank 1 with tag 5, which asks for tag 0"));
    for (size_t room = 1; room < length; room += 7) {
        assert_true(deadlock_tell(&snapshot, dead, 0, text, room) < room);
    }
}

// ---- The oracle

static bool able(unsigned dead, int rank, bool inside)
{
    bool live = false;

    if (presence[rank] == PRESENCE_GONE) {
        return false;
    }
    for (int i = 0; i < snapshot.nranks; i++) {
        live = live || (presence[i] != PRESENCE_GONE && !(dead >> i & 1));
    }
    if (!(dead >> rank & 1)) {
        return true;
    }
    bool busy = false;
    for (int k = 0; k < nwaits[rank]; k++) {
        busy = busy || memory[rank * MP_WAIT_THREADS + k].busy;
    }
    return inside && busy && live;
}

static bool could_be_met(unsigned dead, const struct mp_wait_item *it)
{
    bool some = false, all = true;

    if (it->met == MP_MET_OUTSIDE) {
        return true;
    }
    for (int i = 0; it->met == MP_MET_BY_ANYBODY && i < snapshot.nranks; i++) {
        some = some || (presence[i] != PRESENCE_GONE && !(dead >> i & 1));
    }
    if (it->met == MP_MET_BY_ANYBODY) {
        return some;
    }
    for (int run = 0; run < it->nruns; run++) {
        for (int r = it->runs[run].first; r <= it->runs[run].last; r++) {
            some = some || able(dead, r, it->inside);
            all = all && able(dead, r, it->inside);
        }
    }
    return it->all ? all : some;
}

static bool may_be_dead(unsigned dead)
{
    for (int i = 0; i < snapshot.nranks; i++) {
        if (!(dead >> i & 1)) {
            continue;
        }
        if (presence[i] != PRESENCE_ASLEEP) {
            return false;
        }
        for (int k = 0; k < nwaits[i]; k++) {
            const struct mp_wait_record *r = &memory[i * MP_WAIT_THREADS + k];
            bool some = false, all = true;
            for (int j = 0; j < r->nitems; j++) {
                some = some || could_be_met(dead, &r->items[j]);
                all = all && could_be_met(dead, &r->items[j]);
            }
            if (r->any ? some : all) {
                return false;
            }
        }
    }
    return true;
}

static int below(int n)
{
    return (int)((unsigned)rand() % (unsigned)n);
}

static void random_item(struct mp_wait_item *it, int nranks)
{
    int what = below(12);
    it->met = what == 0 ? MP_MET_OUTSIDE : what == 1 ? MP_MET_BY_ANYBODY : MP_MET_BY_RANKS;
    it->all = below(3) > 0;
    it->inside = below(2) > 0;
    it->nruns = (uint8_t)(1 + below(2));
    for (int run = 0; run < it->nruns; run++) {
        it->runs[run].first = below(nranks);
        it->runs[run].last = it->runs[run].first + below(nranks - it->runs[run].first);
    }
}

static void test_random_snapshots(void **state)
{
    int with_dead = 0, with_live = 0;

    (void)state;
    srand(1);
    for (int round = 0; round < 30000; round++) {
        bool dead[RANKS];
        unsigned expected = 0;
        int n = 1 + below(RANKS);

        clear(n);
        for (int i = 0; i < n; i++) {
            int what = below(8);
            presence[i] = what == 0 ? PRESENCE_LIVE : what == 1 ? PRESENCE_GONE : PRESENCE_ASLEEP;
            nwaits[i] = below(4) ? 1 : 2;
            for (int k = 0; k < nwaits[i]; k++) {
                struct mp_wait_record *r = &memory[i * MP_WAIT_THREADS + k];
                r->any = below(4) == 0;
                r->busy = below(4) == 0;
                r->nitems = (uint8_t)(1 + below(3));
                for (int j = 0; j < r->nitems; j++) {
                    random_item(&r->items[j], n);
                }
            }
        }
        for (unsigned set = 1; set < 1U << n; set++) {
            expected |= may_be_dead(set) ? set : 0;
        }
        deadlock_solve(&snapshot, dead);
        for (int i = 0; i < n; i++) {
            assert_int_equal(dead[i], expected >> i & 1);
        }
        with_dead += expected != 0;
        with_live += expected != (1U << n) - 1;
    }
    assert_true(with_dead > 1000 && with_live > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_all_of_a_run_are_needed),
        cmocka_unit_test(test_what_is_not_known_is_live),
        cmocka_unit_test(test_who_polls_counts_as_gone),
        cmocka_unit_test(test_communicators_are_told_apart),
        cmocka_unit_test(test_order_begins_with_the_cycle),
        cmocka_unit_test(test_random_snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
