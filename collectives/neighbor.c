// SPDX-License-Identifier: MIT
// Neighbourhood collectives (MPI 5.0, 8.6): every rank exchanges blocks with the neighbours that
// its communicator's topology names, one block for each edge. What goes along two edges between the
// same two ranks is told apart by order alone, sends and receives being matched in the order of
// their steps:
// - In a graph the k-th edge to a rank is its k-th edge from us.
// - On a grid, a block sent in the negative direction of a dimension arrives from the positive one,
//   also where that is the same rank, which it is when the dimension is periodic and of length 1
//   or 2. So each dimension receives from + before it receives from -, while sends go to - first.
#include "collectives/collectives.h"
#include "object/topology.h"

// An empty block travels too where counts are given per neighbour: the other side may have room for
// more, and the next one along the same way must not be taken for it.
static bool travels(const struct mp_collective *c, MPI_Count bytes, int peer)
{
    return peer != MPI_PROC_NULL && (bytes > 0 || c->uneven);
}

static void send_block(struct mp_schedule *schedule, const struct mp_collective *c, int at,
                       int peer)
{
    MPI_Count bytes = mp_block_bytes(&c->send, at);
    if (travels(c, bytes, peer)) {
        mp_schedule_send(schedule, mp_block_at(&c->send, at), mp_block_count(&c->send, at),
                         bytes > 0 ? mp_block_type(&c->send, at) : mp_byte_type(), peer);
    }
}

static void recv_block(struct mp_schedule *schedule, const struct mp_collective *c, int at,
                       int peer)
{
    MPI_Count bytes = mp_block_bytes(&c->recv, at);
    if (travels(c, bytes, peer)) {
        mp_schedule_recv_either(schedule, !c->uneven, mp_block_at(&c->recv, at),
                                mp_block_count(&c->recv, at),
                                bytes > 0 ? mp_block_type(&c->recv, at) : mp_byte_type(), peer);
    }
}

// Receives start first, so that no message has to be kept. `each`: a block for each neighbour,
// instead of one for all.
static void exchange(struct mp_schedule *schedule, const struct mp_collective *c, bool each)
{
    const struct mp_topology *topology = c->comm->topology;
    int swap = topology->kind == MPI_CART; // - and + are 2d and 2d + 1
    for (int i = 0; i < topology->indegree; i++) {
        recv_block(schedule, c, i ^ swap, topology->sources[i ^ swap]);
    }
    for (int i = 0; i < topology->outdegree; i++) {
        send_block(schedule, c, each ? i : 0, topology->destinations[i]);
    }
}

void mp_neighbor_allgather_direct(struct mp_schedule *schedule, const struct mp_collective *c)
{
    exchange(schedule, c, false);
}

void mp_neighbor_alltoall_direct(struct mp_schedule *schedule, const struct mp_collective *c)
{
    exchange(schedule, c, true);
}
