// SPDX-License-Identifier: MIT
// Boards and the barrier on them.
//
// Where the lines are: the lines of context pair p are number p * world size + world rank in the
// pool, so nothing has to be allocated or told to anybody.
//
// Why a barrier is right: `arrived` counts the barriers that its rank has entered on this
// communicator; only that rank writes it. A rank leaves barrier e when every line is at least e. A
// line may already be at e + 1 (its rank left e and entered the next), never further, since that
// rank then waits for us.
//
// Why a pair can be used again: a context pair is agreed upon only when all members have freed the
// communicator that had it before, so nobody looks at its lines any more. Each member sets its own
// line to 0 when it makes the new communicator. The first barrier goes by messages: when it is
// over, all have done that.
#include "collectives/board.h"

#include "core/channel.h"
#include "core/process.h"
#include "core/progress.h"

// One per rank and communicator, written only by that rank.
struct mp_board_line {
    _Alignas(MP_APART) _Atomic uint64_t arrived;
};
_Static_assert(sizeof(struct mp_board_line) == MP_APART, "one line of the pool");

// Looks at the lines between two progress calls, when a rank is alone on its core.
enum { LOOKS = 32 };

static struct mp_board_line *pool_lines(const struct mp_comm *comm)
{
    const struct mp_segment_header *segment = mp_process.segment;
    uint64_t first = (uint64_t)(comm->context / 2) * segment->nranks;
    if (!mp_process.shm || comm->remote || first + segment->nranks > segment->pool_lines) {
        return NULL;
    }
    return (struct mp_board_line *)(void *)((char *)mp_process.segment + segment->pool_offset) +
           first;
}

void mp_board_world(void)
{
    mp_comm_world.lines = pool_lines(&mp_comm_world);
    mp_comm_world.board_ready = true; // fresh memory: all lines are 0
}

void mp_board_new(struct mp_comm *comm)
{
    comm->lines = pool_lines(comm);
    comm->board_ready = false;
    comm->board_epoch = 0;
    if (comm->lines) {
        atomic_store_explicit(&comm->lines[mp_process.rank].arrived, 0, memory_order_relaxed);
    }
}

void mp_board_ready(struct mp_comm *comm)
{
    comm->board_ready = true;
}

// True when all ranks have arrived at `epoch`. *from: the ranks before it were seen to have.
static inline bool all_arrived(const struct mp_comm *comm, uint64_t epoch, int *from)
{
    for (; *from < comm->size; ++*from) {
        const struct mp_board_line *line = &comm->lines[mp_group_world(comm->group, *from)];
        // Acquire: pairs with the release below; what the rank did before the barrier is visible.
        if (atomic_load_explicit(&line->arrived, memory_order_acquire) < epoch) {
            return false;
        }
    }
    return true;
}

bool mp_board_barrier(struct mp_comm *comm)
{
    if (!comm->lines || !comm->board_ready) {
        return false;
    }
    uint64_t epoch = ++comm->board_epoch;
    int from = 0;

    atomic_store_explicit(&comm->lines[mp_process.rank].arrived, epoch, memory_order_release);
    for (int i = 0; i < comm->size; i++) {
        mp_shm_notify(mp_shm_peers[mp_group_world(comm->group, i)].board);
    }
    bool shared = mp_process.crowded;
    for (int look = 0; look < (shared ? 1 : LOOKS); look++) {
        if (all_arrived(comm, epoch, &from)) {
            return true;
        }
    }
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, 0, comm->context + 1, 0);
    while (!all_arrived(comm, epoch, &from)) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
    return true;
}
