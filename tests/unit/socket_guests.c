// SPDX-License-Identifier: MIT
// Streams between processes of different worlds (socket_job.h forks two): whoever dies is told of,
// whatever the other one does at that moment.
// Read next: lib/socket/guest_streams.c.
#define _GNU_SOURCE
#include "socket_job.h"

#include "boot/boot.h"
#include "boot/guests.h"
#include "socket/door.h"
#include "socket/streams.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int deaths;

static void on_death(int peer)
{
    deaths++;
    mp_socket_drop(peer);
}

// They share no memory.
static _Bool tell_nothing(int peer, _Bool first, struct mp_told *told)
{
    (void)peer, (void)first, (void)told;
    return false;
}

static void settled(int peer, _Bool near)
{
    (void)peer;
    CHECK(!near);
}

static void ended(int peer, _Bool whole)
{
    (void)peer, (void)whole;
}

static const struct mp_guest_calls calls = {
    .died = on_death, .tell = tell_nothing, .settled = settled, .ended = ended};

// Each process is the only one of its world, and knows the other as a guest.
static int meet_other(void)
{
    struct mp_card other = {.job = 100 + (uint64_t)(1 - me)};

    own_boot->rank = 0;
    mp_guests_begin(100 + (uint64_t)me, 0, 1);
    CHECK(mp_socket_open_door(0, &calls) == 0);
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

// One that polls, and then sleeps, as whoever waits does.
static void sleep_once(void)
{
    channel->sleep(channel->arm());
    channel->disarm();
}

static int came; // packets

static void count(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)peer;
    (void)packet;
    (void)payload;
    came++;
}

// What a poll has taken it says, also what it finds when the other one knocks: whoever waits looks
// at what it waits for only then.
static void rank_hears_knock_and_message(void)
{
    int peer = meet_other();
    if (me == 0) { // the card that is before the other's: it makes the stream, and the other knocks
        mp_socket_tie(peer);
        meet(false);
        meet(false);
        while (came == 0)
            CHECK(channel->poll() > 0 || came == 0);
    } else {
        meet(false);
        mp_socket_tie(peer);
        while (mp_streams[peer].state != MP_STREAM_CONNECTED || mp_streams[peer].undecided)
            channel->poll();
        CHECK(channel->reserve(peer, MP_PACKET_EAGER, 0));
        channel->commit(peer, &(struct mp_packet){.kind = MP_PACKET_EAGER});
        meet(false);
    }
    meet(false);
    _exit(0);
}

// A death that is found outside a poll, by one thread, ends the sleep of another one.
static void rank_dead_for_sleepers(void)
{
    int peer = meet_other();
    connect_both(peer);
    die_or_see(peer);
    tell_death();
    mp_socket_tie(peer);
    sleep_once();
    tell_death();
    _exit(0);
}

// Who comes to a door says who it is; that this process is stopped and continued while it listens
// takes nothing away.
static void rank_is_stopped_at_its_door(void)
{
    struct mp_card cards[] = {{.job = 300}, {.job = 301}}, from;
    enum mp_call_at_door call;
    char greeting[1000];

    if (me == 1) { // learns what it will say, from a door of its own with the other's name
        int door = mp_door_open(&cards[0]);
        int to = mp_door_call(&cards[1], &cards[0], MP_DOOR_STREAM);
        int end = mp_door_accept(door);
        ssize_t bytes = recv(end, greeting, sizeof greeting, 0);
        CHECK(to >= 0 && bytes > 8);
        close(door);
        meet(false);
        meet(false);
        char name[64];
        snprintf(name, sizeof name, "mprun-%016llx-%d", 300ULL, 0);
        to = mp_door_connect(name);
        CHECK(to >= 0 && send(to, greeting, 4, 0) == 4);
        while (shared->flag == 0)
            usleep(100);
        usleep(20000); // it is in recv, most probably
        kill(shared->flag, SIGSTOP);
        usleep(20000);
        kill(shared->flag, SIGCONT);
        usleep(20000);
        CHECK(send(to, greeting + 4, (size_t)bytes - 4, 0) == bytes - 4);
        meet(false);
    } else {
        meet(false);
        int door = mp_door_open(&cards[0]), fd = -1;
        CHECK(door >= 0);
        meet(false);
        struct pollfd caller = {.fd = door, .events = POLLIN};
        poll(&caller, 1, -1);
        shared->flag = getpid();
        fd = mp_door_answer(door, &cards[0], &from, &call);
        CHECK(fd >= 0 && mp_card_is(&from, &cards[1]) && call == MP_DOOR_STREAM);
        meet(false);
    }
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

static void test_poll_tells_what_came_before_a_knock(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_hears_knock_and_message, .deliver = count});
}

static void test_death_found_outside_a_poll_wakes(void **state)
{
    (void)state;
    run_both(rank_dead_for_sleepers);
}

static void test_stop_at_the_door_loses_nobody(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_is_stopped_at_its_door});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_death_is_told_though_it_is_met_again),
        cmocka_unit_test(test_death_is_told_to_those_tied_later),
        cmocka_unit_test(test_death_before_the_stream_is_told),
        cmocka_unit_test(test_poll_tells_what_came_before_a_knock),
        cmocka_unit_test(test_death_found_outside_a_poll_wakes),
        cmocka_unit_test(test_stop_at_the_door_loses_nobody),
    };

    alarm(6 * TIME_LIMIT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
