// SPDX-License-Identifier: MIT
// The Unix-socket channel against a model (socket_job.h): packets of every size arrive, in order,
// however full the sockets are, and whoever sleeps is woken.
// Read next: socket_ends.c, lib/socket/socket.c, lib/base/channel.h (the contract tested here).
#define _GNU_SOURCE
#include "socket_job.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

// All sizes to 300, and all around every power of two, to the largest.
static size_t every_size(uint64_t seed, uint64_t number)
{
    (void)seed;
    if (number < 300)
        return number;
    number -= 300;
    size_t size = ((size_t)512 << number / 32) - 16 + number % 32;
    return size > 65536 ? 65536 : size;
}

static void rank_one_way(void)
{
    while (me == 0 && sent[1] < 300 + 8 * 32) {
        if (!send_next(1))
            channel->poll();
    }
    while (me == 1 && received[0] < 300 + 8 * 32)
        channel->poll();
}

static void test_every_size_arrives_in_order(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_one_way, .model = every_size});
}

// The fields of a packet without payload say what they like: CANCELLED carries a length of 1.
static void deliver_bare(int peer, const struct mp_packet *packet, const void *payload)
{
    (void)payload;
    CHECK(peer == 0 && packet->sequence == received[0] && packet->length == 1);
    received[0]++;
}

static void rank_bare(void)
{
    struct mp_packet packet = {.kind = MP_PACKET_CANCELLED, .length = 1};

    for (int i = 0; me == 0 && i < 3; i++) {
        CHECK(channel->reserve(1, MP_PACKET_CANCELLED, 0));
        CHECK(channel->commit(1, &packet) == (uint64_t)i);
    }
    while (me == 1 && received[0] < 3)
        channel->poll();
}

static void test_length_without_payload(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_bare, .deliver = deliver_bare});
}

// The reader does not read until the sender has met the limit; then everything arrives.
static void rank_slow_reader(void)
{
    enum { COUNT = 1500 };

    if (me == 0) {
        while (sent[1] < COUNT && send_next(1)) // not even connected yet
            ;
        CHECK(sent[1] < COUNT);
        uint64_t first = sent[1];
        // Connected, the socket takes some more; but at some point nothing moves any longer.
        for (int quiet = 0; quiet < 200;) {
            quiet = channel->poll() || send_next(1) ? 0 : quiet + 1;
            usleep(quiet ? 100 : 0);
        }
        CHECK(sent[1] > first && sent[1] < COUNT);
        meet(false);
        while (sent[1] < COUNT) {
            if (!send_next(1))
                channel->poll();
        }
    } else {
        meet(false);
        while (received[0] < COUNT) {
            channel->poll();
            if (received[0] % 64 == 0)
                usleep(50);
        }
    }
}

static void test_full_socket_holds_the_sender(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_slow_reader});
}

static void rank_flood(void)
{
    exchange(world == 2 ? 4000 : 800);
}

static void test_both_directions_flood(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_flood});
}

static void test_all_pairs_flood(void **state)
{
    (void)state;
    run(&(struct job){.size = 4, .rank = rank_flood});
}

// The launcher answers only when both have asked, and then twice: one pair serves, the other one is
// closed, and what was queued before the answer arrives once and in order.
static int open_descriptors(void)
{
    int open = 0;
    for (int fd = 0; fd < 256; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

static void rank_crossing(void)
{
    int before = open_descriptors();

    while (send_next(1 - me))
        ;
    CHECK(sent[1 - me] > 2);
    exchange(500);
    meet(true);
    CHECK(open_descriptors() == before + 1);
    meet(false);
}

static void test_crossing_requests_make_one_connection(void **state)
{
    (void)state;
    run(&(struct job){
        .size = 2, .rank = rank_crossing, .await_crossing = true, .send_twice = true});
}

// Every packet is answered from within deliver, to the sender and to the next rank; what finds no
// room there is sent later, as the engine does it.
static uint64_t owed[RANKS_MAX];

static void deliver_and_answer(int peer, const struct mp_packet *packet, const void *payload)
{
    enum { CHAIN = 3000 };

    check_packet(peer, packet, payload);
    int other = (me + 1) % world;
    if (received[peer] < CHAIN)
        owed[peer]++;
    if (other != peer && received[peer] % 16 == 0)
        owed[other]++;
    while (owed[peer] && send_next(peer))
        owed[peer]--;
    while (owed[other] && send_next(other))
        owed[other]--;
    // The payload must have survived what was sent meanwhile.
    received[peer]--;
    check_packet(peer, packet, payload);
}

static void rank_answers(void)
{
    for (int peer = 0; peer < world; peer++)
        owed[peer] = peer != me;
    for (int quiet = 0; quiet < 100;) {
        int done = channel->poll();
        for (int peer = 0; peer < world; peer++) {
            for (; owed[peer] && send_next(peer); owed[peer]--)
                done++;
        }
        quiet = done ? 0 : quiet + 1;
        if (!done)
            usleep(1000);
    }
    for (int peer = 0; peer < world; peer++)
        CHECK(peer == me || (owed[peer] == 0 && received[peer] >= 3000));
}

static void test_answers_from_within_deliver(void **state)
{
    (void)state;
    run(&(struct job){.size = 3, .rank = rank_answers, .deliver = deliver_and_answer});
}

// Sleeping: each packet wakes, nothing else does. The sender sleeps between packets, so a receiver
// that did not sleep would poll many thousand times.
static void rank_sleeper(void)
{
    enum { COUNT = 20 };
    int naps = 0;

    if (me == 1) {
        for (int i = 0; i < COUNT; i++) {
            usleep(5000);
            CHECK(send_next(0));
            while (shared->flag <= i) {
                channel->poll();
                usleep(200);
            }
        }
        return;
    }
    for (; received[1] < COUNT; naps++) {
        uint32_t armed = channel->arm();
        if (!channel->poll())
            channel->sleep(armed);
        channel->disarm();
        shared->flag = (int)received[1];
    }
    CHECK(naps < COUNT * 10);
}

static void test_sleep_ends_when_a_packet_comes(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_sleeper});
}

// A sender whose output is stuck may sleep too: it wakes when there is room.
static void rank_stuck_sleeper(void)
{
    enum { COUNT = 600 };

    if (me == 1) {
        while (received[0] < COUNT) {
            channel->poll();
            if (received[0] % 50 == 0)
                usleep(1000);
        }
        return;
    }
    while (sent[1] < COUNT) {
        if (!send_next(1) && !channel->poll())
            channel->sleep(channel->arm());
    }
}

static void test_sleep_ends_when_there_is_room(void **state)
{
    (void)state;
    run(&(struct job){.size = 2, .rank = rank_stuck_sleeper});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_arrives_in_order),
        cmocka_unit_test(test_length_without_payload),
        cmocka_unit_test(test_full_socket_holds_the_sender),
        cmocka_unit_test(test_both_directions_flood),
        cmocka_unit_test(test_all_pairs_flood),
        cmocka_unit_test(test_crossing_requests_make_one_connection),
        cmocka_unit_test(test_answers_from_within_deliver),
        cmocka_unit_test(test_sleep_ends_when_a_packet_comes),
        cmocka_unit_test(test_sleep_ends_when_there_is_room),
    };

    alarm(3 * TIME_LIMIT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
