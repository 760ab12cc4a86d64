// SPDX-License-Identifier: MIT
// What nonblocking collectives on a board put into posts, and what they take from them.
//
// Data in a post, by operation: a block or an operand as it is, packed; or, of the root of a
// scatter and of everybody in an all-to-all, the blocks of all other ranks, beginning with that of
// the rank after it. Where those may differ in length, a directory stands before them: per block,
// in the same order, where it ends, counted from the end of the directory. Read first: async.c.
#include "collectives/async.h"
#include "collectives/shm_combine.h"
#include "collectives/shm_parts.h"
#include "object/errhandler.h"

#include <stdlib.h>
#include <string.h>

// ---- Blocks

struct block {
    void *at;
    MPI_Count count;
    struct mp_datatype *type;
    size_t bytes;
};

static struct mp_datatype *type_of(const struct mp_async *op, const struct mp_blocks *blocks,
                                   int rank)
{
    if (!blocks->types) {
        return blocks->type;
    }
    return op->types[(blocks == &op->c.recv ? op->c.comm->size : 0) + rank];
}

static struct block block_of(const struct mp_async *op, const struct mp_blocks *blocks, int rank)
{
    MPI_Count count = mp_block_count(blocks, rank);
    struct mp_datatype *type = count > 0 ? type_of(op, blocks, rank) : NULL;
    size_t bytes = type ? (size_t)(count * type->size) : 0;
    return (struct block){bytes ? mp_block_at(blocks, rank) : NULL, count, type, bytes};
}

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

// The types first, then the counts and displacements, since all of these are as wide or narrower.
int mp_async_keep_arrays(struct mp_async *op)
{
    struct mp_blocks *sides[2] = {&op->c.send, &op->c.recv};
    int size = op->c.comm->size;
    bool typed = sides[0]->types || sides[1]->types;
    size_t types = typed ? 2 * (size_t)size * sizeof(struct mp_datatype *) : 0;
    size_t bytes = types;

    for (int s = 0; s < 2; s++) {
        bytes += counts_bytes(&sides[s]->counts, size);
        bytes += counts_bytes(&sides[s]->displacements, size);
    }
    if (bytes == 0) {
        return 0;
    }
    char *at = op->arrays = malloc(bytes);
    if (!at) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for the counts of a collective operation");
    }
    op->types = typed ? (struct mp_datatype **)(void *)at : NULL;
    at += types;
    for (int s = 0; s < 2; s++) {
        for (int i = 0; typed && i < size; i++) {
            // An empty block needs no type: what stands there may be none.
            bool needed = sides[s]->types && mp_block_count(sides[s], i) > 0;
            struct mp_datatype *type = needed ? mp_datatype_get(sides[s]->types[i]) : NULL;
            op->types[s * size + i] = type;
            if (type) {
                mp_datatype_hold(type);
            }
        }
        keep_counts(&sides[s]->counts, size, &at);
        keep_counts(&sides[s]->displacements, size, &at);
    }
    return 0;
}

void mp_async_release_arrays(struct mp_async *op)
{
    for (int i = 0; op->types && i < 2 * op->c.comm->size; i++) {
        if (op->types[i]) {
            mp_datatype_release(op->types[i]);
        }
    }
    free(op->arrays);
    op->arrays = NULL;
    op->types = NULL;
}

static void put(char *to, const struct block *b)
{
    if (b->bytes > 0) {
        mp_shm_put(to, b->type, b->at, b->count, 0, (MPI_Count)b->bytes);
    }
}

// As far as there is room.
static void get(const struct block *b, const char *data, size_t bytes)
{
    bytes = bytes < b->bytes ? bytes : b->bytes;
    if (bytes > 0) {
        mp_shm_get(data, b->type, b->at, b->count, 0, (MPI_Count)bytes);
    }
}

static bool is_root(const struct mp_async *op)
{
    return op->c.root == op->c.comm->rank;
}

