// SPDX-License-Identifier: MIT
// Who a process is, wherever it runs, and by which number this one knows it. The ranks of this
// world have their world ranks. Processes of other worlds, which came later or which this one has
// met (MPI 5.0, chapter 11), are guests: each has a number above those, for as long as a group
// holds it here. The same process may have another number elsewhere, so what travels is its card.
// Read next: message/meeting.h (meeting them), socket/door.h (how they are reached).
#ifndef MP_BOOT_GUESTS_H
#define MP_BOOT_GUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

struct mp_card {
    uint64_t job; // of its world, random
    int32_t rank; // there
    int32_t none; // 0: a card has no holes
};

// What a process tells a guest of the memory that the two could share, if they are of one mprun and
// on one node (process/near_guests.h). Descriptors go along: of the segment, and of the heap and
// the rings of the two if there are any.
struct mp_shares {
    char warden[48]; // of its mprun; empty: it shares nothing
    uint32_t node;
    uint32_t fences;     // who sends must fence: 0, or MP_FENCE_ALWAYS
    uint32_t per_core;   // ranks per core, as its world counts them
    uint32_t none;       // 0: no holes
    uint64_t board;      // its board in the segment's file
    uint64_t area;       // its part of the heap in that file,
    uint64_t area_bytes; // 0: it has none,
    uint64_t address;    // and where that lies over there
    // Its variables that lie there: bytes (0: none), their address, and that of their place.
    uint64_t program_bytes, program, place;
};

// How many there may be at a time. Tables that go by peer have room for them, which costs nothing
// until there are some.
enum { MP_GUESTS_MAX = 4096 };

extern int mp_peers_first_guest; // all numbers from it on are guests,
extern int mp_peers_end;         // and all are below this

void mp_guests_begin(uint64_t job, int rank, int size);

static inline bool mp_is_guest(int peer)
{
    return peer >= mp_peers_first_guest;
}

struct mp_card mp_card_of(int peer);
bool mp_card_is(const struct mp_card *a, const struct mp_card *b);

// An order of all processes that is the same everywhere.
bool mp_card_before(const struct mp_card *a, const struct mp_card *b);
bool mp_peer_before(int a, int b);

// The number of a process here: -1 if it has none. And a new one for a guest that has none: -1 if
// there are too many.
int mp_guest_find(const struct mp_card *card);
int mp_guest_add(const struct mp_card *card);

// Groups count the guests that they hold. At 0 the number may be given back.
void mp_guest_hold(int peer);
void mp_guest_release(int peer);
bool mp_guest_is_held(int peer);
bool mp_guest_exists(int peer);
void mp_guest_forget(int peer);

// Zeroed memory for a table by peer, with `each` bytes for a peer; NULL if there is none.
static inline void *mp_peer_table(size_t each)
{
    size_t bytes = ((size_t)mp_peers_first_guest + MP_GUESTS_MAX) * each;
    void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
#ifdef __SANITIZE_ADDRESS__
    if (table != MAP_FAILED) {
        __lsan_register_root_region(table, bytes); // what it leads to is no leak
    }
#endif
    return table == MAP_FAILED ? NULL : table;
}

#endif
