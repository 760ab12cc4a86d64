// SPDX-License-Identifier: MIT
// Operations in which a rank gives something else to each: its chunks are divided into one part per
// rank. A part begins with the length of that rank's block, and its address where the rank is to
// take it straight from memory. Read first: shm.h. Used in: shm_scatter.c,
// shm_alltoall.c.
#ifndef MP_COLLECTIVES_SHM_PARTS_H
#define MP_COLLECTIVES_SHM_PARTS_H

#include "collectives/shm.h"

// In shared memory, written by the giver before its post or step.
struct mp_shm_part {
    uint64_t bytes;   // of the block
    uint64_t address; // 0: it comes in the parts
    char data[];
};

// A post that holds the blocks of all ranks, one as long as the other, but the giver's own, begins
// with that of the rank after it: where a rank's block comes among them.
static inline int mp_shm_place_in_post(int size, int giver, int rank)
{
    return rank > giver ? rank - giver - 1 : size - giver + rank - 1;
}

// Where they are, of `each` bytes.
static inline char *mp_shm_parts_in_post(const struct mp_comm *comm, int giver, MPI_Count each)
{
    return mp_board_data(comm, giver, (size_t)each * (size_t)(comm->size - 1));
}

// Whether there is room for them.
static inline bool mp_shm_parts_fit_post(int size, MPI_Count each)
{
    return each * (size - 1) <= MP_PAD_BYTES;
}

void mp_shm_give_in_post(const struct mp_comm *comm, const struct mp_blocks *blocks,
                         MPI_Count each);

// Bytes of a part when no block is known to be shorter, for `size` ranks; and when all blocks have
// `each` bytes.
static inline uint32_t mp_shm_stride(int size, bool even, MPI_Count each)
{
    MPI_Count most = MP_CHUNK_BYTES / size & ~15;
    MPI_Count enough = (MPI_Count)sizeof(struct mp_shm_part) + ((each + 15) & ~(MPI_Count)15);
    return (uint32_t)(even && enough < most ? enough : most);
}

static inline MPI_Count mp_shm_part_room(uint32_t stride)
{
    return (MPI_Count)stride - (MPI_Count)sizeof(struct mp_shm_part);
}

// Chunks in which parts of `stride` carry a block of so many bytes.
static inline unsigned mp_shm_part_chunks(uint32_t stride, MPI_Count bytes)
{
    MPI_Count room = mp_shm_part_room(stride);
    return (unsigned)((bytes + room - 1) / room);
}

// The ways in which blocks are taken from memory, and whether that for a rank is.
unsigned mp_shm_part_ways(struct mp_comm *comm, const struct mp_blocks *blocks, unsigned waited);
bool mp_shm_part_is_in_memory(const struct mp_blocks *blocks, int rank, unsigned ways);

// Writes all parts of chunk number `chunk` but that of rank `skip`. Returns true if a block is
// taken from memory.
bool mp_shm_give_parts(struct mp_comm *comm, const struct mp_blocks *blocks, uint32_t stride,
                       unsigned chunk, unsigned ways, unsigned step, int skip);

// Chunks that the longest block of those needs which are not taken from memory.
unsigned mp_shm_parts_needed(struct mp_comm *comm, const struct mp_blocks *blocks, uint32_t stride,
                             unsigned ways, int skip);

// This rank's part of that chunk of a rank, whose post has been seen.
static inline const struct mp_shm_part *mp_shm_part_of(const struct mp_comm *comm, int rank,
                                                       unsigned chunk)
{
    const struct mp_post *post = mp_board_post_of(comm, rank);
    const char *at = mp_slots_at(comm, rank, post->chunk + (uint64_t)chunk);
    return (const void *)(at + (size_t)comm->rank * post->stride);
}

// Takes it into a block; or all of it from memory, with the first chunk.
void mp_shm_take_part(const struct mp_collective *c, int rank, unsigned chunk, int block);

#endif