// Where what this rank gives is: in place, where it would get it.
static const struct mp_blocks *given(const struct mp_async *op)
{
    return op->c.in_place && op->c.kind != MP_SCATTER ? &op->c.recv : &op->c.send;
}

// The block that this rank gives in a gather or allgather.
static struct block own_block(const struct mp_async *op)
{
    return block_of(op, given(op), op->c.in_place ? op->c.comm->rank : 0);
}

bool mp_async_reduces(const struct mp_async *op)
{
    return op->c.op != NULL;
}

// ---- Lengths

static size_t directory_bytes(const struct mp_async *op)
{
    return mp_round_up((size_t)(op->c.comm->size - 1) * sizeof(uint32_t), 16);
}

// Of blocks that may differ, with the directory; more than `most` if that is too much.
static size_t uneven_bytes(const struct mp_async *op, size_t most)
{
    size_t total = directory_bytes(op);
    for (int i = 0; i < op->c.comm->size && total <= most; i++) {
        size_t bytes = i == op->c.comm->rank ? 0 : block_of(op, given(op), i).bytes;
        total = bytes > most ? most + 1 : total + bytes;
    }
    return total;
}

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
    op->next = from;
    op->end = to;
}

void mp_async_plan(struct mp_async *op, size_t most)
{
    const struct mp_collective *c = &op->c;
    int size = c->comm->size, rank = c->comm->rank;
    size_t others = (size_t)size - 1;
    bool root = is_root(op), uneven = c->uneven;

    op->bytes = op->length = 0;
    op->fits = true;
    need(op, 0, size);
    switch (c->kind) {
    case MP_BARRIER:
        break;
    case MP_BCAST:
        op->bytes = block_of(op, &c->recv, 0).bytes;
        op->length = root ? op->bytes : 0;
        op->fits = op->bytes <= most;
        need(op, c->root, root ? c->root : c->root + 1);
        break;
    case MP_GATHER:
    case MP_ALLGATHER:
        op->bytes = own_block(op).bytes;
        op->fits = op->bytes <= most;
        if (c->kind == MP_GATHER && root) {
            op->fits = uneven || op->fits;
        } else {
            op->length = op->bytes;
            need(op, 0, c->kind == MP_GATHER ? 0 : size);
        }
        break;
    case MP_SCATTER:
        need(op, c->root, root ? c->root : c->root + 1);
        if (uneven) {
            op->bytes = op->length = root ? uneven_bytes(op, most) : 0;
            op->fits = op->length <= most;
        } else {
            op->bytes = block_of(op, root ? &c->send : &c->recv, 0).bytes;
            op->fits = op->bytes <= most / others;
            op->length = root ? op->bytes * others : 0;
        }
        break;
    case MP_ALLTOALL:
        if (uneven) {
            op->bytes = op->length = uneven_bytes(op, most);
            op->fits = op->length <= most;
        } else {
            op->bytes = block_of(op, given(op), 0).bytes; // what is given decides: it must fit
            op->fits = op->bytes <= most / others;
            op->length = op->bytes * others;
        }
        break;
    default: // reductions: operands
        op->bytes = op->length = reduced_bytes(op);
        op->fits = op->bytes <= most && mp_shm_operand_is_posted(c->comm, (MPI_Count)op->bytes);
        if (c->kind == MP_REDUCE && !root) {
            need(op, 0, 0);
        } else if (c->kind == MP_SCAN || c->kind == MP_EXSCAN) {
            need(op, 0, c->kind == MP_SCAN ? rank + 1 : rank);
        }
    }
}

// ---- Giving

static void give_blocks(const struct mp_async *op, char *data)
{
    const struct mp_blocks *blocks = given(op);
    int size = op->c.comm->size, rank = op->c.comm->rank;
    uint32_t *ends = (uint32_t *)(void *)data;
    char *start = op->c.uneven ? data + directory_bytes(op) : data;
    size_t at = 0;

    for (int k = 1; k < size; k++) {
        struct block b = block_of(op, blocks, (rank + k) % size);
        put(start + at, &b);
        at += b.bytes;
        if (op->c.uneven) {
            ends[k - 1] = (uint32_t)at;
        }
    }
}

