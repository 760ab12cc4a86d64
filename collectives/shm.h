// SPDX-License-Identifier: MIT
// What the operations in shared memory (collectives/shm_*.c) have in common: they run blocking, on
// the board of an intracommunicator, and return an error class. Each takes one turn on the board.
// The sizes that decide how an operation goes are its own at every rank; where ranks disagree,
// which is an error of the program, the posts tell, before anything is moved by them. Read first:
// board.h, slots.h.
#ifndef MP_COLLECTIVES_SHM_H
#define MP_COLLECTIVES_SHM_H

#include "base/copy.h"
#include "collectives/collectives.h"
#include "collectives/disagree.h"
#include "collectives/shm_memory.h"
#include "collectives/slots.h"

#include <string.h>

typedef int mp_run_fn(const struct mp_collective *collective);

mp_run_fn mp_shm_barrier;
mp_run_fn mp_shm_exchange; // short blocks of bytes to all
mp_run_fn mp_shm_bcast;
mp_run_fn mp_shm_reduce;
mp_run_fn mp_shm_allreduce;
mp_run_fn mp_shm_reduce_scatter;
mp_run_fn mp_shm_scan; // and the exclusive one
mp_run_fn mp_shm_gather;
mp_run_fn mp_shm_scatter;
mp_run_fn mp_shm_allgather;
mp_run_fn mp_shm_alltoall;

// True where the operation can go that way: to be answered from what all ranks know.
bool mp_shm_can(const struct mp_collective *collective);

// Copies, often very few bytes; none may come from nowhere, which memcpy does not allow.
static inline void mp_shm_copy(void *to, const void *from, size_t bytes)
{
    if (bytes == 8) {
        memcpy(to, from, 8);
    } else if (bytes > 0) {
        mp_copy_passing(to, from, bytes);
    }
}

// A part of a buffer as packed bytes.
static inline void mp_shm_put(char *to, const struct mp_datatype *type, const void *buffer,
                              MPI_Count count, MPI_Count from, MPI_Count bytes)
{
    if (likely(type->contiguous)) {
        mp_shm_copy(to, (const char *)buffer + type->true_lb + from, (size_t)bytes);
    } else {
        mp_datatype_pack(type, buffer, count, from, to, bytes);
    }
}

// All of a block, which may be empty, and then need not have a type. Returns its length.
static inline MPI_Count mp_shm_put_block(char *to, const struct mp_blocks *blocks, int block)
{
    MPI_Count bytes = mp_block_bytes(blocks, block);
    if (bytes > 0) {
        mp_shm_put(to, mp_block_type(blocks, block), mp_block_at(blocks, block),
                   mp_block_count(blocks, block), 0, bytes);
    }
    return bytes;
}

// And back.
static inline void mp_shm_get(const char *from_bytes, const struct mp_datatype *type, void *buffer,
                              MPI_Count count, MPI_Count from, MPI_Count bytes)
{
    if (likely(type->contiguous)) {
        mp_shm_copy((char *)buffer + type->true_lb + from, from_bytes, (size_t)bytes);
    } else {
        mp_datatype_unpack(type, buffer, count, from, from_bytes, bytes);
    }
}

// The kind of this rank's post.
static inline unsigned mp_shm_kind(const struct mp_collective *c)
{
    return c->kind | (c->op ? (unsigned)c->op->code << MP_POST_OP_SHIFT : 0);
}

// Begins the turn of an operation that ranks leave without a look at all others.
static inline struct mp_post *mp_shm_begin_leaving(const struct mp_collective *c, unsigned flags,
                                                   uint64_t bytes)
{
    mp_board_follow(c->comm, mp_shm_kind(c), c->root + c->comm->board.label);
    return mp_board_begin(c->comm, mp_shm_kind(c) | flags, c->root, bytes);
}

// Whether a rank's post is of the same operation as this rank's, with the same root and operator.
// If not, it is 0 or an error class with mp_fail.
static inline bool mp_shm_is_same(const struct mp_collective *c, const struct mp_post *post)
{
    const struct mp_post *own = mp_board_post_of(c->comm, c->comm->rank);
    return ((post->kind ^ own->kind) & MP_POST_SAME) == 0 && post->root == own->root;
}

static inline int mp_shm_compare_kind(const struct mp_collective *c, int rank)
{
    bool same = mp_shm_is_same(c, mp_board_post_of(c->comm, rank));
    return likely(same) ? 0 : mp_other_post(c->comm, rank);
}

// Chunks that so many bytes take.
static inline unsigned mp_shm_chunks(MPI_Count bytes)
{
    return (unsigned)((bytes + MP_CHUNK_BYTES - 1) / MP_CHUNK_BYTES);
}

