// SPDX-License-Identifier: MIT
// MPI_Bcast (MPI 5.0, 6.4).
#include "collectives/collectives.h"

// A rank relative to the root has its parent where its lowest set bit is cleared, and children
// below that bit.
void mp_add_bcast(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                  struct mp_datatype *type, int root)
{
    int size = schedule->scope.size;
    int relative = (schedule->scope.rank - root + size) % size;
    int bit = 1;

    for (; bit < size; bit *= 2) {
        if (relative & bit) {
            mp_schedule_recv_exact(schedule, buffer, count, type, (relative - bit + root) % size);
            mp_schedule_wait(schedule);
            break;
        }
    }
    for (bit /= 2; bit > 0; bit /= 2) {
        if (relative + bit < size) {
            mp_schedule_send(schedule, buffer, count, type, (relative + bit + root) % size);
        }
    }
}

void mp_bcast_binomial(struct mp_schedule *schedule, const struct mp_collective *c)
{
    mp_add_bcast(schedule, c->recv.buffer, c->recv.counts.each, c->recv.type, c->root);
}

// The root sends to all: where receivers copy long messages out of its memory by themselves, they
// all do so at once.
void mp_bcast_linear(struct mp_schedule *schedule, const struct mp_collective *c)
{
    int size = c->comm->size;
    if (c->comm->rank != c->root) {
        mp_schedule_recv_exact(schedule, c->recv.buffer, c->recv.counts.each, c->recv.type,
                               c->root);
        return;
    }
    for (int i = 1; i < size; i++) {
        mp_schedule_send(schedule, c->recv.buffer, c->recv.counts.each, c->recv.type,
                         (c->root + i) % size);
    }
}

// A long message cut in one piece per rank; pieces by rank relative to the root.
struct pieces {
    char *memory;
    MPI_Count total, piece;
    int size, root, relative;
};

// Address and length of pieces [from, to).
static MPI_Count span_of(const struct pieces *p, int from, int to, char **at)
{
    MPI_Count begin = from * p->piece < p->total ? from * p->piece : p->total;
    MPI_Count end = to * p->piece < p->total ? to * p->piece : p->total;
    *at = p->memory + begin;
    return end - begin;
}

static void send_pieces(struct mp_schedule *schedule, const struct pieces *p, int from, int to,
                        int relative)
{
    char *at;
    MPI_Count bytes = span_of(p, from, to, &at);
    if (bytes > 0) {
        mp_schedule_send(schedule, at, bytes, mp_byte_type(), (relative + p->root) % p->size);
    }
}

static void recv_pieces(struct mp_schedule *schedule, const struct pieces *p, int from, int to,
                        int relative)
{
    char *at;
    MPI_Count bytes = span_of(p, from, to, &at);
    if (bytes > 0) {
        mp_schedule_recv_exact(schedule, at, bytes, mp_byte_type(), (relative + p->root) % p->size);
    }
}

static void scatter_pieces(struct mp_schedule *schedule, const struct pieces *p)
{
    int bit = 1;
    for (; bit < p->size; bit *= 2) {
        if (p->relative & bit) {
            recv_pieces(schedule, p, p->relative, p->relative + bit, p->relative - bit);
            mp_schedule_wait(schedule);
            break;
        }
    }
    for (bit /= 2; bit > 0; bit /= 2) {
        if (p->relative + bit < p->size) {
            send_pieces(schedule, p, p->relative + bit, p->relative + 2 * bit, p->relative + bit);
        }
    }
}

// Each piece goes once around; only the root, which has all of them, gets none.
static void ring_pieces(struct mp_schedule *schedule, const struct pieces *p)
{
    int right = (p->relative + 1) % p->size;
    int left = (p->relative - 1 + p->size) % p->size;
    for (int i = 1; i < p->size; i++) {
        int mine = (p->relative - i + 1 + p->size) % p->size;
        int theirs = (p->relative - i + p->size) % p->size;
        if (p->relative != 0) {
            recv_pieces(schedule, p, theirs, theirs + 1, left);
        }
        if (right != 0) {
            send_pieces(schedule, p, mine, mine + 1, right);
        }
        mp_schedule_wait(schedule);
    }
}

// Van de Geijn: scatter the message down the binomial tree, then gather it everywhere around a
// ring: each rank sends it about twice, however many there are.
void mp_bcast_scatter_allgather(struct mp_schedule *schedule, const struct mp_collective *c)
{
    struct mp_datatype *type = c->recv.type;
    MPI_Count count = c->recv.counts.each;
    struct pieces p = {.total = count * type->size, .size = c->comm->size, .root = c->root};

    p.relative = (c->comm->rank - c->root + p.size) % p.size;
    p.piece = (p.total + p.size - 1) / p.size;
    p.piece = (MPI_Count)mp_round_up((size_t)p.piece, 64);
    if (type->contiguous) {
        p.memory = mp_advance_bytes(c->recv.buffer, type->true_lb);
    } else {
        p.memory = mp_schedule_bytes(schedule, p.total);
    }
    if (!type->contiguous && p.relative == 0) {
        mp_schedule_copy(schedule, c->recv.buffer, count, type, p.memory, p.total, mp_byte_type());
    }
    scatter_pieces(schedule, &p);
    ring_pieces(schedule, &p);
    if (!type->contiguous && p.relative != 0) {
        mp_schedule_copy(schedule, p.memory, p.total, mp_byte_type(), c->recv.buffer, count, type);
    }
}

// From the root to the other group's leader, and down from there.
void mp_bcast_inter(struct mp_schedule *schedule, const struct mp_collective *c)
{
    MPI_Count count = c->recv.counts.each;
    if (c->root == MPI_PROC_NULL) {
        return;
    }
    if (c->root == MPI_ROOT) {
        mp_schedule_send(schedule, c->recv.buffer, count, c->recv.type, 0);
        return;
    }
    if (c->comm->rank == 0) {
        mp_schedule_recv_exact(schedule, c->recv.buffer, count, c->recv.type, c->root);
        mp_schedule_wait(schedule);
    }
    mp_schedule_local(schedule);
    mp_add_bcast(schedule, c->recv.buffer, count, c->recv.type, 0);
}
