// SPDX-License-Identifier: MIT
// MPI_Scatter and MPI_Scatterv (MPI 5.0, 6.6): gather.c, the other way round.
#include "collectives/collectives.h"

static void recv_own(struct mp_schedule *schedule, const struct mp_collective *c, int root)
{
    if (mp_block_bytes(&c->recv, 0) > 0) {
        mp_schedule_recv_either(schedule, !c->uneven, c->recv.buffer, c->recv.counts.each,
                                c->recv.type, root);
    }
}

static void send_block(struct mp_schedule *schedule, const struct mp_collective *c, int rank)
{
    if (mp_block_bytes(&c->send, rank) > 0) {
        mp_schedule_send(schedule, mp_block_at(&c->send, rank), mp_block_count(&c->send, rank),
                         c->send.type, rank);
    }
}

static void copy_own(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    if (!c->in_place) {
        mp_schedule_copy(schedule, mp_block_at(&c->send, rank), mp_block_count(&c->send, rank),
                         c->send.type, c->recv.buffer, c->recv.counts.each, c->recv.type);
    }
}

void mp_scatter_linear(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    if (c->comm->rank != c->root) {
        recv_own(schedule, c, c->root);
        return;
    }
    for (int i = 1; i < size; i++) {
        send_block(schedule, c, (c->root + i) % size);
    }
    copy_own(schedule, c);
}

// Down a binomial tree, for small blocks and many ranks: a rank gets the packed blocks of its
// subtree, its own first, and hands on those of its children.
void mp_scatter_binomial(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = c->comm->size;
    int relative = (c->comm->rank - c->root + size) % size;
    bool root = relative == 0;
    MPI_Count block = mp_block_bytes(root ? &c->send : &c->recv, 0);
    int below = 1;

    if (block == 0) {
        return;
    }
    while (below < size && !(relative & below)) {
        below *= 2;
    }
    int width = below < size - relative ? below : size - relative;
    int parent = (relative - below + c->root + size) % size;
    if (width == 1 && !root) {
        mp_schedule_recv_exact(schedule, c->recv.buffer, c->recv.counts.each, c->recv.type, parent);
        return;
    }
    char *memory = mp_schedule_bytes(schedule, width * block);
    if (root) {
        for (int i = 1; i < size; i++) {
            mp_schedule_copy(schedule, mp_block_at(&c->send, (i + c->root) % size),
                             c->send.counts.each, c->send.type, memory + i * block, block, bytes);
        }
    } else {
        mp_schedule_recv_exact(schedule, memory, width * block, bytes, parent);
        mp_schedule_wait(schedule);
    }
    for (int bit = below / 2; bit > 0; bit /= 2) {
        if (bit < width) {
            int their = bit < width - bit ? bit : width - bit;
            mp_schedule_send(schedule, memory + bit * block, their * block, bytes,
                             (relative + bit + c->root) % size);
        }
    }
    if (root) {
        copy_own(schedule, c);
    } else {
        mp_schedule_copy(schedule, memory, block, bytes, c->recv.buffer, c->recv.counts.each,
                         c->recv.type);
    }
}

void mp_scatter_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    if (c->root == MPI_ROOT) {
        for (int i = 0; i < c->comm->remote->size; i++) {
            send_block(schedule, c, i);
        }
    } else if (c->root != MPI_PROC_NULL) {
        recv_own(schedule, c, c->root);
    }
}
