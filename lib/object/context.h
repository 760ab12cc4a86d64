// SPDX-License-Identifier: MIT
// The context ids of communicators (MPI 5.0, 7.4: "system-defined context"). They come in pairs: an
// even one for point-to-point, the odd one after it for collectives, so that the two never match
// each other. The pair's number is what ranks agree on (collectives/comm_agree.h).
#ifndef MP_OBJECT_CONTEXT_H
#define MP_OBJECT_CONTEXT_H

#include <stdint.h>

struct mp_comm;

// A cell carries 24 bits of context id.
#define MP_CONTEXT_PAIRS 65536

enum {
    MP_CONTEXT_WORLD = 0,
    MP_CONTEXT_SELF = 1,
    MP_CONTEXT_BOOT = 2,
    // Of two processes of different worlds that meet, any number at a time: their tags differ
    // (collectives/worlds.c).
    MP_CONTEXT_BRIDGE = MP_CONTEXT_PAIRS - 1
};

// Once, before any communicator is made.
void mp_context_open(void);

// The context pairs this rank has free, one bit each, as ranks AND them to agree; and the taking
// and giving back of one. Word w, bit b is pair 64 * w + b.
uint64_t mp_context_free_word(int word);
void mp_context_take(uint32_t pair);
void mp_context_give(uint32_t pair);

// The same for all the bits of a word; which ones were free.
uint64_t mp_context_take_word(int word);
void mp_context_give_word(int word, uint64_t bits);

// The communicator is being destroyed: gives its context pair back, now or when all its members
// have done with it. Takes what `comm->board` owns.
void mp_context_retire(struct mp_comm *comm);

// Gives back the pairs that have become free, of the `most` that were not looked at for longest;
// -1: of all. (A few for every pair that is taken are enough to keep up.)
void mp_context_sweep(int most);

#endif
