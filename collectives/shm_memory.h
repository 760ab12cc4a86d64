// SPDX-License-Identifier: MIT
// The memory of other members, used by collective operations straight where the program has it:
// what lies in the shared heap is simply read and written; anything else goes through the kernel
// (process/remote.h), where that is allowed. Read first: board.h. Used in: shm_give.c,
// shm_combine.c.
#ifndef MP_COLLECTIVES_SHM_MEMORY_H
#define MP_COLLECTIVES_SHM_MEMORY_H

#include "collectives/board.h"
#include "collectives/collectives.h"
#include "heap/heap.h"
#include "process/remote.h"

// From how many bytes on a block is taken from memory. In the heap: a page; what is saved is the
// copy into the chunk, which then takes as long as the readers' word, for which the giver waits,
// needs to come over. Through the kernel: several pages, since it takes as long to find a page as
// to copy it, and as long again to enter the kernel at all. (In reductions, where a piece comes and
// goes, that is asked of a slice.) By way of chunks a page takes as long as that between cores that
// share a cache, and three times as long between those that do not.
enum { MP_SHM_MEMORY_LEAST = 4 << 10, MP_SHM_KERNEL_LEAST = 16 << 10 };

// Beside the ways below: everybody waits for everybody anyway, so half as much is worth it.
enum { MP_SHM_WAITED = 1 };

// Whether peers that have mapped the shared heap may use this rank's memory.
static inline bool mp_shm_is_reachable(const void *address, MPI_Count bytes)
{
    return mp_heap_holds(address, (size_t)bytes);
}

// Whether this rank may use all members' memory through the kernel; says so on its desk. It may
// be no longer true when it comes to that.
bool mp_shm_may_copy_slow(struct mp_comm *comm);
static inline bool mp_shm_may_copy(struct mp_comm *comm)
{
    const struct mp_comm_board *board = &comm->board;
    return (board->copies && likely(board->losses == mp_remote_losses)) ||
           mp_shm_may_copy_slow(comm);
}

// The ways in which all members are known to be able to use blocks of up to so many bytes in each
// other's memory: MP_POST_REACHES (those in the heap), MP_POST_COPIES (all). To be asked once in an
// operation, since the answer may be another one a moment later.
unsigned mp_shm_ways(struct mp_comm *comm, MPI_Count longest, unsigned waited);

// Whether this rank's block at `data` is one that all members can take from memory in these ways,
// and long enough for that.
static inline bool mp_shm_is_worth(unsigned ways, const void *data, MPI_Count bytes)
{
    MPI_Count least = ways & MP_SHM_WAITED ? MP_SHM_MEMORY_LEAST / 2 : MP_SHM_MEMORY_LEAST;
    return (ways & MP_POST_REACHES && bytes >= least && mp_shm_is_reachable(data, bytes)) ||
           (ways & MP_POST_COPIES && bytes >= MP_SHM_KERNEL_LEAST);
}

// Copies to or from the memory of a member, which was said to be usable and is not left before this
// rank has said that it is done. Where this rank may not after all, the member does it
// (message/errand.h).
void mp_shm_read(const struct mp_comm *comm, int rank, uint64_t address, void *to, MPI_Count bytes);
void mp_shm_write(const struct mp_comm *comm, int rank, uint64_t address, const void *from,
                  MPI_Count bytes);

// Where it is for this rank; NULL if only the kernel can get there.
static inline char *mp_shm_near(const struct mp_comm *comm, int rank, uint64_t address,
                                MPI_Count bytes)
{
    if (rank == comm->rank) {
        return (char *)(uintptr_t)address;
    }
    return mp_heap_reach(mp_group_world(comm->group, rank), (const void *)(uintptr_t)address,
                         (size_t)bytes);
}

// Takes bytes [from, from + bytes) of what lies at `address` in the memory of a rank, packed, into
// the same place of a block, as far as there is room.
void mp_shm_take_memory(const struct mp_collective *c, int rank, uint64_t address, MPI_Count from,
                        MPI_Count bytes, int block);

// ---- The root moves a part

// With one root, the others would be done long before the root, or the other way round, if blocks
// were moved by one side only. So where the root's post says that it shares (MP_POST_SHARES), it
// moves the end of each block, and the other rank the rest, which is as much as the root moves in
// all. A rank's post says where its block goes.

// Says so in a post: where the block goes, and whether the root may write there.
void mp_shm_post_place(struct mp_comm *comm, struct mp_post *post, const struct mp_blocks *blocks);

// Whether the root shares at all: what its post is to say. It does not where ranks have to take
// turns on the cores: then nobody should wait for anybody else.
unsigned mp_shm_shares(unsigned ways);

// The root's part of the block for a rank, in bytes: known to both from their two posts.
MPI_Count mp_shm_root_part(const struct mp_comm *comm, const struct mp_post *root,
                           const struct mp_post *other, MPI_Count bytes);

// Of a block of so many bytes, if it does.
static inline MPI_Count mp_shm_part_of_root(const struct mp_comm *comm, MPI_Count bytes)
{
    return bytes / comm->size & ~(MPI_Count)63;
}

#endif
