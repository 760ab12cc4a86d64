// SPDX-License-Identifier: MIT
// The ring between two ranks, without ranks: packets of every length come out as they went in, in
// order, in one thread and between two, and nothing that the writer does ahead of time touches what
// the reader has yet to read. Run it under the thread sanitizer too. A number as argument makes it
// that many times longer.
#include "shm/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CELLS = 32, BULK = 16 << 10, LONGEST = BULK / 4, CONTEXT = 77 };

static long packets = 20000;
static const struct mp_ring_shape shape = {CELLS, BULK};
static struct mp_ring_writer writer;
static struct mp_ring_reader reader;

static int make_ring(void **state)
{
    size_t bytes = sizeof(struct mp_ring) + CELLS * sizeof(struct mp_cell) + BULK;
    struct mp_ring *ring = aligned_alloc(MP_APART, mp_round_up(bytes, MP_APART));
    if (!ring) {
        return -1;
    }
    memset(ring, 0, bytes);
    writer = (struct mp_ring_writer){.ring = ring, .bulk = (char *)(ring->cells + CELLS)};
    reader = (struct mp_ring_reader){.ring = ring, .bulk = writer.bulk};
    *state = ring;
    return 0;
}

static int free_ring(void **state)
{
    free(*state);
    return 0;
}

// Every packet is a function of its number.
static uint32_t scramble(uint32_t number)
{
    number ^= number << 13;
    number ^= number >> 17;
    return number * 2654435761u;
}

static uint32_t length_of(uint32_t number)
{
    uint32_t dice = scramble(number + 1);
    return dice % 3 == 0 ? dice % 49 : dice % 3 == 1 ? dice % 600 : dice % (LONGEST + 1);
}

static unsigned char byte_of(uint32_t number, uint32_t at)
{
    return (unsigned char)(scramble(number) + at * 7);
}

static enum mp_packet_kind kind_of(uint32_t number)
{
    return number % 7 == 0 ? MP_PACKET_DATA : MP_PACKET_EAGER;
}

// As message/message.c does it. False: no room.
static bool write_packet(uint32_t number)
{
    enum mp_packet_kind kind = kind_of(number);
    uint32_t length = length_of(number);
    unsigned char *room = mp_ring_reserve(&writer, &shape, kind, length);
    if (!room) {
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        room[i] = byte_of(number, i);
    }
    struct mp_packet packet = {.kind = kind,
                               .context = CONTEXT,
                               .source = 5,
                               .tag = (int32_t)number,
                               .length = length,
                               .target = number};
    mp_ring_commit(&writer, &shape, &packet);
    if (!mp_ring_is_inline(kind, length)) {
        mp_ring_claim(&writer, &shape, length_of(number + 3)); // right or wrong
    }
    return true;
}

// 1 read, 0 none there, -1 not what was written.
static int read_packet(uint32_t number)
{
    uint64_t word;
    const struct mp_cell *cell = mp_ring_peek(&reader, &shape, &word);
    if (!cell) {
        return 0;
    }
    enum mp_packet_kind kind = mp_ring_word_kind(word);
    bool good = kind == kind_of(number) && mp_ring_word_context(word) == CONTEXT &&
                mp_ring_word_tag(word) == (int32_t)number && cell->source == 5 &&
                cell->length == length_of(number) &&
                (kind == MP_PACKET_EAGER || cell->extra[MP_EXTRA_TARGET] == number);
    const unsigned char *payload = mp_ring_payload(&reader, &shape, cell, kind);
    for (uint32_t i = 0; good && i < cell->length; i++) {
        good = payload[i] == byte_of(number, i);
    }
    mp_ring_consume(&reader, &shape, cell, kind);
    return good ? 1 : -1;
}

// Written until there is no room, then all or some of it read.
static void what_goes_in_comes_out(void **state)
{
    uint32_t written = 0, read = 0;
    (void)state;
    while (read < packets) {
        while (write_packet(written)) {
            written++;
        }
        assert_true(written > read);
        uint32_t some = 1 + scramble(written) % (written - read);
        for (uint32_t i = 0; i < some; i++, read++) {
            assert_int_equal(read_packet(read), 1);
        }
    }
    while (read < written) {
        assert_int_equal(read_packet(read++), 1);
    }
    assert_int_equal(read_packet(read), 0);
}

// Once everything was read, the longest packet has room, whatever was skipped before.
static void an_empty_ring_has_room(void **state)
{
    uint32_t number = 0;
    (void)state;
    for (int i = 0; i < packets / 4; i++, number++) {
        assert_true(write_packet(number));
        assert_int_equal(read_packet(number), 1);
        assert_non_null(mp_ring_reserve(&writer, &shape, MP_PACKET_EAGER, LONGEST));
    }
}

static void *write_all(void *argument)
{
    for (uint32_t number = 0; number < packets;) {
        if (write_packet(number)) {
            number++;
        } else {
            sched_yield();
        }
    }
    return argument;
}

static void two_threads_agree(void **state)
{
    pthread_t thread;
    int got = 1;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, write_all, NULL), 0);
    // Read to the end, good or bad, or the writer would wait for ever.
    for (uint32_t number = 0; number < packets;) {
        int one = read_packet(number);
        got = one < 0 ? one : got;
        number += one != 0;
        if (one == 0) {
            sched_yield();
        }
    }
    pthread_join(thread, NULL);
    assert_int_equal(got, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_goes_in_comes_out, make_ring, free_ring),
        cmocka_unit_test_setup_teardown(an_empty_ring_has_room, make_ring, free_ring),
        cmocka_unit_test_setup_teardown(two_threads_agree, make_ring, free_ring),
    };
    if (argc > 1) {
        packets *= atol(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
