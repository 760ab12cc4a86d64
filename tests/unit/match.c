// SPDX-License-Identifier: MIT
// Matching against a plain array: receives are posted, taken back and met by messages in random
// order, from a few sources and with few or many tags, wildcards among them; each message must meet
// just the receive, and each receive the message, that comes first by the rules (MPI 5.0, 3.5),
// with few of them waiting and with thousands.
#include "message/match.h"

#include "base/bits.h"
#include "mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 3000, SOURCES = 3, CONTEXT = 20 };

static uint64_t seed = 88172645463325252ull;

static int random_below(int limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)((seed >> 33) % (uint64_t)limit);
}

// What waits, in order: receives in one model, messages in the other.
struct waiting {
    int source, tag;
    void *object;
};
static struct waiting receives[MOST], messages[MOST];
static int receive_count, message_count;

static int first(const struct waiting *list, int count, int source, int tag)
{
    for (int i = 0; i < count; i++) {
        if ((list[i].source == source || list[i].source == MPI_ANY_SOURCE ||
             source == MPI_ANY_SOURCE) &&
            mp_tag_matches(list[i].tag, tag)) {
            return i;
        }
    }
    return -1;
}

static void drop(struct waiting *list, int *count, int at)
{
    memmove(list + at, list + at + 1, (size_t)(--*count - at) * sizeof *list);
}

// A receive: it meets the message that the model says, or is posted.
static void receive(struct mp_match *match, int source, int tag)
{
    int at = first(messages, message_count, source, tag);
    struct mp_unexpected *found = mp_match_find(match, source, tag);
    assert_ptr_equal(found, at < 0 ? NULL : messages[at].object);
    if (found) {
        mp_match_take(found);
        mp_unexpected_free(found);
        drop(messages, &message_count, at);
        return;
    }
    struct mp_request *request = calloc(1, sizeof *request);
    assert_non_null(request);
    request->peer = source;
    request->entry.tag = tag;
    assert_int_equal(mp_match_post(match, request), 0);
    receives[receive_count++] = (struct waiting){source, tag, request};
}

static void arrive(struct mp_match *match, int source, int tag)
{
    int at = first(receives, receive_count, source, tag);
    struct mp_request *met = mp_match_arrival(match, source, tag);
    assert_ptr_equal(met, at < 0 ? NULL : receives[at].object);
    if (met) {
        free(met);
        drop(receives, &receive_count, at);
        return;
    }
    struct mp_packet packet = {
        .kind = MP_PACKET_EAGER, .context = CONTEXT, .source = source, .tag = tag};
    assert_int_equal(mp_match_keep(match, source, &packet, NULL), 0);
    messages[message_count++] = (struct waiting){
        source, tag, mp_container_of(match->arrived.prev, struct mp_unexpected, arrived)};
}

static void cancel(struct mp_match *match)
{
    int at = random_below(receive_count);
    mp_match_unpost(match, receives[at].object);
    free(receives[at].object);
    drop(receives, &receive_count, at);
}

// Steps of which so many in a hundred are receives; wildcards one in so many.
static void mix(struct mp_match *match, int steps, int percent, int tags, int wild)
{
    for (int i = 0; i < steps; i++) {
        int source = random_below(SOURCES), tag = random_below(tags);
        if (receive_count == MOST || message_count == MOST) {
            break;
        }
        if (random_below(100) >= percent) {
            arrive(match, source, tag);
        } else if (receive_count && random_below(20) == 0) {
            cancel(match);
        } else {
            receive(match, random_below(wild) ? source : MPI_ANY_SOURCE,
                    random_below(wild) ? tag : MPI_ANY_TAG);
        }
    }
}

static void first_comes_first(void **state)
{
    struct mp_match *match = mp_match_get(CONTEXT);
    (void)state;
    assert_non_null(match);
    for (int round = 0; round < 60; round++) {
        int tags = round % 3 == 0 ? 4 : round % 3 == 1 ? 100 : 100000;
        int wild = round % 2 ? 10 : 1000000;
        mix(match, round % 10 == 9 ? 2500 : 200, 80, tags, wild); // many receives wait
        mix(match, round % 10 == 9 ? 6000 : 600, 20, tags, wild); // many messages do
        while (receive_count > 0) {
            cancel(match);
        }
        if (round % 2) {
            mix(match, 300, 95, tags, 3); // wild ones take most of the messages
        }
    }
    while (receive_count > 0) {
        cancel(match);
    }
    assert_int_equal(match->waiting, 0);
    mp_match_drop(CONTEXT);
}

static void keep(uint32_t context, int peer, int tag)
{
    struct mp_packet packet = {
        .kind = MP_PACKET_EAGER, .context = context, .source = peer, .tag = tag};
    assert_int_equal(mp_match_keep(mp_match_get(context), peer, &packet, NULL), 0);
}

// Of what is kept, the nearest to a receive from 1 with tag 5 in context 30.
static void expect_near(enum mp_kept expected, uint32_t context, int peer, int tag)
{
    enum mp_kept how;
    const struct mp_unexpected *near = mp_match_near(mp_match_get(30), 1, 5, &how);
    assert_int_equal(how, expected);
    assert_int_equal(near != NULL, how != MP_KEPT_NONE);
    if (near) {
        assert_int_equal(near->packet.context, context);
        assert_int_equal(near->peer, peer);
        assert_int_equal(near->packet.tag, tag);
    }
}

static void the_nearest_is_told(void **state)
{
    (void)state;
    expect_near(MP_KEPT_NONE, 0, 0, 0);
    keep(31, 1, 5); // of collectives: never looked at
    keep(2 * MP_CONTEXT_BOOT, 1, 5);
    keep(40, 1, 6);
    expect_near(MP_KEPT_NONE, 0, 0, 0);
    keep(30, 2, 6);
    expect_near(MP_KEPT_OTHER, 30, 2, 6);
    keep(40, 1, 5);
    expect_near(MP_KEPT_OTHER_CONTEXT, 40, 1, 5);
    keep(30, 0, 5);
    expect_near(MP_KEPT_OTHER_SOURCE, 30, 0, 5);
    keep(30, 1, 7);
    expect_near(MP_KEPT_OTHER_TAG, 30, 1, 7);
    mp_match_drop(30);
    mp_match_drop(31);
    mp_match_drop(40);
    mp_match_drop(2 * MP_CONTEXT_BOOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_comes_first),
                                       cmocka_unit_test(the_nearest_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