void mp_async_give(const struct mp_async *op, char *data)
{
    const struct mp_collective *c = &op->c;
    struct block own;

    if (op->length == 0) {
        return;
    }
    switch (c->kind) {
    case MP_BCAST:
        own = block_of(op, &c->recv, 0);
        break;
    case MP_GATHER:
    case MP_ALLGATHER:
        own = own_block(op);
        break;
    case MP_SCATTER:
    case MP_ALLTOALL:
        give_blocks(op, data);
        return;
    default:
        own.at = c->in_place ? c->recv.buffer : c->send.buffer;
        own.type = c->recv.type;
        own.bytes = op->bytes;
        own.count = (MPI_Count)op->bytes / own.type->size;
    }
    put(data, &own);
}

// In place, what goes out is packed away first, since it will be overwritten.
static void send_block(struct mp_async *op, const struct block *b, int rank, bool keep)
{
    if (b->bytes == 0) {
        return;
    }
    if (!keep) {
        mp_schedule_send(op->schedule, b->at, b->count, b->type, rank);
        return;
    }
    char *memory = mp_schedule_bytes(op->schedule, (MPI_Count)b->bytes);
    if (!op->schedule->error) {
        put(memory, b);
        mp_schedule_send(op->schedule, memory, (MPI_Count)b->bytes, mp_byte_type(), rank);
    }
}

void mp_async_send(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    int size = c->comm->size, rank = c->comm->rank;
    bool blocks = c->kind == MP_SCATTER || c->kind == MP_ALLTOALL;

    if (c->kind == MP_GATHER) {
        struct block own = own_block(op);
        send_block(op, &own, c->root, false);
        return;
    }
    for (int k = 1; k < size; k++) {
        int to = (rank + k) % size;
        struct block b = blocks ? block_of(op, given(op), to) : own_block(op);
        send_block(op, &b, to, c->in_place && c->kind == MP_ALLTOALL);
    }
}

// ---- Taking

static void wrong_length(struct mp_async *op, int error, int peer, size_t room, size_t bytes)
{
    op->error = error;
    op->wrong =
        (struct mp_wrong){.peer = peer, .expected = (MPI_Count)room, .bytes = (MPI_Count)bytes};
}

void mp_async_take_own(struct mp_async *op)
{
    const struct mp_collective *c = &op->c;
    int rank = c->comm->rank;
    struct block from, to;

    if (c->in_place || ((c->kind == MP_GATHER || c->kind == MP_SCATTER) && !is_root(op))) {
        return;
    }
    switch (c->kind) {
    case MP_GATHER:
    case MP_ALLGATHER:
        from = own_block(op);
        to = block_of(op, &c->recv, rank);
        break;
    case MP_SCATTER:
        from = block_of(op, &c->send, rank);
        to = block_of(op, &c->recv, 0);
        break;
    case MP_ALLTOALL:
        from = block_of(op, &c->send, rank);
        to = block_of(op, &c->recv, rank);
        break;
    default:
        return;
    }
    if (from.bytes == 0 || to.bytes == 0) {
        // nothing to move
    } else if (from.bytes == to.bytes && from.type->contiguous) {
        get(&to, (const char *)from.at + from.type->true_lb, from.bytes);
    } else {
        mp_datatype_copy(from.type, from.at, from.count, to.type, to.at, to.count);
    }
    if (unlikely(from.bytes > to.bytes)) {
        wrong_length(op, MPI_ERR_TRUNCATE, MP_WRONG_OWN, to.bytes, from.bytes);
    }
}

// Where a rank's data is to go.
static struct block place_of(const struct mp_async *op, int rank)
{
    bool one = op->c.kind == MP_BCAST || op->c.kind == MP_SCATTER;
    return block_of(op, &op->c.recv, one ? 0 : rank);
}

