// SPDX-License-Identifier: MIT
// What nonblocking collectives on a board put into posts, and what they take from them: a block or
// an operand as it is, packed; or, of the root of a scatter and of everybody in an all-to-all, the
// blocks of all other ranks, as shm_parts.h says. Read first: async.c.
#include "collectives/async.h"
#include "collectives/combine.h"
#include "collectives/shm_combine.h"
#include "object/errhandler.h"

#include <stdlib.h>
#include <string.h>

// ---- The arrays of the call

static size_t counts_bytes(const struct mp_counts *counts, int size)
{
    size_t width = counts->wide ? sizeof(MPI_Count) : sizeof(int);
    return counts->array ? mp_round_up(width * (size_t)size, sizeof(MPI_Count)) : 0;
}

static void keep_counts(struct mp_counts *counts, int size, char **at)
{
    if (counts->array) {
        memcpy(*at, counts->array, (counts->wide ? sizeof(MPI_Count) : sizeof(int)) * (size_t)size);
        counts->array = *at;
        *at += counts_bytes(counts, size);
    }
}

static inline bool has_arrays(const struct mp_blocks *side)
{
    return side->types || side->counts.array || side->displacements.array;
}

// The types first, then the counts and displacements, since all of these are as wide or narrower.
int mp_async_keep_arrays(struct mp_async *op)
{
    if (!has_arrays(&op->c.send) && !has_arrays(&op->c.recv)) {
        return 0;
    }
    struct mp_blocks *sides[2] = {&op->c.send, &op->c.recv};
    int size = op->c.comm->size;
    bool typed = sides[0]->types || sides[1]->types;
    size_t types = typed ? 2 * (size_t)size * sizeof(struct mp_datatype *) : 0;
    size_t bytes = types;

    for (int s = 0; s < 2; s++) {
        bytes += counts_bytes(&sides[s]->counts, size);
        bytes += counts_bytes(&sides[s]->displacements, size);
    }
    char *at = op->arrays = malloc(bytes);
    if (!at) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the counts of a collective operation");
    }
    op->types = typed ? (struct mp_datatype **)(void *)at : NULL;
    at += types;
    for (int s = 0; s < 2; s++) {
        struct mp_datatype **held = typed ? op->types + s * size : NULL;
        for (int i = 0; typed && i < size; i++) {
            // An empty block needs no type: what stands there may be none.
            bool needed = sides[s]->types && mp_block_count(sides[s], i) > 0;
            held[i] = needed ? mp_datatype_get(sides[s]->types[i]) : NULL;
            if (held[i]) {
                mp_datatype_hold(held[i]);
            }
        }
        sides[s]->held = held;
        keep_counts(&sides[s]->counts, size, &at);
        keep_counts(&sides[s]->displacements, size, &at);
    }
    return 0;
}

void mp_async_release_arrays(struct mp_async *op)
{
    if (!op->arrays) {
        return;
    }
    for (int i = 0; op->types && i < 2 * op->c.comm->size; i++) {
        if (op->types[i]) {
            mp_datatype_release(op->types[i]);
        }
    }
    free(op->arrays);
    op->arrays = NULL;
    op->types = NULL;
}

static bool is_root(const struct mp_async *op)
{
    return op->c.root == op->c.comm->rank;
}

// Where what this rank gives is: in place, where it would get it.
static const struct mp_blocks *given(const struct mp_async *op)
{
    bool received = op->c.kind == MP_BCAST || (op->c.in_place && op->c.kind != MP_SCATTER);
    return received ? &op->c.recv : &op->c.send;
}

// Which block of it this rank gives to a root or to all.
static int own_block(const struct mp_async *op)
{
    return op->c.in_place ? op->c.comm->rank : 0;
}

static bool gives_parts(const struct mp_async *op)
{
    return op->c.kind == MP_SCATTER || op->c.kind == MP_ALLTOALL;
}

bool mp_async_reduces(const struct mp_async *op)
{
    return op->c.op != NULL;
}

// ---- Lengths

static size_t reduced_bytes(const struct mp_async *op)
{
    const struct mp_counts *counts = &op->c.recv.counts;
    MPI_Count total = op->c.kind == MP_REDUCE_SCATTER ? 0 : counts->each;
    for (int i = 0; i < op->c.comm->size && op->c.kind == MP_REDUCE_SCATTER; i++) {
        total += mp_counts_at(counts, i);
    }
    return (size_t)(total * op->c.recv.type->size);
}

static void need(struct mp_async *op, int from, int to)
{
    op->next = op->first = from;
    op->end = op->last = to;
}

// Blocks for all others.
static void plan_parts(struct mp_async *op, bool gives, const struct mp_blocks *blocks)
{
    size_t others = (size_t)op->c.comm->size - 1;

    if (!op->c.uneven) {
        op->bytes = (size_t)mp_block_bytes(blocks, 0);
        op->fits = op->bytes <= MP_PAD_BYTES / others;
        op->signature = mp_block_signature(blocks, 0);
        op->parts =
            (struct mp_shm_parts){.even = true, .each = op->bytes, .signature = op->signature};
        op->parts.length = gives && op->fits ? op->bytes * others : 0;
    } else if (gives) {
        op->parts = mp_shm_measure(op->c.comm, blocks);
        op->fits = op->parts.length <= MP_PAD_BYTES;
    }
    op->length = gives ? op->parts.length : 0;
}

