// SPDX-License-Identifier: MIT
// MPI_Gather and MPI_Gatherv (MPI 5.0, 6.5).
#include "collectives/collectives.h"

static void send_own(struct mp_schedule *schedule, const struct mp_collective *c, int root)
{
    if (mp_block_bytes(&c->send, 0) > 0) {
        mp_schedule_send(schedule, c->send.buffer, c->send.counts.each, c->send.type, root);
    }
}

static void recv_block(struct mp_schedule *schedule, const struct mp_collective *c, int rank)
{
    if (mp_block_bytes(&c->recv, rank) > 0) {
        mp_schedule_recv_either(schedule, !c->uneven, mp_block_at(&c->recv, rank),
                                mp_block_count(&c->recv, rank), c->recv.type, rank);
    }
}

static void copy_own(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    if (!c->in_place) {
        mp_schedule_copy(schedule, c->send.buffer, c->send.counts.each, c->send.type,
                         mp_block_at(&c->recv, rank), mp_block_count(&c->recv, rank), c->recv.type);
    }
}

// Everybody sends to the root, which receives each block where it belongs.
void mp_gather_linear(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    if (c->comm->rank != c->root) {
        send_own(schedule, c, c->root);
        return;
    }
    for (int i = 1; i < size; i++) {
        recv_block(schedule, c, (c->root + i) % size);
    }
    copy_own(schedule, c);
}

// Up a binomial tree, for small blocks and many ranks: a rank collects the packed blocks of its
// subtree, its own first, in the order of ranks relative to the root.
void mp_gather_binomial(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = c->comm->size;
    int relative = (c->comm->rank - c->root + size) % size;
    bool root = relative == 0;
    MPI_Count block = mp_block_bytes(root ? &c->recv : &c->send, 0);
    int below = 1; // width of the subtree, unless the last rank cuts it off

    if (block == 0) {
        return;
    }
    while (below < size && !(relative & below)) {
        below *= 2;
    }
    int width = below < size - relative ? below : size - relative;
    int parent = (relative - below + c->root + size) % size;
    if (width == 1 && !root) {
        mp_schedule_send(schedule, c->send.buffer, c->send.counts.each, c->send.type, parent);
        return;
    }
    char *memory = mp_schedule_bytes(schedule, width * block);
    for (int bit = 1; bit < width; bit *= 2) {
        int their = bit < width - bit ? bit : width - bit;
        mp_schedule_recv_exact(schedule, memory + bit * block, their * block, bytes,
                               (relative + bit + c->root) % size);
    }
    if (!root) {
        mp_schedule_copy(schedule, c->send.buffer, c->send.counts.each, c->send.type, memory, block,
                         bytes);
        mp_schedule_wait(schedule);
        mp_schedule_send(schedule, memory, width * block, bytes, parent);
        return;
    }
    copy_own(schedule, c);
    mp_schedule_wait(schedule);
    for (int i = 1; i < size; i++) {
        int rank = (i + c->root) % size;
        mp_schedule_copy(schedule, memory + i * block, block, bytes, mp_block_at(&c->recv, rank),
                         c->recv.counts.each, c->recv.type);
    }
}

void mp_gather_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    if (c->root == MPI_ROOT) {
        for (int i = 0; i < c->comm->remote->size; i++) {
            recv_block(schedule, c, i);
        }
    } else if (c->root != MPI_PROC_NULL) {
        send_own(schedule, c, c->root);
    }
}
