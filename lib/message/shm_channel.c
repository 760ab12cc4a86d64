// SPDX-License-Identifier: MIT
// The shared-memory channel as messages see it: polls the rings of shm/ring.h and answers
// doorbells. Long payloads do not cross it where ranks reach each other's memory:
// message/rendezvous.c. Read next: process/peers.c (the rings, and sleeping).
#include "boot/guests.h"
#include "message/deliver.h"
#include "message/message_short.h"
#include "message/opening.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "process/remote.h"

#include <stdlib.h>
#include <string.h>

// How many packets of one peer are taken before the next peer gets its turn. A long one counts as
// one for each so many bytes. So who asks beside a flood of 16 KB is behind one of them and not a
// ring of fifteen (its round trip: 9 us, not 19), and what the receive at hand does not take stays
// in the ring instead of being kept.
enum { BURST = 32, BYTES_PER_PACKET = 512 };

static int *active; // the peers whose rings are polled, in the order in which they first wrote
static int active_count;

// This rank's doorbell, and its words.
static _Atomic uint64_t *doorbell;
static int doorbell_words;

static void activate(int peer)
{
    // Only this rank writes its own `active` words: a writer that still reads 0 rings the doorbell
    // once more, and that is harmless. Release: one that reads 1 sees `fence` as this rank has set
    // it (mp_shm_arm).
    mp_shm_open_in(peer);
    struct mp_ring *ring = mp_shm_peers[peer].in.ring;
    if (!atomic_load_explicit(&ring->active, memory_order_relaxed)) {
        atomic_store_explicit(&ring->active, 1, memory_order_release);
        active[active_count++] = peer;
    }
}

void mp_shm_poll_guest(int guest)
{
    static bool has_room; // for guests

    if (!has_room) {
        int *table = mp_peer_table(sizeof *table);
        if (!table) {
            mp_process_abort(MPI_ERR_NO_MEM, "no memory for the state of peers of other worlds");
        }
        memcpy(table, active, (size_t)active_count * sizeof *table);
        free(active);
        active = table;
        has_room = true;
    }
    active[active_count++] = guest;
}

MP_ALWAYS_INLINE void answer_doorbell(void)
{
    for (int w = 0; w < doorbell_words; w++) {
        if (likely(!atomic_load_explicit(&doorbell[w], memory_order_relaxed))) {
            continue;
        }
        uint64_t bits = atomic_exchange_explicit(&doorbell[w], 0, memory_order_acquire);
        while (bits) {
            activate(mp_process.first + w * 64 + __builtin_ctzll(bits));
            bits &= bits - 1;
        }
    }
}

static void take(int peer, struct mp_shm_peer *from, const struct mp_cell *cell, uint64_t word)
{
    struct mp_packet packet = {.kind = mp_ring_word_kind(word),
                               .context = mp_ring_word_context(word),
                               .source = cell->source,
                               .tag = mp_ring_word_tag(word),
                               .length = cell->length,
                               .sequence = from->in.tail};
    if (packet.kind != MP_PACKET_EAGER) {
        packet.origin = cell->extra[MP_EXTRA_ORIGIN];
        packet.target = cell->extra[MP_EXTRA_TARGET];
        packet.total = cell->extra[MP_EXTRA_TOTAL];
        packet.address = cell->extra[MP_EXTRA_ADDRESS];
    }
    mp_deliver(peer, &packet, mp_ring_payload(&from->in, &mp_shm_shape, cell, packet.kind));
}

// Takes short messages that meet their receives, as long as they come, at most so many: the loop
// in which a stream of messages is received.
MP_ALWAYS_INLINE int take_shorts(struct mp_shm_peer *from, int most)
{
    const struct mp_ring_shape shape = mp_shm_shape;
    const struct mp_cell *cell;
    int taken = 0;

    while (taken < most && (cell = mp_ring_peek_short(&from->in, &shape)) != NULL &&
           mp_deliver_short(cell)) {
        if (unlikely(mp_ring_consume_cell(&from->in, &shape))) {
            mp_shm_notify(from->board);
        }
        taken++;
    }
    return taken;
}

MP_ALWAYS_INLINE int poll_peer(int peer, bool shorts)
{
    struct mp_shm_peer *from = &mp_shm_peers[peer];
    struct mp_cell *cell;
    uint64_t word;
    int taken = 0;

    while (taken < BURST && (cell = mp_ring_peek(&from->in, &mp_shm_shape, &word)) != NULL) {
        int met = shorts ? take_shorts(from, BURST - taken) : 0;
        taken += met;
        if (met > 0) {
            continue;
        }
        take(peer, from, cell, word);
        taken += 1 + (int)(cell->length / BYTES_PER_PACKET);
        if (mp_ring_consume(&from->in, &mp_shm_shape, cell, mp_ring_word_kind(word))) {
            mp_shm_notify(from->board);
        }
    }
    return taken;
}

static int shm_poll(void)
{
    int done = 0;

    answer_doorbell();
    for (int i = 0; i < active_count; i++) {
        done += poll_peer(active[i], true);
    }
    return done;
}

// Under `mprun --check`: every message goes by message/deliver.c.
static int shm_poll_checked(void)
{
    int done = 0;

    answer_doorbell();
    for (int i = 0; i < active_count; i++) {
        done += poll_peer(active[i], false);
    }
    return done;
}

void mp_shm_leave_guest(int guest, bool whole)
{
    for (int i = 0; i < active_count; i++) {
        if (active[i] == guest) {
            active[i] = active[--active_count];
            while (whole && poll_peer(guest, !mp_process.check)) {
            }
            return;
        }
    }
}

static struct mp_channel shm_channel = {
    .name = "shm",
    .poll = shm_poll,
    .arm = mp_shm_arm,
    .sleep = mp_shm_sleep,
    .disarm = mp_shm_disarm,
};

const struct mp_channel *mp_shm_open(void)
{
    active = calloc((size_t)mp_process.near, sizeof *active);
    if (!active) {
        mp_fail(MPI_ERR_NO_MEM, "no memory for the state of %d peers", mp_process.near);
        return NULL;
    }
    doorbell = mp_segment_doorbell(mp_process.segment, mp_process.local);
    doorbell_words = (mp_process.near + 63) / 64;
    mp_remote_open();
    mp_shm_agree_on_fences();
    if (mp_process.check) {
        shm_channel.poll = shm_poll_checked;
    }
    return &shm_channel;
}