// How a rank gives a block to whoever reads it: in its post, in its memory, if it can be reached in
// one of these ways, or in chunks. Fills in the post, and the first chunk if there is one, which is
// free again when `who` has published `step`.
void mp_shm_give(struct mp_comm *comm, struct mp_post *post, const struct mp_blocks *blocks,
                 int block, unsigned ways, unsigned step, int who);

// A further one of its chunks.
void mp_shm_give_chunk(struct mp_comm *comm, unsigned chunk, const struct mp_blocks *blocks,
                       int block, unsigned step, int who);

// Chunks that come after the first one: 0 where all is in the post or in memory.
static inline unsigned mp_shm_chunks_of(const struct mp_post *post)
{
    bool none = post->kind & (MP_POST_INLINE | MP_POST_OPERAND);
    return none ? 0 : mp_shm_chunks((MPI_Count)post->bytes);
}

// Takes what a rank gave into a block: chunk number `chunk` of it, where 0 stands for all of it if
// there are no chunks.
void mp_shm_take_given(const struct mp_collective *c, int rank, unsigned chunk, int block);

// A rank sent more (or, with `exact`, also less) than was expected: the error, with mp_fail.
int mp_shm_compare_sent_slow(const struct mp_comm *comm, int rank, MPI_Count sent,
                             MPI_Count expected, bool exact);
static inline int mp_shm_compare_sent(const struct mp_comm *comm, int rank, MPI_Count sent,
                                      MPI_Count expected, bool exact)
{
    bool fine = sent == expected || (sent < expected && !exact);
    return likely(fine) ? 0 : mp_shm_compare_sent_slow(comm, rank, sent, expected, exact);
}

// The same about two words that differ.
int mp_shm_compare_word_slow(const struct mp_comm *comm, int rank, uint32_t signature,
                             uint32_t expected);

// Whether what a rank sent is of the type that a block of this rank's expects, its length being
// fine. An error class with mp_fail.
int mp_shm_compare_type_slow(const struct mp_comm *comm, int rank, const struct mp_datatype *type,
                             MPI_Count count, MPI_Count sent, uint32_t signature);
static inline int mp_shm_compare_block(const struct mp_collective *c, int rank, int block,
                                       MPI_Count sent, uint32_t signature)
{
    MPI_Count room = mp_block_bytes(&c->recv, block);
    int error = mp_shm_compare_sent(c->comm, rank, sent, room, !c->uneven);
    if (error || sent == 0 || signature == mp_block_type(&c->recv, block)->kind) {
        return error;
    }
    if (c->recv.signature != MP_DATA_ANY) {
        return signature == c->recv.signature
                   ? 0
                   : mp_shm_compare_word_slow(c->comm, rank, signature, c->recv.signature);
    }
    return mp_shm_compare_type_slow(c->comm, rank, mp_block_type(&c->recv, block),
                                    mp_block_count(&c->recv, block), sent, signature);
}

// Whether a rank's post is also of as many bytes as here, and of the same type, since it is about
// one buffer that is alike at all ranks; and whether all posts are.
static inline int mp_shm_compare(const struct mp_collective *c, int rank, MPI_Count bytes)
{
    const struct mp_post *post = mp_board_post_of(c->comm, rank);
    const struct mp_post *own = mp_board_post_of(c->comm, c->comm->rank);
    int error = mp_shm_compare_kind(c, rank);
    error = error ? error : mp_shm_compare_sent(c->comm, rank, (MPI_Count)post->bytes, bytes, true);
    if (error || bytes == 0 || likely(post->signature == own->signature)) {
        return error;
    }
    return mp_shm_compare_word_slow(c->comm, rank, post->signature, own->signature);
}

static inline int mp_shm_compare_all(const struct mp_collective *c, MPI_Count bytes)
{
    int error = 0;
    for (int i = 0; i < c->comm->size && !error; i++) {
        error = mp_shm_compare(c, i, bytes);
    }
    return error;
}

// Takes `bytes` bytes, from byte `from` on of what a rank sends, into a block: as far as there is
// room, since the rank may have sent too much.
void mp_shm_take(const struct mp_blocks *blocks, int block, const char *data, MPI_Count from,
                 MPI_Count bytes);

// Whether what this rank sends and receives is more than falls to it of the caches that ranks
// share, so that the result would be gone before the program comes to read it: then it may pass
// them by
// (`passes`). More than three quarters, which leaves room for other things.
bool mp_shm_outgrows_caches(const struct mp_collective *c, MPI_Count sent);

// What a rank gives itself: from block `from` of its send side to `block` of its receive side. An
// error class.
int mp_shm_take_own(const struct mp_collective *c, int from, int block);

#endif
