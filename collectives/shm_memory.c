// SPDX-License-Identifier: MIT
// Using the memory of other members. Whether the kernel lets ranks do that is found out once per
// pair of ranks, when a communicator first has something long to move that is not in the heap.
// Read next: shm_give.c.
#include "collectives/shm_memory.h"

#include "collectives/shm.h"
#include "message/errand.h"

// Relaxed: nothing else is read on the strength of what it says, and what it says may be wrong by
// the time that somebody acts on it.
static void say_copies(const struct mp_comm *comm, bool copies)
{
    atomic_store_explicit(&comm->board.own->copies, copies, memory_order_relaxed);
}

static bool may_copy(const struct mp_comm *comm)
{
    for (int i = 0; i < comm->size; i++) {
        if (i != comm->rank && !mp_remote_can(mp_group_world(comm->group, i))) {
            return false;
        }
    }
    return true;
}

bool mp_shm_may_copy_slow(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    bool before = board->copies;

    board->losses = mp_remote_losses;
    board->copies = may_copy(comm);
    board->all_copy = false;
    if (board->copies != before) {
        say_copies(comm, board->copies);
    }
    return board->copies;
}

// All members are known to be allowed to.
static bool all_may_copy(struct mp_comm *comm)
{
    if (!mp_shm_may_copy(comm)) {
        return false;
    }
    if (comm->board.all_copy) {
        return true;
    }
    for (int i = 0; i < comm->size; i++) {
        if (!atomic_load_explicit(&mp_board_desk(comm, i)->copies, memory_order_relaxed)) {
            return false;
        }
    }
    comm->board.all_copy = true;
    return true;
}

unsigned mp_shm_ways(struct mp_comm *comm, MPI_Count longest, unsigned waited)
{
    unsigned ways = waited;
    if ((waited ? 2 : 1) * longest >= MP_SHM_MEMORY_LEAST && mp_board_all_reach(comm)) {
        ways |= MP_POST_REACHES;
    }
    if (longest >= MP_SHM_KERNEL_LEAST && all_may_copy(comm)) {
        ways |= MP_POST_COPIES;
    }
    return ways;
}

// The kernel refuses, and most likely will from now on. The others learn it before the errand
// reaches one of them, and it is right without: whoever offers memory once more has an errand to
// do.
static void lose(const struct mp_comm *comm)
{
    say_copies(comm, false);
}

void mp_shm_read(const struct mp_comm *comm, int rank, uint64_t address, void *to, MPI_Count bytes)
{
    const char *near = mp_shm_near(comm, rank, address, bytes);
    int world = mp_group_world(comm->group, rank);
    if (near) {
        memcpy(to, near, (size_t)bytes);
    } else if (!mp_remote_read(world, address, to, (size_t)bytes)) {
        lose(comm);
        mp_errand_fetch(world, address, to, (size_t)bytes);
    }
}

void mp_shm_write(const struct mp_comm *comm, int rank, uint64_t address, const void *from,
                  MPI_Count bytes)
{
    char *near = mp_shm_near(comm, rank, address, bytes);
    int world = mp_group_world(comm->group, rank);
    if (near) {
        memcpy(near, from, (size_t)bytes);
    } else if (!mp_remote_write(world, address, from, (size_t)bytes)) {
        lose(comm);
        mp_errand_store(world, address, from, (size_t)bytes);
    }
}

// Bytes that are fetched through the kernel at a time where they cannot go where they belong at
// once: long enough that entering the kernel does not matter, short enough for the second-level
// cache.
enum { PIECE = 64 << 10 };

void mp_shm_take_memory(const struct mp_collective *c, int rank, uint64_t address, MPI_Count from,
                        MPI_Count bytes, int block)
{
    MPI_Count left = mp_block_bytes(&c->recv, block) - from;
    bytes = bytes < left ? bytes : left;
    if (bytes <= 0) {
        return;
    }
    const char *near = mp_shm_near(c->comm, rank, address + (uint64_t)from, bytes);
    const struct mp_datatype *type = mp_block_type(&c->recv, block);
    if (near) {
        mp_shm_take(&c->recv, block, near, from, bytes);
    } else if (type->contiguous) {
        char *to = (char *)mp_block_at(&c->recv, block) + type->true_lb + from;
        mp_shm_read(c->comm, rank, address + (uint64_t)from, to, bytes);
    } else {
        static char piece[PIECE];
        for (MPI_Count end = from + bytes; from < end; from += PIECE) {
            MPI_Count length = end - from < PIECE ? end - from : PIECE;
            mp_shm_read(c->comm, rank, address + (uint64_t)from, piece, length);
            mp_shm_take(&c->recv, block, piece, from, length);
        }
    }
}

void mp_shm_post_place(struct mp_comm *comm, struct mp_post *post, const struct mp_blocks *blocks)
{
    MPI_Count bytes = mp_block_bytes(blocks, 0);
    if (bytes < MP_SHM_MEMORY_LEAST || !blocks->type->contiguous) {
        return;
    }
    const char *place = (const char *)blocks->buffer + blocks->type->true_lb;
    post->address[1] = (uintptr_t)place;
    if (mp_shm_is_reachable(place, bytes)) {
        post->kind |= MP_POST_RESULT;
    }
    if (bytes >= MP_SHM_KERNEL_LEAST && mp_shm_may_copy(comm)) {
        post->kind |= MP_POST_PLACE;
    }
}

unsigned mp_shm_shares(unsigned ways)
{
    return mp_process.crowded ? 0 : MP_POST_SHARES | ways;
}

MPI_Count mp_shm_root_part(const struct mp_comm *comm, const struct mp_post *root,
                           const struct mp_post *other, MPI_Count bytes)
{
    bool heap = other->kind & MP_POST_RESULT && root->kind & MP_POST_REACHES;
    bool kernel = other->kind & MP_POST_PLACE && root->kind & MP_POST_COPIES;
    bool fits = (uint64_t)bytes <= other->bytes;
    bool shares = root->kind & MP_POST_SHARES && fits && (heap || kernel);
    return shares ? mp_shm_part_of_root(comm, bytes) : 0;
}
