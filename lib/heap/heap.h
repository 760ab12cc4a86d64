// SPDX-License-Identifier: MIT
// The shared heap: large blocks of a rank's dynamic memory lie in a file that the ranks of a node
// map at the same address, as far as they use it. So a pointer into it means the same byte
// everywhere, and a message between two such blocks is one memcpy. Each rank owns one area of that
// file. Its large static variables lie there too, and are looked up by the address that they have
// in the rank. Where there is no heap (not started by mprun, switched off, refused by the machine),
// all of this says so and everything works without.
// Read next: heap/heap.c (how it is mapped, who owns what), heap/extents.h (the allocator),
// heap/malloc.c (malloc and free), heap/program_data.c (variables).
#ifndef MP_HEAP_H
#define MP_HEAP_H

#include "base/bits.h"
#include "boot/guests.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mp_segment_header;
struct mp_shares;

// What this process knows of a rank's area.
struct mp_heap_peer {
    size_t opened;        // how far into it this process may go; 0: ask first
    size_t program_bytes; // the variables that lie there; 0: ask first
    uintptr_t program;    // where that rank has them
    char *place;          // where this process has them
};

// What the inline functions below look at. All 0 where there is no heap.
struct mp_heap {
    uintptr_t areas;            // where rank 0's area is, or would be if it were on this node
    unsigned shift;             // an area is 1 << shift bytes
    uintptr_t own;              // address of this rank's area; 0: this process owns none
    size_t own_bytes;           // of it, what blocks may lie in; 0: none
    uintptr_t program;          // the variables of this process that lie in its area too
    size_t program_bytes;       // 0: none
    struct mp_heap_peer *peers; // by world rank
};
extern struct mp_heap mp_heap;

// Joins the heap to the job, once the board of `rank` is claimed: from now on peers may be reached.
void mp_heap_join(struct mp_segment_header *segment, int rank);

// Says in *own where this process's area is, and what of the program. Returns the file's
// descriptor, which stays ours; -1: there is no area.
int mp_heap_tell(struct mp_shares *own);

// The slow ways of mp_heap_reach.
bool mp_heap_open_peer(int world, size_t end);
void *mp_heap_reach_program(int world, uintptr_t address, size_t bytes);
void *mp_heap_reach_guest(int guest, uintptr_t address, size_t bytes);

// The address through which this process may read and write the `bytes` bytes at `address` in the
// memory of the near rank `world`; or NULL if they are not all in that rank's heap, or it or we
// have none. It stays valid for as long as the block does over there; that rank may use it too. It
// is the same address for a block, another one for variables and for all that is a guest's. The
// peer must have joined the job, and must have told us that address: so ask when a message or a
// collective names it.
static inline void *mp_heap_reach(int world, const void *address, size_t bytes)
{
    if (unlikely(mp_is_guest(world))) {
        return mp_heap_reach_guest(world, (uintptr_t)address, bytes);
    }
    if (!mp_heap.peers) {
        return NULL;
    }
    size_t at = (uintptr_t)address - mp_heap.areas - ((size_t)world << mp_heap.shift);
    size_t area = (size_t)1 << mp_heap.shift;
    if (at >= area || bytes > area - at) {
        return mp_heap_reach_program(world, (uintptr_t)address, bytes);
    }
    if (unlikely(at + bytes > mp_heap.peers[world].opened) &&
        !mp_heap_open_peer(world, at + bytes)) {
        return NULL;
    }
    return (void *)(uintptr_t)address;
}

// True if these bytes lie in this rank's own heap, so that peers can reach them.
static inline bool mp_heap_holds(const void *address, size_t bytes)
{
    size_t at = (uintptr_t)address - mp_heap.own, in_program = (uintptr_t)address - mp_heap.program;
    return (at < mp_heap.own_bytes && bytes <= mp_heap.own_bytes - at) ||
           (in_program < mp_heap.program_bytes && bytes <= mp_heap.program_bytes - in_program);
}

// ---- Memory, for malloc.c and MPI_Alloc_mem. Any thread, any time.

// A block of `bytes` (1 or more) at a multiple of `alignment`, a power of two; zeroed if `zero`.
// NULL if there is no heap or it is full: take the C library's memory then.
void *mp_heap_allocate(size_t bytes, size_t alignment, bool zero);

// True if `block` came from mp_heap_allocate, in this process or in the one that forked it.
static inline bool mp_heap_made(const void *block)
{
    extern uintptr_t mp_heap_blocks;
    extern size_t mp_heap_blocks_bytes;
    return (uintptr_t)block - mp_heap_blocks < mp_heap_blocks_bytes;
}

// For blocks that mp_heap_made. A wrong address ends the process with a message.
void mp_heap_free(void *block);
// Told of each block before it goes: by any thread, at any time. NULL: nobody wants to know.
extern void (*_Atomic mp_heap_freed)(const void *block, size_t bytes);
size_t mp_heap_usable(const void *block);

// Makes the block `bytes` long where it lies. False if that cannot be done there.
bool mp_heap_resize(void *block, size_t bytes);

// What the program gives back to the system and goes on using (madvise): is any of these pages in
// this process's area, as a block or a variable? Makes those that are read as zero, and says
// whether it could. Both may be called in a signal handler.
bool mp_heap_overlaps(const void *start, size_t bytes);
bool mp_heap_clear(const void *start, size_t bytes);

// ---- For malloc.c only

// Built with a sanitizer that has a malloc and an idea of the address space of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MP_HEAP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MP_HEAP_SANITIZED 1
#endif
#endif

// Blocks of at least this many bytes come from the heap; SIZE_MAX while there is none, and where
// the process's malloc is not ours.
extern size_t mp_heap_threshold;

#endif