void mp_async_plan(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    int size = c->comm->size, rank = c->comm->rank;
    bool root = is_root(op), uneven = c->uneven;

    op->bytes = op->length = 0;
    op->signature = MP_DATA_ANY;
    op->fits = true;
    need(op, 0, size);
    switch (c->kind) {
    case MP_BARRIER:
        break;
    case MP_BCAST:
        op->bytes = (size_t)mp_block_bytes(&c->recv, 0);
        op->signature = mp_block_signature(&c->recv, 0);
        op->length = root ? op->bytes : 0;
        op->fits = op->bytes <= MP_PAD_BYTES;
        need(op, c->root, root ? c->root : c->root + 1);
        break;
    case MP_GATHER:
    case MP_ALLGATHER:
        op->bytes = (size_t)mp_block_bytes(given(op), own_block(op));
        op->signature = mp_block_signature(given(op), own_block(op));
        op->fits = op->bytes <= MP_PAD_BYTES;
        if (c->kind == MP_GATHER && root) {
            op->fits = uneven || op->fits;
        } else {
            op->length = op->bytes;
            need(op, 0, c->kind == MP_GATHER ? 0 : size);
        }
        break;
    case MP_SCATTER:
        need(op, c->root, root ? c->root : c->root + 1);
        plan_parts(op, root, root ? &c->send : &c->recv);
        break;
    case MP_ALLTOALL:
        plan_parts(op, true, given(op)); // what is given decides: it must fit
        break;
    default: // reductions: operands
        op->bytes = op->length = reduced_bytes(op);
        op->signature = mp_datatype_signature(c->recv.type, mp_reduced_count(c));
        op->fits =
            op->bytes <= MP_PAD_BYTES && mp_shm_operand_is_posted(c->comm, (MPI_Count)op->bytes);
        if (c->kind == MP_REDUCE && !root) {
            need(op, 0, 0);
        } else if (c->kind == MP_SCAN || c->kind == MP_EXSCAN) {
            need(op, 0, c->kind == MP_SCAN ? rank + 1 : rank);
        }
    }
    if (!op->fits && !uneven) {
        op->next = 0; // so that all who are in another operation are found out
        op->end = size;
    }
}

// ---- Giving

void mp_async_give(const struct mp_async *op, struct mp_post *post, char *data)
{
    const struct mp_collective *c = &op->c;

    if (op->length == 0) {
        return;
    }
    if (gives_parts(op)) {
        mp_shm_give_parts_at(c->comm, post, data, given(op), &op->parts);
    } else if (c->op) {
        mp_shm_put(data, c->recv.type, c->in_place ? c->recv.buffer : c->send.buffer,
                   (MPI_Count)op->bytes / c->recv.type->size, 0, (MPI_Count)op->bytes);
    } else {
        mp_shm_put_block(data, given(op), own_block(op));
    }
}

// In place, what goes out is packed away first, since it will be overwritten.
static void send_block(struct mp_async *op, int block, int rank, bool keep)
{
    const struct mp_blocks *blocks = given(op);
    MPI_Count bytes = mp_block_bytes(blocks, block);

    if (bytes == 0) {
        return;
    }
    if (!keep) {
        mp_schedule_send(op->schedule, mp_block_at(blocks, block), mp_block_count(blocks, block),
                         mp_block_type(blocks, block), rank);
        return;
    }
    char *memory = mp_schedule_bytes(op->schedule, bytes);
    if (!op->schedule->error) {
        mp_shm_put_block(memory, blocks, block);
        mp_schedule_send(op->schedule, memory, bytes, mp_byte_type(), rank);
    }
}

void mp_async_send(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    int size = c->comm->size, rank = c->comm->rank;

    if (c->kind == MP_GATHER) {
        send_block(op, own_block(op), c->root, false);
        return;
    }
    for (int k = 1; k < size; k++) {
        int to = (rank + k) % size;
        send_block(op, gives_parts(op) ? to : own_block(op), to,
                   c->in_place && c->kind == MP_ALLTOALL);
    }
}

// ---- Taking

static void wrong_length(struct mp_async *op, int error, int peer, MPI_Count room, MPI_Count bytes)
{
    op->error = error;
    op->wrong = (struct mp_wrong){.peer = peer, .expected = room, .bytes = bytes};
}

static void wrong_type(struct mp_async *op, int peer, uint32_t signature)
{
    op->error = MPI_ERR_TYPE;
    op->wrong =
        (struct mp_wrong){.peer = peer, .signature = signature, .own_signature = op->signature};
}

