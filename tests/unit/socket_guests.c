// SPDX-License-Identifier: MIT
// Streams between processes of different worlds (socket_job.h forks two): whoever dies is told of,
// whatever the other one does at that moment.
// Read next: lib/socket/guest_streams.c.
#define _GNU_SOURCE
#include "socket_job.h"

#include "boot/boot.h"
#include "boot/guests.h"
#include "socket/streams.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int deaths;

static void on_death(int peer)
{
    deaths++;
    mp_socket_drop(peer);
}

// Each process is the only one of its world, and knows the other as a guest.
static int meet_other(void)
{
    struct mp_card other = {.job = 100 + (uint64_t)(1 - me)};

    own_boot->rank = 0;
    mp_guests_begin(100 + (uint64_t)me, 0, 1);
    CHECK(mp_socket_open_door(0, on_death) == 0);
    int peer = mp_guest_add(&other);
    CHECK(peer == 1);
    mp_socket_meet(peer);
    meet(false);
    return peer;
}

static void connect_both(int peer)
{
    mp_socket_tie(peer);
    while (mp_streams[peer].state != MP_STREAM_CONNECTED || !mp_streams[peer].greeted)
        channel->poll();
    meet(true);
}

static void tell_death(void)
{
    int before = deaths;
    while (deaths == before)
        channel->poll();
}

// Of two that meet either may be the one that makes the stream, so each dies once.
static _Bool first_dies;

static void die_or_see(int peer)
{
    if ((me == 0) == first_dies)
        _exit(0); // without a farewell
    struct pollfd end = {.fd = mp_streams[peer].fd, .events = POLLIN};
    CHECK(poll(&end, 1, -1) == 1);
}

// It is met again by an agreement on a communicator that began while it lived.
static void rank_met_again(void)
{
    int peer = meet_other();
    connect_both(peer);
    die_or_see(peer);
    mp_socket_meet(peer);
    tell_death();
    _exit(0);
}

// A communicator is made with it after its death was told to those that there were.
static void rank_tied_later(void)
{
    int peer = meet_other();
    connect_both(peer);
    die_or_see(peer);
    tell_death();
    mp_socket_tie(peer);
    tell_death();
    _exit(0);
}

static void rank_never_came(void)
{
    int peer = meet_other();
    if ((me == 0) == first_dies)
        _exit(0);
    mp_socket_tie(peer); // which may come before that death, too
    tell_death();
    _exit(0);
}

static void run_both(void (*rank)(void))
{
    for (int i = 0; i < 2; i++) {
        first_dies = i;
        run(&(struct job){.size = 2, .rank = rank});
    }
}

static void test_death_is_told_though_it_is_met_again(void **state)
{
    (void)state;
    run_both(rank_met_again);
}

static void test_death_is_told_to_those_tied_later(void **state)
{
    (void)state;
    run_both(rank_tied_later);
}

static void test_death_before_the_stream_is_told(void **state)
{
    (void)state;
    run_both(rank_never_came);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_death_is_told_though_it_is_met_again),
        cmocka_unit_test(test_death_is_told_to_those_tied_later),
        cmocka_unit_test(test_death_before_the_stream_is_told),
    };

    alarm(3 * TIME_LIMIT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
