// SPDX-License-Identifier: MIT
// Which pages of a rank's heap are free: the area is tiled with extents, runs of whole pages that
// are used, free and clean (they read as zero), or free and dirty. All knowledge lies outside of
// the pages, in private memory, so that nothing a peer or a wild pointer writes can damage it, and
// an untouched page stays untouched. No locks here: see heap/heap.c.
#ifndef MP_HEAP_EXTENTS_H
#define MP_HEAP_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP_EXTENT_NONE UINT32_MAX

enum { MP_EXTENT_BINS = 256 };

struct mp_extent;

// Pages are counted from 0, up to below MP_EXTENT_NONE.
struct mp_extents {
    uint32_t pages;          // of the area
    uint32_t *index;         // at the first and last page of each extent: its node
    struct mp_extent *nodes; // node 0 is none
    uint32_t nodes_room;
    uint32_t nodes_used;                     // nodes that were ever used
    uint32_t spare;                          // nodes that are free again, a list by `next`
    uint32_t bins[2][MP_EXTENT_BINS];        // [dirty][size class]: lists of free extents
    uint64_t filled[2][MP_EXTENT_BINS / 64]; // bit set: that bin is not empty
    size_t used_pages;
    size_t dirty_pages; // free, and not known to be zero
};

// Bytes of zeroed memory, at best untouched, that mp_extents_open wants for so many pages.
size_t mp_extents_room(uint32_t pages);
void mp_extents_open(struct mp_extents *extents, void *room, uint32_t pages);

// Takes `count` pages, at a multiple of `alignment` pages (a power of two). Returns the first, or
// MP_EXTENT_NONE; *dirty: whether they may hold anything but zero.
uint32_t mp_extents_take(struct mp_extents *extents, uint32_t count, uint32_t alignment,
                         bool *dirty);

// How many pages the used extent that begins at `first` has; 0 if there is none.
uint32_t mp_extents_count(const struct mp_extents *extents, uint32_t first);

// Gives a used extent back; its pages are dirty from now on.
void mp_extents_give(struct mp_extents *extents, uint32_t first);

// Makes a used extent `count` pages long where it lies. False if what follows is not free.
bool mp_extents_resize(struct mp_extents *extents, uint32_t first, uint32_t count);

// Cleaning, in two steps, so that the caller needs no lock meanwhile: begin sets a dirty extent
// aside, the largest first (false: there is none), end puts it back as clean.
bool mp_extents_clean_begin(struct mp_extents *extents, uint32_t *first, uint32_t *count);
void mp_extents_clean_end(struct mp_extents *extents, uint32_t first);

// The used extents in order: calls `see` for each.
void mp_extents_each(const struct mp_extents *extents,
                     void (*see)(uint32_t first, uint32_t count, void *argument), void *argument);

#endif
