// SPDX-License-Identifier: MIT
// Giving and taking a block in shared memory: the giver decides how, its post says it, and whoever
// takes it follows the post, not its own idea of the length. Read next: shm_gather.c.
#include "collectives/shm.h"

#include "base/stream.h"
#include "object/errhandler.h"
#include "process/hardware.h"

void mp_shm_take(const struct mp_blocks *blocks, int block, const char *data, MPI_Count from,
                 MPI_Count bytes)
{
    MPI_Count left = mp_block_bytes(blocks, block) - from;
    bytes = bytes < left ? bytes : left;
    if (bytes <= 0) {
        return; // then there need be no type
    }
    if (unlikely(blocks->passes) && mp_block_type(blocks, block)->contiguous) {
        char *to = (char *)mp_block_at(blocks, block) + mp_block_type(blocks, block)->true_lb;
        mp_stream_copy(to + from, data, (size_t)bytes);
    } else {
        mp_shm_get(data, mp_block_type(blocks, block), mp_block_at(blocks, block),
                   mp_block_count(blocks, block), from, bytes);
    }
}

bool mp_shm_outgrows_caches(const struct mp_collective *c, MPI_Count sent)
{
    enum { SURELY_NOT = 1 << 20 }; // nobody has less
    MPI_Count received = 0;
    for (int i = 0; i < c->comm->size; i++) {
        received += mp_block_bytes(&c->recv, i);
    }
    return received >= SURELY_NOT && (size_t)(sent + received) >= mp_hardware_cache_share() / 4 * 3;
}

int mp_shm_take_own(const struct mp_collective *c, int from, int block)
{
    MPI_Count room = mp_block_bytes(&c->recv, block);
    MPI_Count bytes = mp_block_bytes(&c->send, from);
    const struct mp_datatype *type = bytes > 0 ? mp_block_type(&c->send, from) : NULL;
    const char *at = bytes > 0 ? mp_block_at(&c->send, from) : NULL;

    if (bytes > 0 && bytes == room && type->contiguous) {
        mp_shm_take(&c->recv, block, at + type->true_lb, 0, bytes);
    } else if (bytes > 0 && room > 0) {
        mp_datatype_copy(type, at, mp_block_count(&c->send, from), mp_block_type(&c->recv, block),
                         mp_block_at(&c->recv, block), mp_block_count(&c->recv, block));
    }
    if (unlikely(bytes > room)) {
        return mp_fail(MPI_ERR_TRUNCATE,
                       "this rank sends itself %lld bytes and receives only %lld of them: its send "
                       "and receive arguments disagree",
                       (long long)bytes, (long long)room);
    }
    return 0;
}

void mp_shm_give_chunk(struct mp_comm *comm, unsigned chunk, const struct mp_blocks *blocks,
                       int block, unsigned step, int who)
{
    MPI_Count from = (MPI_Count)chunk * MP_CHUNK_BYTES;
    MPI_Count left = mp_block_bytes(blocks, block) - from;
    char *to = mp_slots_claim(comm, step, who);
    mp_shm_put(to, mp_block_type(blocks, block), mp_block_at(blocks, block),
               mp_block_count(blocks, block), from, left < MP_CHUNK_BYTES ? left : MP_CHUNK_BYTES);
}

void mp_shm_give(struct mp_comm *comm, struct mp_post *post, const struct mp_blocks *blocks,
                 int block, unsigned ways, unsigned step, int who)
{
    MPI_Count bytes = mp_block_bytes(blocks, block);

    post->bytes = (uint64_t)bytes;
    post->signature = (uint16_t)mp_block_signature(blocks, block);
    if (bytes <= MP_PAD_BYTES) {
        post->kind |= MP_POST_INLINE;
        mp_shm_put_block(mp_board_data(comm, comm->rank, (size_t)bytes), blocks, block);
        return;
    }
    const struct mp_datatype *type = mp_block_type(blocks, block);
    const char *data = (const char *)mp_block_at(blocks, block) + type->true_lb;
    if (type->contiguous && mp_shm_is_worth(ways, data, bytes)) {
        post->kind |= MP_POST_OPERAND;
        post->address[0] = (uintptr_t)data;
        return;
    }
    post->chunk = (uint32_t)comm->board.chunk;
    mp_shm_give_chunk(comm, 0, blocks, block, step, who);
}

void mp_shm_take_given(const struct mp_collective *c, int rank, unsigned chunk, int block)
{
    const struct mp_post *post = mp_board_post_of(c->comm, rank);
    MPI_Count bytes = (MPI_Count)post->bytes;

    if (post->kind & MP_POST_INLINE) {
        mp_shm_take(&c->recv, block, mp_board_data(c->comm, rank, post->bytes), 0, bytes);
    } else if (post->kind & MP_POST_OPERAND) {
        mp_shm_take_memory(c, rank, post->address[0], 0, bytes, block);
    } else {
        MPI_Count from = (MPI_Count)chunk * MP_CHUNK_BYTES;
        MPI_Count left = bytes - from;
        mp_shm_take(&c->recv, block, mp_slots_at(c->comm, rank, post->chunk + (uint64_t)chunk),
                    from, left < MP_CHUNK_BYTES ? left : MP_CHUNK_BYTES);
    }
}