void mp_async_take_own(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    int from = gives_parts(op) ? c->comm->rank : 0;
    int block = c->kind == MP_SCATTER ? 0 : c->comm->rank;

    if (c->in_place || c->op || c->kind == MP_BARRIER || c->kind == MP_BCAST ||
        ((c->kind == MP_GATHER || c->kind == MP_SCATTER) && !is_root(op))) {
        return;
    }
    if (unlikely(mp_shm_take_own(c, from, block))) {
        wrong_length(op, MPI_ERR_TRUNCATE, MP_WRONG_OWN, mp_block_bytes(&c->recv, block),
                     mp_block_bytes(&c->send, from));
    }
}

// Where a rank's data is to go.
static int place_of(const struct mp_async *op, int rank)
{
    return op->c.kind == MP_BCAST || op->c.kind == MP_SCATTER ? 0 : rank;
}

void mp_async_take(struct mp_async *op, int rank, const struct mp_post *post)
{
    const struct mp_collective *c = &op->c;
    bool parts = gives_parts(op);
    struct mp_shm_given given = {.bytes = post->bytes, .signature = post->signature};

    if (c->kind == MP_BARRIER) {
        return;
    }
    if (c->op) {
        uint32_t word = post->signature;
        if (unlikely(word != op->signature && word && op->signature && op->bytes > 0)) {
            wrong_type(op, rank, word);
        }
        return;
    }
    size_t length = parts ? mp_shm_parts_length(c->comm, post) : given.bytes;
    given.data = mp_board_data_in(c->comm, rank, op->turn, length);
    if (parts) {
        given = mp_shm_part_at(c->comm, rank, post, given.data);
    }
    int block = place_of(op, rank);
    MPI_Count room = mp_block_bytes(&c->recv, block), sent = (MPI_Count)given.bytes;
    mp_shm_take(&c->recv, block, given.data, 0, sent);
    if (unlikely(sent > room)) {
        wrong_length(op, MPI_ERR_TRUNCATE, rank, room, sent);
    } else if (unlikely(sent < room) && !c->uneven) {
        wrong_length(op, MPI_ERR_COUNT, rank, room, sent);
    } else if (sent > 0 &&
               mp_datatype_contradicts(mp_block_type(&c->recv, block),
                                       mp_block_count(&c->recv, block), given.signature, sent)) {
        wrong_type(op, rank, given.signature);
        op->wrong.type = mp_block_type(&c->recv, block);
    }
}

void mp_async_receive(struct mp_async *op, int rank)
{
    const struct mp_blocks *blocks = &op->c.recv;
    int block = place_of(op, rank);

    if (mp_block_bytes(blocks, block) == 0) {
        return;
    }
    if (!op->schedule) {
        op->schedule = mp_schedule_new(op->c.comm, op->tag, NULL);
        if (op->schedule) {
            mp_schedule_stamp(op->schedule, &op->c, true);
        }
    }
    if (op->schedule) {
        mp_schedule_recv(op->schedule, mp_block_at(blocks, block), mp_block_count(blocks, block),
                         mp_block_type(blocks, block), rank);
    } else {
        op->error = MPI_ERR_NO_MEM;
    }
}

// ---- Reductions

struct posted {
    const struct mp_async *op;
    size_t from;
};

// This rank's own operand is taken from its post too: the result may go where the operand was.
static const void *operand_of(void *operands, int rank)
{
    const struct posted *p = operands;
    return mp_board_data_in(p->op->c.comm, rank, p->op->turn, p->op->bytes) + p->from;
}

static void combine_typed(struct mp_async *op, struct posted *posted, MPI_Count count, int ranks)
{
    struct mp_datatype *type = op->c.recv.type;
    MPI_Count shift;
    size_t span = mp_round_up((size_t)mp_datatype_span(type, count, &shift) + 1, 64);
    char *memory = malloc(2 * span);

    if (!memory) {
        op->error = mp_fail(MPI_ERR_NO_MEM, "no memory for the temporaries of a reduction");
        return;
    }
    void *const room[2] = {memory - shift, memory + span - shift};
    const void *result = mp_combine_typed(op->c.op, type, count, ranks, operand_of, posted, room);
    mp_datatype_copy(type, result, count, type, op->c.recv.buffer, count);
    free(memory);
}

void mp_async_combine(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    struct mp_datatype *type = c->recv.type;
    bool scan = c->kind == MP_SCAN || c->kind == MP_EXSCAN;
    int ranks = scan ? op->end : c->comm->size;
    MPI_Count before = 0, count;

    if (op->bytes == 0) {
        return;
    }
    if (c->kind == MP_REDUCE_SCATTER) {
        for (int i = 0; i < c->comm->rank; i++) {
            before += mp_counts_at(&c->recv.counts, i);
        }
        count = mp_counts_at(&c->recv.counts, c->comm->rank);
    } else {
        count = c->recv.counts.each;
    }
    if (count == 0) {
        return;
    }
    struct posted posted = {op, (size_t)(before * type->size)};
    if (likely(mp_op_is_direct(c->op, type))) {
        _Alignas(64) char between[MP_PAD_BYTES];
        mp_combine_direct(c->op, type, count, ranks, operand_of, &posted, between,
                          (char *)c->recv.buffer + type->true_lb);
    } else {
        combine_typed(op, &posted, count, ranks);
    }
}
