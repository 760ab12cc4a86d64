// SPDX-License-Identifier: MIT
// One access to a window: MPI_Put and its siblings, with arguments checked by the API. The three
// ways to the target's memory, chosen for each access from what the window knows of the target:
// directly, if this process sees the memory; through the kernel, if it is contiguous; and by asking
// the target. All of them keep the target's stripes, so they may be mixed.
#ifndef MP_WINDOW_ACCESS_H
#define MP_WINDOW_ACCESS_H

#include "datatype/datatype.h"
#include "heap/heap.h"
#include "op/op.h"
#include "window/window.h"

// A buffer of this rank.
struct mp_window_buffer {
    void *at; // never written through where it is an origin
    MPI_Count count;
    struct mp_datatype *type;
};

struct mp_access {
    struct mp_window *window;
    int target;
    struct mp_window_side *side;
    struct mp_window_buffer origin; // of MPI_NO_OP: not looked at
    struct mp_window_buffer result; // of fetching accumulates; type NULL: none
    MPI_Aint displacement;          // in units
    MPI_Count count;
    struct mp_datatype *type;  // of the target
    struct mp_op *op;          // of accumulates
    struct mp_datatype *basic; // predefined type that both sides consist of
    const void *compare;       // MPI_Compare_and_swap
    // Found by mp_access_find. Of the first element, which may lie elsewhere than its lowest byte.
    char *place;      // as this process sees it; NULL: not reached
    uint64_t address; // as the target sees it
};

// Checks that there is an epoch and that the target's memory holds what is accessed, and finds it.
int mp_access_find(struct mp_access *access);

// `request`: where to put the request of MPI_Rput and its siblings; NULL: none. Nothing is left to
// do for it but where messages are sent.
int mp_access_put(struct mp_access *access);
int mp_access_get(struct mp_access *access, struct mp_request **request);
int mp_access_accumulate(struct mp_access *access, struct mp_request **request);
int mp_access_compare_and_swap(struct mp_access *access);

// ---- The memory of a target, seen from whoever may touch it: its own rank, or a near one

// Combines `count` elements of `type` at `place` with as many of `basic`'s at `operand` (packed),
// under the stripes for `address`. `result` (NULL: none) gets what was there before, packed. With
// place NULL the memory is that of rank `world`, reached through the kernel, and contiguous.
// Returns how many bytes were combined: from some page on, the kernel may refuse.
MPI_Count mp_stripes_combine(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                             const struct mp_datatype *type, MPI_Count count,
                             const struct mp_datatype *basic, const struct mp_op *op,
                             const void *operand, void *result);

// The same for one word of a type and with an operation that the processor knows, at a place that
// this process sees. False: nothing was done, it is none of these.
bool mp_stripe_combine_single(struct mp_stripe *stripe, char *place, enum mp_format format,
                              MPI_Op op, const void *operand, void *result);

static inline bool mp_stripe_swaps_single(const char *place, size_t bytes)
{
    return (bytes == 8 || bytes == 4) && (uintptr_t)place % bytes == 0;
}

void mp_stripe_swap_single(struct mp_stripe *stripe, char *place, size_t bytes, const void *compare,
                           const void *operand, void *result);

bool mp_stripes_swap(struct mp_stripe *stripes, int world, char *place, uint64_t address,
                     size_t bytes, const void *compare, const void *operand, void *result);

// Copies `bytes` bytes, upwards: programs poll the last one, though they must not. What has the
// size of a word is one store, so that whoever polls it never sees a part of it.
static inline void mp_window_store(char *to, const void *from, size_t bytes)
{
    if (bytes == 8 && (uintptr_t)to % 8 == 0) {
        uint64_t word;
        memcpy(&word, from, 8);
        __atomic_store_n((uint64_t *)(void *)to, word, __ATOMIC_RELAXED);
    } else if (bytes == 4 && (uintptr_t)to % 4 == 0) {
        uint32_t word;
        memcpy(&word, from, 4);
        __atomic_store_n((uint32_t *)(void *)to, word, __ATOMIC_RELAXED);
    } else if (bytes == 2 && (uintptr_t)to % 2 == 0) {
        uint16_t word;
        memcpy(&word, from, 2);
        __atomic_store_n((uint16_t *)(void *)to, word, __ATOMIC_RELAXED);
    } else {
        memmove(to, from, bytes);
    }
}

static inline void mp_window_load(void *to, const char *from, size_t bytes)
{
    if (bytes == 8 && (uintptr_t)from % 8 == 0) {
        uint64_t word = __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_RELAXED);
        memcpy(to, &word, 8);
    } else if (bytes == 4 && (uintptr_t)from % 4 == 0) {
        uint32_t word = __atomic_load_n((const uint32_t *)(const void *)from, __ATOMIC_RELAXED);
        memcpy(to, &word, 4);
    } else if (bytes == 2 && (uintptr_t)from % 2 == 0) {
        uint16_t word = __atomic_load_n((const uint16_t *)(const void *)from, __ATOMIC_RELAXED);
        memcpy(to, &word, 2);
    } else {
        memmove(to, from, bytes);
    }
}

// ---- The short way: `bytes` bytes of predefined types, the same on both sides, to memory that
// this process sees. NULL: go the long way, which checks everything.
MP_ALWAYS_INLINE char *mp_access_short(struct mp_window *window, int target, MPI_Aint displacement,
                                       MPI_Count bytes)
{
    if (unlikely((unsigned)target >= (unsigned)window->size)) {
        return NULL;
    }
    const struct mp_window_side *side = &window->sides[target];
    uint64_t at;
    if (unlikely(!(window->open | side->open) || displacement < 0 || bytes <= 0 ||
                 __builtin_mul_overflow((uint64_t)displacement, (uint64_t)side->unit, &at) ||
                 at > side->size || (uint64_t)bytes > side->size - at)) {
        return NULL;
    }
    if (likely(side->base != NULL)) {
        return side->base + at;
    }
    return side->gate && window->flavor == MPI_WIN_FLAVOR_DYNAMIC
               ? mp_heap_reach(side->world, (const void *)(uintptr_t)at, (size_t)bytes)
               : NULL;
}

#endif
