// SPDX-License-Identifier: MIT
// Operations in which a rank gives something else to each: short blocks in its post; others by way
// of its chunks, divided into one part per rank. A part begins with the length of that rank's
// block, and its address where the rank is to take it straight from memory. Which of these it is,
// the giver decides by itself. Read first: shm.h. Used in: shm_scatter.c, shm_alltoall.c,
// short_blocks.h.
#ifndef MP_COLLECTIVES_SHM_PARTS_H
#define MP_COLLECTIVES_SHM_PARTS_H

#include "collectives/shm.h"

// Such an operation is for so many ranks at most, since a chunk must have a part for each.
enum { MP_SHM_MOST_PARTS = 256 };

// ---- Blocks that fit a post together travel in it, whatever the others' do

// First the block of the rank after the giver, and so on. The giver itself has none.
// Where they are all of one length and type, those are in the post. Else (MP_POST_ENDS) post->bytes
// bytes are in it: for each block where it ends and what it is, and then the blocks, one right
// after the other.
struct mp_shm_end {
    uint32_t end, signature;
};

// Which place a rank's block has.
static inline int mp_shm_place_in_post(int size, int giver, int rank)
{
    return rank > giver ? rank - giver - 1 : size - giver + rank - 1;
}

// Bytes before the blocks where they are of different lengths.
static inline size_t mp_shm_ends_bytes(int size)
{
    return (size_t)(size - 1) * sizeof(struct mp_shm_end);
}

// Whether that is the way for so many bytes, of which the longest block has `longest`: on the pad;
// or in a chunk, while the block is too short to be taken from memory.
static inline bool mp_shm_fits_post(size_t bytes, size_t longest)
{
    return bytes <= MP_PAD_BYTES || (bytes <= MP_CHUNK_BYTES && longest < MP_SHM_MEMORY_LEAST / 2);
}

// The blocks of this rank for all others, taken together.
struct mp_shm_parts {
    bool even; // all are of one length and type,
    size_t each;
    uint32_t signature;
    size_t longest;
    size_t length; // with the ends; if not more than a chunk
};

struct mp_shm_parts mp_shm_measure(const struct mp_comm *comm, const struct mp_blocks *blocks);

// Puts them into the data of a post, which says so.
void mp_shm_give_parts_at(const struct mp_comm *comm, struct mp_post *post, char *data,
                          const struct mp_blocks *blocks, const struct mp_shm_parts *parts);

// Puts them there if there is room. Returns whether there was.
bool mp_shm_give_in_post(struct mp_comm *comm, struct mp_post *post,
                         const struct mp_blocks *blocks);

// Bytes of data with such a post.
static inline size_t mp_shm_parts_length(const struct mp_comm *comm, const struct mp_post *post)
{
    return unlikely(post->kind & MP_POST_ENDS) ? post->bytes
                                               : post->bytes * (size_t)(comm->size - 1);
}

// This rank's block in the data of another one's post.
struct mp_shm_given {
    const char *data;
    size_t bytes;
    uint32_t signature;
};

static inline struct mp_shm_given mp_shm_part_at(const struct mp_comm *comm, int giver,
                                                 const struct mp_post *post, const char *data)
{
    size_t place = (size_t)mp_shm_place_in_post(comm->size, giver, comm->rank);

    if (likely(!(post->kind & MP_POST_ENDS))) {
        return (struct mp_shm_given){data + place * post->bytes, post->bytes, post->signature};
    }
    const struct mp_shm_end *ends = (const void *)data;
    size_t start = place > 0 ? ends[place - 1].end : mp_shm_ends_bytes(comm->size);
    return (struct mp_shm_given){data + start, ends[place].end - start, ends[place].signature};
}

// The same in the present turn.
static inline struct mp_shm_given mp_shm_part_in_post(const struct mp_comm *comm, int giver)
{
    const struct mp_post *post = mp_board_post_of(comm, giver);
    const char *data = mp_slots_data(comm, giver, mp_shm_parts_length(comm, post));
    return mp_shm_part_at(comm, giver, post, data);
}

// ---- Chunks

// In shared memory, written by the giver before its post or step.
struct mp_shm_part {
    uint64_t bytes;   // of the block
    uint64_t address; // 0: it comes in the parts
    uint32_t signature;
    _Alignas(64) char data[]; // so that whole lines are copied
};

// Bytes of a part when no block is known to be shorter, for `size` ranks; and when all blocks have
// `each` bytes.
static inline uint32_t mp_shm_stride(int size, bool even, MPI_Count each)
{
    MPI_Count most = MP_CHUNK_BYTES / size & ~63;
    MPI_Count enough = (MPI_Count)sizeof(struct mp_shm_part) + ((each + 63) & ~(MPI_Count)63);
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

// ---- The second half of the operations, after this rank's post

// MPI_Scatter, not at the root: takes what the root gives.
int mp_shm_scatter_take(const struct mp_collective *c);

// MPI_Alltoall and its siblings: takes what the others give, whose posts have been seen. `chunks`:
// 0 if this rank's blocks are in its post.
struct mp_shm_exchange {
    unsigned ways;   // this rank's own chunks:
    uint32_t stride; // as in its post
    unsigned chunks; // how many
    bool memory;     // and whether others take blocks from its memory
};
int mp_shm_alltoall_take(const struct mp_collective *c, const struct mp_shm_exchange *own);

#endif
