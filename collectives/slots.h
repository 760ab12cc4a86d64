// SPDX-License-Identifier: MIT
// Slots: per communicator and rank a ring of MP_CHUNKS chunks in shared memory, written by that
// rank and read by others. A chunk is claimed, written, and made known by a post or a step; it may
// be used again when those who read it have published the step that says so, which is remembered
// per chunk. Read first: board.h.
#ifndef MP_COLLECTIVES_SLOTS_H
#define MP_COLLECTIVES_SLOTS_H

#include "collectives/board.h"

// Chunk number `chunk` of a rank's slot.
static inline char *mp_slots_at(const struct mp_comm *comm, int rank, uint64_t chunk)
{
    size_t slot = (size_t)mp_group_world(comm->group, rank) * MP_SLOT_BYTES;
    return comm->board.slots + slot + chunk % MP_CHUNKS * MP_CHUNK_BYTES;
}

// This rank's next chunk, once it is free. It will be free again when `who` (a rank, or
// MP_EVERYBODY) has published `step` of this turn, or posts in a later one.
static inline char *mp_slots_claim(struct mp_comm *comm, unsigned step, int who)
{
    struct mp_comm_board *board = &comm->board;
    uint64_t chunk = board->chunk++;
    unsigned place = chunk % MP_CHUNKS;

    // A post in a later turn says the same, and `seen` may know of that without a look.
    if (board->free_when[place] >> 24 >= board->seen) {
        mp_board_await_progress(comm, board->free_who[place], board->free_when[place]);
    }
    board->free_when[place] = mp_board_progress(comm, step);
    board->free_who[place] = who;
    return mp_slots_at(comm, comm->rank, chunk);
}

// Takes bytes [from, from + bytes) of the chunk that is claimed next from the caches of those who
// read it last, if they are known to have: in time that this rank has to wait for others anyway, as
// mp_board_post_data does.
static inline void mp_slots_claim_ahead(const struct mp_comm *comm, size_t from, size_t bytes)
{
    const struct mp_comm_board *board = &comm->board;

    if (board->free_when[board->chunk % MP_CHUNKS] >> 24 < board->seen) {
        volatile char *chunk = mp_slots_at(comm, comm->rank, board->chunk) + from;
        for (size_t at = 0; at < bytes; at += 64) {
            chunk[at] = 0;
        }
    }
}

// Where `bytes` that a rank posts inline are, up to MP_CHUNK_BYTES: with the post or on its pad, or
// in the chunk that the post names.
static inline char *mp_slots_data(const struct mp_comm *comm, int rank, size_t bytes)
{
    return likely(bytes <= MP_PAD_BYTES)
               ? mp_board_data(comm, rank, bytes)
               : mp_slots_at(comm, rank, mp_board_post_of(comm, rank)->chunk);
}

// Where this rank puts them, after mp_board_begin.
static inline char *mp_slots_begin_data(struct mp_comm *comm, struct mp_post *post, size_t bytes)
{
    if (likely(bytes <= MP_PAD_BYTES)) {
        return mp_board_data(comm, comm->rank, bytes);
    }
    post->chunk = (uint32_t)comm->board.chunk;
    return mp_slots_claim(comm, MP_STEP_DONE, MP_EVERYBODY);
}

#endif
