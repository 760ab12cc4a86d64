// SPDX-License-Identifier: MIT
// MPI_Allgather and MPI_Allgatherv (MPI 5.0, 6.7).
#include "collectives/collectives.h"

static void copy_own(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    if (!c->in_place) {
        mp_schedule_copy(schedule, c->send.buffer, c->send.counts.each, c->send.type,
                         mp_block_at(&c->recv, rank), mp_block_count(&c->recv, rank), c->recv.type);
    }
}

static void recv_block(struct mp_schedule *schedule, const struct mp_collective *c, int block,
                       int peer)
{
    if (mp_block_bytes(&c->recv, block) > 0) {
        mp_schedule_recv_either(schedule, !c->uneven, mp_block_at(&c->recv, block),
                                mp_block_count(&c->recv, block), c->recv.type, peer);
    }
}

static void send_block(struct mp_schedule *schedule, const struct mp_collective *c, int block,
                       int peer)
{
    if (mp_block_bytes(&c->recv, block) > 0) {
        mp_schedule_send(schedule, mp_block_at(&c->recv, block), mp_block_count(&c->recv, block),
                         c->recv.type, peer);
    }
}

static void send_own(struct mp_schedule *schedule, const struct mp_collective *c, int peer)
{
    if (mp_block_bytes(&c->send, 0) > 0) {
        mp_schedule_send(schedule, c->send.buffer, c->send.counts.each, c->send.type, peer);
    }
}

// Everybody to everybody at once.
void mp_allgather_direct(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    int rank = c->comm->rank;

    for (int i = 1; i < size; i++) {
        int from = (rank - i + size) % size;
        recv_block(schedule, c, from, from);
    }
    for (int i = 1; i < size; i++) {
        if (c->in_place) {
            send_block(schedule, c, rank, (rank + i) % size);
        } else {
            send_own(schedule, c, (rank + i) % size);
        }
    }
    copy_own(schedule, c);
}

// Bruck et al., "Efficient algorithms for all-to-all communications" (1997): for small blocks, in
// log2(size) rounds. Memory holds the packed blocks from this rank's own onwards, around the end.
void mp_allgather_bruck(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = c->comm->size;
    int rank = c->comm->rank;
    MPI_Count block = mp_block_bytes(&c->recv, 0);

    if (block == 0) {
        return;
    }
    char *memory = mp_schedule_bytes(schedule, size * block);
    copy_own(schedule, c);
    mp_schedule_copy(schedule, mp_block_at(&c->recv, rank), c->recv.counts.each, c->recv.type,
                     memory, block, bytes);
    for (int have = 1; have < size; have *= 2) {
        int more = have < size - have ? have : size - have;
        mp_schedule_send(schedule, memory, more * block, bytes, (rank - have + size) % size);
        mp_schedule_recv_exact(schedule, memory + have * block, more * block, bytes,
                               (rank + have) % size);
        mp_schedule_wait(schedule);
    }
    for (int i = 1; i < size; i++) {
        mp_schedule_copy(schedule, memory + i * block, block, bytes,
                         mp_block_at(&c->recv, (rank + i) % size), c->recv.counts.each,
                         c->recv.type);
    }
}

// Each block goes once around: as many bytes as direct, with one peer at a time.
void mp_allgather_ring(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    int rank = c->comm->rank;
    int right = (rank + 1) % size;
    int left = (rank - 1 + size) % size;

    copy_own(schedule, c);
    for (int i = 1; i < size; i++) {
        recv_block(schedule, c, (rank - i + size) % size, left);
        send_block(schedule, c, (rank - i + 1 + size) % size, right);
        mp_schedule_wait(schedule);
    }
}

void mp_allgather_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int remote = c->comm->remote->size;
    for (int i = 0; i < remote; i++) {
        int from = (c->comm->rank + i) % remote;
        recv_block(schedule, c, from, from);
    }
    for (int i = 0; i < remote; i++) {
        send_own(schedule, c, (c->comm->rank + i) % remote);
    }
}
