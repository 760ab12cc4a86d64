// SPDX-License-Identifier: MIT
// Peers, seen from the engine. A near peer is one whose memory we map: its ring is written
// directly, so that the compiler can inline a send down to the store that publishes it. A far one
// is reached through the table of base/channel.h. Which a peer is does not change, but that a guest
// is far at first and when it has gone; nothing is sent to it before it is known which it will be.
#ifndef MP_PROCESS_PEERS_H
#define MP_PROCESS_PEERS_H

#include "base/channel.h"
#include "process/process.h"
#include "shm/ring.h"

#include <linux/futex.h>
#include <stdatomic.h>

extern const struct mp_channel *mp_channel; // what is polled and slept on
extern const struct mp_channel *mp_far;     // that far peers are reached by; NULL: there are none
extern struct mp_ring_shape mp_shm_shape;

// This rank's two rings with every near peer, by world rank; mapped when they are first used. Those
// of a far one are NULL, and its `out` has no room, so the shortest way of a send
// (message/message_short.h) need not ask. From this rank itself none comes. (A near guest that has
// gone is far, but its board stays in sight as long as it has its number.)
struct mp_shm_peer {
    _Alignas(64) struct mp_ring_writer out;
    struct mp_board *board;       // NULL: never near
    const _Atomic uint32_t *full; // as the board has it; of a far one, what it has told us:
    _Atomic uint32_t told_full;
    int8_t remote;      // we know that we may use its memory: 1, or not: -1 (process/remote.c)
    uint64_t copied_to; // where the last long message from there that both copied was put
    _Alignas(64) struct mp_ring_reader in;
};
extern struct mp_shm_peer *mp_shm_peers;

static inline bool mp_peer_is_near(int world)
{
    return mp_shm_peers[world].out.ring != NULL;
}

// Sets up the peers (process/peers.c): -1 when memory is out. For message/shm_channel.c it is found
// out who fences for whom; and the three functions of a channel that sleep.
int mp_shm_peers_open(void);

// That one is far, and nothing is known of it yet: a guest that this process has just met.
void mp_peer_open_far(int peer);

// A guest is near: these rings, of which all is 0, lie between the two, and that is its board. Both
// poll their ring from the beginning. And it has gone: it is as good as far, with a board.
void mp_peer_open_near(int guest, struct mp_ring *out, struct mp_ring *in, struct mp_board *board);
void mp_peer_close_near(int guest);

// A far peer has told whether it keeps as many messages as it is willing to.
void mp_peer_set_full(int world, bool full);

// Where there are far peers a rank sleeps on descriptors (message/near_and_far.c), and who wakes
// it, a near peer or a thread of its own, sends it a byte. Makes the socket that it comes by:
// returns it, or -1 with errno; that is EXDEV where near peers could not send any, because this
// rank is in another network namespace.
int mp_shm_open_bell(void);
void mp_shm_agree_on_fences(void);
// The same with guests: whether they can count on it that this rank fences for those that do not,
// or else that all do. *fences: which.
bool mp_shm_fences_with_guests(uint32_t *fences);
// A memory fence here and at every near rank: what this one has stored is visible to them, and what
// they stored before, to it. Where a rank cannot do that, the others fence: see mp_shm_must_fence.
void mp_shm_fence_for_all(void);
uint32_t mp_shm_arm(void);
void mp_shm_sleep(uint32_t armed);
void mp_shm_disarm(void);

// Room in the ring to a peer that had none: if the ring is not mapped yet, that is done now. And
// the same for the ring from a peer, before it is polled.
void *mp_shm_reserve_first(int peer, enum mp_packet_kind kind, size_t bytes);
void mp_shm_open_in(int peer);

// Of this rank's threads: whether the announcement still stands; clears the word and wakes those
// that sleep on it; wakes the one that sleeps on descriptors.
bool mp_shm_is_armed(uint32_t armed);
void mp_shm_wake_own(void);
void mp_shm_ring_own(void);

// First message to a peer that does not poll our ring yet, and the waking of a sleeper.
void mp_shm_ring_doorbell(int peer);
void mp_shm_wake(struct mp_board *board);

// After a store that `board`'s rank may be waiting for. It sleeps only if it has announced that
// before its last look at our store: whoever sleeps runs a membarrier between the announcement and
// that look, so no fence is needed here. Without membarrier the fence is ours.
static inline bool mp_shm_must_fence(void)
{
    return atomic_load_explicit(&mp_process.segment->fence, memory_order_relaxed);
}

MP_ALWAYS_INLINE void mp_shm_notify(struct mp_board *board)
{
    if (unlikely(mp_shm_must_fence())) {
        atomic_thread_fence(memory_order_seq_cst);
    }
    atomic_signal_fence(memory_order_seq_cst); // keep the compiler from moving the load up
    if (unlikely(atomic_load_explicit(&board->sleeping, memory_order_relaxed))) {
        mp_shm_wake(board);
    }
}

static inline void *mp_channel_reserve(int peer, enum mp_packet_kind kind, size_t bytes)
{
    if (likely(mp_peer_is_near(peer))) {
        void *room = mp_ring_reserve(&mp_shm_peers[peer].out, &mp_shm_shape, kind, bytes);
        return likely(room != NULL) ? room : mp_shm_reserve_first(peer, kind, bytes);
    }
    return mp_far->reserve(peer, kind, bytes);
}

static inline uint64_t mp_channel_commit(int peer, const struct mp_packet *packet)
{
    if (likely(mp_peer_is_near(peer))) {
        struct mp_shm_peer *to = &mp_shm_peers[peer];
        uint64_t number = mp_ring_commit(&to->out, &mp_shm_shape, packet);
        if (unlikely(!to->out.active)) {
            mp_shm_ring_doorbell(peer);
        }
        mp_shm_notify(to->board);
        return number;
    }
    return mp_far->commit(peer, packet);
}

// The largest payload of one packet to that peer. A quarter of a ring: then a reservation always
// succeeds once the reader has taken everything, however much was skipped at the end of the area
// and however many credits it still holds back.
static inline size_t mp_channel_payload_max(int peer)
{
    return mp_peer_is_near(peer) ? mp_shm_shape.bulk / 4 : mp_far->payload_max;
}

// After an eager message: makes the way short for the next one (shm/ring.h).
static inline void mp_channel_claim(int peer, size_t bytes)
{
    if (mp_peer_is_near(peer) && !mp_ring_is_inline(MP_PACKET_EAGER, bytes)) {
        mp_ring_claim(&mp_shm_peers[peer].out, &mp_shm_shape, bytes);
    }
}

// The fast path of a send (message/message_short.h) looks at nothing but `out.fast_end`. This opens
// it as far as there are credits, after a message that has gone the general way; whoever queues a
// send closes it, so that none overtakes that one. Closed it stays for messages to oneself, while
// the peer must be rung for, and where every store must be followed by a fence.
static inline void mp_channel_open_fast_path(int peer)
{
    if (mp_peer_is_near(peer)) {
        struct mp_ring_writer *out = &mp_shm_peers[peer].out;
        bool open = out->active && !mp_shm_must_fence() && peer != mp_process.rank;
        out->fast_end = open ? out->consumed + mp_shm_shape.cells : 0;
    }
}

static inline void mp_channel_close_fast_path(int peer)
{
    mp_shm_peers[peer].out.fast_end = 0;
}

#endif