void mp_async_take(struct mp_async *op, int rank, size_t bytes)
{
    const struct mp_collective *c = &op->c;
    bool blocks = c->kind == MP_SCATTER || c->kind == MP_ALLTOALL;
    size_t all = blocks && !c->uneven ? bytes * (size_t)(c->comm->size - 1) : bytes;

    if (c->kind == MP_BARRIER || c->op) {
        return;
    }
    const char *data = mp_async_data(op, rank, all);
    if (blocks) {
        int place = mp_shm_place_in_post(c->comm->size, rank, c->comm->rank);
        if (c->uneven) {
            const uint32_t *ends = (const uint32_t *)(const void *)data;
            uint32_t start = place ? ends[place - 1] : 0;
            bytes = ends[place] - start;
            data += directory_bytes(op) + start;
        } else {
            data += (size_t)place * bytes;
        }
    }
    struct block to = place_of(op, rank);
    get(&to, data, bytes);
    if (unlikely(bytes > to.bytes)) {
        wrong_length(op, MPI_ERR_TRUNCATE, rank, to.bytes, bytes);
    } else if (unlikely(bytes < to.bytes) && !c->uneven) {
        wrong_length(op, MPI_ERR_COUNT, rank, to.bytes, bytes);
    }
}

void mp_async_receive(struct mp_async *op, int rank)
{
    struct block to = place_of(op, rank);

    if (to.bytes == 0) {
        return;
    }
    if (!op->schedule) {
        op->schedule = mp_schedule_new(op->c.comm, op->tag, NULL);
    }
    if (op->schedule) {
        mp_schedule_recv(op->schedule, to.at, to.count, to.type, rank);
    } else {
        op->error = MPI_ERR_NO_MEM;
    }
}

// ---- Reductions

// This rank's own operand is taken from its post too: the result may go where the operand was.
static const char *operand_of(const struct mp_async *op, int rank, size_t from)
{
    return mp_async_data(op, rank, op->bytes) + from;
}

// The operation may leave a op b in b only, so two temporaries swap roles from operand to operand.
static void combine_typed(struct mp_async *op, size_t from, MPI_Count count, int ranks)
{
    struct mp_datatype *type = op->c.recv.type;
    MPI_Count bytes = count * type->size, shift;
    size_t span = mp_round_up((size_t)mp_datatype_span(type, count, &shift) + 1, 64);
    char *memory = malloc(2 * span);

    if (!memory) {
        op->error = mp_fail(MPI_ERR_NO_MEM, "no memory for the temporaries of a reduction");
        return;
    }
    char *left = memory - shift, *right = memory + span - shift;
    mp_shm_get(operand_of(op, 0, from), type, left, count, 0, bytes);
    for (int i = 1; i < ranks; i++) {
        mp_shm_get(operand_of(op, i, from), type, right, count, 0, bytes);
        mp_op_apply(op->c.op, left, right, count, type);
        char *swap = left;
        left = right;
        right = swap;
    }
    mp_datatype_copy(type, left, count, type, op->c.recv.buffer, count);
    free(memory);
}

static void combine_direct(struct mp_async *op, size_t from, MPI_Count count, int ranks)
{
    _Alignas(64) char sum[MP_PAD_BYTES];
    struct mp_datatype *type = op->c.recv.type;
    char *result = (char *)op->c.recv.buffer + type->true_lb;
    const char *left = operand_of(op, 0, from);

    for (int i = 1; i < ranks; i++) {
        char *to = i + 1 < ranks ? sum : result;
        mp_op_combine(op->c.op, left, operand_of(op, i, from), to, count, type);
        left = to;
    }
    if (ranks == 1) {
        mp_shm_copy(result, left, (size_t)(count * type->size));
    }
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
    size_t from = (size_t)(before * type->size);
    if (likely(mp_op_is_direct(c->op, type))) {
        combine_direct(op, from, count, ranks);
    } else {
        combine_typed(op, from, count, ranks);
    }
}
