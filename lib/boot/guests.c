// SPDX-License-Identifier: MIT
// The numbers of guests: see guests.h. There are few, so they are searched from the beginning, and
// the lowest that is free is given out: so the tables that go by them stay short.
#include "boot/guests.h"

#include <stdlib.h>

struct guest {
    struct mp_card card;
    int refs;
    bool used;
};

int mp_peers_first_guest = 1, mp_peers_end = 1;

static uint64_t own_job;
static int own_rank;
static struct guest *guests; // MP_GUESTS_MAX; NULL: there were none yet

void mp_guests_begin(uint64_t job, int rank, int size)
{
    own_job = job;
    own_rank = rank;
    mp_peers_first_guest = mp_peers_end = size;
}

static struct guest *guest_of(int peer)
{
    return &guests[peer - mp_peers_first_guest];
}

struct mp_card mp_card_of(int peer)
{
    return mp_is_guest(peer) ? guest_of(peer)->card
                             : (struct mp_card){.job = own_job, .rank = peer};
}

bool mp_card_is(const struct mp_card *a, const struct mp_card *b)
{
    return a->job == b->job && a->rank == b->rank;
}

bool mp_card_before(const struct mp_card *a, const struct mp_card *b)
{
    return a->job != b->job ? a->job < b->job : a->rank < b->rank;
}

bool mp_peer_before(int a, int b)
{
    struct mp_card one = mp_card_of(a), other = mp_card_of(b);
    return mp_card_before(&one, &other);
}

int mp_guest_find(const struct mp_card *card)
{
    if (card->job == own_job) {
        return card->rank >= 0 && card->rank < mp_peers_first_guest ? card->rank : -1;
    }
    for (int peer = mp_peers_first_guest; peer < mp_peers_end; peer++) {
        if (guest_of(peer)->used && mp_card_is(&guest_of(peer)->card, card)) {
            return peer;
        }
    }
    return -1;
}

int mp_guest_add(const struct mp_card *card)
{
    int peer = mp_peers_first_guest;

    if (!guests) {
        guests = calloc(MP_GUESTS_MAX, sizeof *guests);
    }
    while (guests && peer < mp_peers_end && guest_of(peer)->used) {
        peer++;
    }
    if (!guests || peer == mp_peers_first_guest + MP_GUESTS_MAX) {
        return -1;
    }
    *guest_of(peer) = (struct guest){.card = *card, .used = true};
    mp_peers_end = peer < mp_peers_end ? mp_peers_end : peer + 1;
    return peer;
}

void mp_guest_hold(int peer)
{
    guest_of(peer)->refs++;
}

void mp_guest_release(int peer)
{
    guest_of(peer)->refs--;
}

bool mp_guest_is_held(int peer)
{
    return guest_of(peer)->refs > 0;
}

bool mp_guest_exists(int peer)
{
    return guest_of(peer)->used;
}

void mp_guest_forget(int peer)
{
    guest_of(peer)->used = false;
    while (mp_peers_end > mp_peers_first_guest && !guest_of(mp_peers_end - 1)->used) {
        mp_peers_end--;
    }
}
