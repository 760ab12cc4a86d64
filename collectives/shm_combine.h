// SPDX-License-Identifier: MIT
// Combining the operands of several ranks, which lie in posts, in chunks or in the ranks' own
// memory, element by element in rank order. Read first: shm.h.
#ifndef MP_COLLECTIVES_SHM_COMBINE_H
#define MP_COLLECTIVES_SHM_COMBINE_H

#include "collectives/shm.h"

enum mp_shm_place { MP_IN_POST, MP_IN_CHUNK, MP_IN_MEMORY };

// Bytes that every receiver reads at most (all operands but its own) where each combines them all.
enum { MP_SHM_READS_MOST = 16 << 10 };

// Whether operands of so many bytes go with the posts.
static inline bool mp_shm_operand_is_posted(const struct mp_comm *comm, MPI_Count bytes)
{
    return bytes <= MP_POST_ROOM ||
           (bytes <= MP_PAD_BYTES && bytes * (comm->size - 1) <= MP_SHM_READS_MOST);
}

// One rank's view of a reduction.
struct mp_shm_reduction {
    const struct mp_collective *c;
    const void *operand; // of this rank
    MPI_Count count;     // of its elements
    struct mp_datatype *type;
    size_t size; // of one element, packed
    // A predefined operation on a type without gaps: operands are combined where they are, and this
    // rank's own operand needs no copy. Otherwise by way of two temporaries.
    bool direct;
    char *temporary[2];
    MPI_Count room; // elements that a temporary holds
    bool kernel;    // some operands or results in memory can only be reached through the kernel
};

// Sets it up for combining up to `room` elements at a time. MPI_ERR_NO_MEM with mp_fail.
int mp_shm_reduction_open(struct mp_shm_reduction *r, const struct mp_collective *c,
                          MPI_Count count, MPI_Count room);
void mp_shm_reduction_close(struct mp_shm_reduction *r);

// ---- Long operands: straight from the ranks' memory if all of it can be reached

// Says in this rank's post what of its memory may be used, the operand and, unless NULL, the
// result. True if that is all there is to say as far as this rank can tell, so that it keeps its
// first window back.
bool mp_shm_reduction_offer(struct mp_shm_reduction *r, struct mp_post *post, void *result);

// All posts of the turn taken together, when they have been seen.
enum mp_shm_offers {
    MP_OFFERS_ALL,  // the memory can be used
    MP_OFFERS_SOME, // it cannot, and some have kept their first window back
    MP_OFFERS_NONE  // the first windows came with the posts
};
enum mp_shm_offers mp_shm_reduction_offers(struct mp_shm_reduction *r);

// Bytes of a piece to be combined at a time, so that it is still in the first-level cache when it
// is copied elsewhere; or, where that takes the kernel, in the second.
size_t mp_shm_strip(const struct mp_shm_reduction *r);

// Memory for a result that goes to that address of another rank by way of the kernel: of one strip,
// two of them.
char *mp_shm_strip_room(unsigned which, uint64_t address);

// The slice of elements that falls to this rank where the slice of one rank, `special`, is `its`
// long if those of the others are `others`: where not all have the same to do for a slice.
MPI_Count mp_shm_slice(const struct mp_shm_reduction *r, int special, MPI_Count its,
                       MPI_Count others, MPI_Count *start);

// Where elements of a rank's operand are, which must be no more than a strip; until two more were
// asked for.
const void *mp_shm_operand(struct mp_shm_reduction *r, int rank, MPI_Count first, MPI_Count count);

// ---- Combining

// Where the operands are that are to be combined now: those of ranks [0, ranks), elements
// [first, first + count) of each.
struct mp_shm_operands {
    enum mp_shm_place place;
    int ranks;
    uint64_t chunk; // in a chunk: so many after the first one of the turn
    size_t offset;  // and there, or in the post
    MPI_Count first;
    MPI_Count count;
};

// Combines them into `out`, packed, which may be this rank's own operand.
void mp_shm_combine(struct mp_shm_reduction *r, const struct mp_shm_operands *operands, void *out);

// The same into this rank's result buffer, as its elements from `at` on.
void mp_shm_combine_result(struct mp_shm_reduction *r, const struct mp_shm_operands *operands,
                           void *buffer, MPI_Count at);

#endif
