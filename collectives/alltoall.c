// SPDX-License-Identifier: MIT
// MPI_Alltoall, MPI_Alltoallv and MPI_Alltoallw (MPI 5.0, 6.8).
#include "collectives/collectives.h"

// Messages under way at a time, each way.
enum { WINDOW = 32 };

static void send_block(struct mp_schedule *schedule, const struct mp_blocks *blocks, int rank)
{
    if (mp_block_bytes(blocks, rank) > 0) {
        mp_schedule_send(schedule, mp_block_at(blocks, rank), mp_block_count(blocks, rank),
                         mp_block_type(blocks, rank), rank);
    }
}

static void recv_block(struct mp_schedule *schedule, const struct mp_collective *c, int rank)
{
    if (mp_block_bytes(&c->recv, rank) > 0) {
        mp_schedule_recv_either(schedule, !c->uneven, mp_block_at(&c->recv, rank),
                                mp_block_count(&c->recv, rank), mp_block_type(&c->recv, rank),
                                rank);
    }
}

// In place: what goes out is packed away first, since it will be overwritten.
static void pack_send(struct mp_schedule *schedule, const struct mp_blocks *blocks, int rank)
{
    MPI_Count bytes = mp_block_bytes(blocks, rank);
    if (bytes > 0) {
        void *memory = mp_schedule_bytes(schedule, bytes);
        mp_schedule_copy(schedule, mp_block_at(blocks, rank), mp_block_count(blocks, rank),
                         mp_block_type(blocks, rank), memory, bytes, mp_byte_type());
        mp_schedule_send(schedule, memory, bytes, mp_byte_type(), rank);
    }
}

static void copy_own(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int rank = c->comm->rank;
    if (mp_block_bytes(&c->send, rank) > 0 && mp_block_bytes(&c->recv, rank) > 0) {
        mp_schedule_copy(schedule, mp_block_at(&c->send, rank), mp_block_count(&c->send, rank),
                         mp_block_type(&c->send, rank), mp_block_at(&c->recv, rank),
                         mp_block_count(&c->recv, rank), mp_block_type(&c->recv, rank));
    }
}

// Everybody to everybody, each starting with the peer after itself, a window at a time. In place
// no window is needed to bound anything: a receive may only start when all is packed.
void mp_alltoall_direct(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    int rank = c->comm->rank;

    if (c->in_place) {
        for (int i = 1; i < size; i++) {
            pack_send(schedule, &c->recv, (rank + i) % size);
        }
        for (int i = 1; i < size; i++) {
            recv_block(schedule, c, (rank - i + size) % size);
        }
        return;
    }
    copy_own(schedule, c);
    for (int first = 1; first < size; first += WINDOW) {
        int end = first + WINDOW < size ? first + WINDOW : size;
        for (int i = first; i < end; i++) {
            recv_block(schedule, c, (rank - i + size) % size);
        }
        for (int i = first; i < end; i++) {
            send_block(schedule, &c->send, (rank + i) % size);
        }
        mp_schedule_wait(schedule);
    }
}

// Bruck et al. (1997): for small blocks, in log2(size) rounds. A block that has to travel a
// distance goes the powers of two that this distance is made of; memory is ordered by the distance
// that is left to go and, at the end, by the distance that was come.
void mp_alltoall_bruck(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = c->comm->size;
    int rank = c->comm->rank;
    const struct mp_blocks *send = c->in_place ? &c->recv : &c->send;
    MPI_Count block = mp_block_bytes(&c->recv, 0);

    if (block == 0) {
        return;
    }
    char *memory = mp_schedule_bytes(schedule, size * block);
    char *out = mp_schedule_bytes(schedule, (size + 1) / 2 * block);
    char *in = mp_schedule_bytes(schedule, (size + 1) / 2 * block);
    for (int i = 0; i < size; i++) {
        mp_schedule_copy(schedule, mp_block_at(send, (rank + i) % size), send->counts.each,
                         send->type, memory + i * block, block, bytes);
    }
    for (int bit = 1; bit < size; bit *= 2) {
        MPI_Count n = 0;
        for (int i = bit; i < size; i++) {
            if (i & bit) {
                mp_schedule_copy(schedule, memory + i * block, block, bytes, out + n * block, block,
                                 bytes);
                n++;
            }
        }
        mp_schedule_send(schedule, out, n * block, bytes, (rank + bit) % size);
        mp_schedule_recv_exact(schedule, in, n * block, bytes, (rank - bit + size) % size);
        mp_schedule_wait(schedule);
        n = 0;
        for (int i = bit; i < size; i++) {
            if (i & bit) {
                mp_schedule_copy(schedule, in + n * block, block, bytes, memory + i * block, block,
                                 bytes);
                n++;
            }
        }
    }
    for (int i = 0; i < size; i++) {
        int from = (rank - i + size) % size;
        mp_schedule_copy(schedule, memory + i * block, block, bytes, mp_block_at(&c->recv, from),
                         c->recv.counts.each, c->recv.type);
    }
}

void mp_alltoall_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int remote = c->comm->remote->size;
    for (int i = 0; i < remote; i++) {
        recv_block(schedule, c, (c->comm->rank + i) % remote);
    }
    for (int i = 0; i < remote; i++) {
        send_block(schedule, &c->send, (c->comm->rank + i) % remote);
    }
}
