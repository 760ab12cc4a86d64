// SPDX-License-Identifier: MIT
// One collective operation of collectives.c: its arguments, which follow from a number that all
// ranks know, what each rank gives, and what a serial program says that it gets. What is left to a
// rank (how its buffers are laid out, which width of the function it calls) may differ from rank
// to rank. Read first: collectives_data.h; next: collectives_call.h.
#ifndef TESTS_STRESS_COLLECTIVES_MODEL_H
#define TESTS_STRESS_COLLECTIVES_MODEL_H

#include "collectives_data.h"

#include <limits.h>

enum operation_kind {
    BARRIER,
    BCAST,
    REDUCE,
    ALLREDUCE,
    SCAN,
    EXSCAN,
    REDUCE_SCATTER,
    REDUCE_SCATTER_BLOCK,
    GATHER,
    GATHERV,
    SCATTER,
    SCATTERV,
    ALLGATHER,
    ALLGATHERV,
    ALLTOALL,
    ALLTOALLV,
    ALLTOALLW,
    OPERATIONS
};

static const char *const operation_names[OPERATIONS] = {
    "barrier",   "bcast",      "reduce",         "allreduce",
    "scan",      "exscan",     "reduce_scatter", "reduce_scatter_block",
    "gather",    "gatherv",    "scatter",        "scatterv",
    "allgather", "allgatherv", "alltoall",       "alltoallv",
    "alltoallw"};

enum {
    ADD,
    MULTIPLY,
    COMPOSE,
    COMPOSE_C,
    ADD_C,
    OWN_OPS
}; // ours, on U64; _C: large-count functions
static MPI_Op own_ops[OWN_OPS];

struct operation {
    enum operation_kind kind;
    int form; // BLOCKING, NONBLOCKING or PERSISTENT
    MPI_Comm comm;
    int inter, local, remote, me; // of the communicator
    int side;                     // intercommunicator: which group this rank is in
    int root, root_side;
    bool in_place, large;
    enum basic_kind basic;
    int units; // per element of those layouts that have more than one
    int count; // of blocks, in such elements; the most where they differ
    MPI_Op op;
    int own_op; // or -1
    uint64_t number;
    uint64_t counts_seed, data_seed;
    struct buffer send, recv;
    // The arguments, in both widths.
    int counts[2][RANKS_MAX], displs[2][RANKS_MAX]; // of send, of recv
    MPI_Count counts_c[2][RANKS_MAX];
    MPI_Aint displs_c[2][RANKS_MAX];
    MPI_Datatype types[2][RANKS_MAX];
    int again; // persistent: how often it is started once more
    MPI_Request request;
};

static inline int operation_reduces(const struct operation *o)
{
    return o->kind >= REDUCE && o->kind <= REDUCE_SCATTER_BLOCK;
}

static inline int operation_slices(const struct operation *o)
{
    return o->kind == REDUCE_SCATTER || o->kind == REDUCE_SCATTER_BLOCK;
}

static inline int operation_rooted(const struct operation *o)
{
    return o->kind == BCAST || o->kind == REDUCE || (o->kind >= GATHER && o->kind <= SCATTERV);
}

static inline int operation_gathers(const struct operation *o)
{
    return o->kind == GATHER || o->kind == GATHERV;
}

static inline int operation_scatters(const struct operation *o)
{
    return o->kind == SCATTER || o->kind == SCATTERV;
}

static inline int operation_exchanges(const struct operation *o)
{
    return o->kind >= ALLTOALL;
}

static inline bool is_root(const struct operation *o)
{
    return o->me == o->root && o->side == o->root_side;
}

// Gives to the root, or gets from it; in an intercommunicator that is the other group.
static inline bool is_leaf(const struct operation *o)
{
    return !o->inter || o->side != o->root_side;
}

static inline int peers_of(const struct operation *o)
{
    return o->inter ? o->remote : o->local;
}

static inline int their_side(const struct operation *o)
{
    return o->inter ? !o->side : o->side;
}

// ---- Values

// What rank `from` of `side` has for rank `to` (0 when it is for nobody in particular) at `unit`.
static inline void unit_put(const struct operation *o, int side, int from, int to, long unit,
                            unsigned char *at)
{
    uint64_t h =
        mix_all(o->data_seed, (uint64_t)(side * RANKS_MAX + from), (uint64_t)to, (uint64_t)unit);
    _Alignas(16) unsigned char value[16];
    uint64_t second = mix(h);
    memcpy(value, &h, 8);
    memcpy(value + 8, &second, 8);
    if (operation_reduces(o)) { // values that every operation can take, and that stay in range
        int small = (int)(h % 5) - 2, number = (int)(h >> 8) % 1000;
        double d = (double)(int)(h >> 20) * (h % 3 == 0 ? 1e-9 : h % 3 == 1 ? 1.0 / 3 : 1e8);
        if (o->op == MPI_PROD) {
            d = 1 + (double)small / 7;
            number = small;
        } else if (o->op == MPI_LAND || o->op == MPI_LOR || o->op == MPI_LXOR) {
            number = h % 3 == 0;
        }
        float f = (float)d;
        int16_t i16 = (int16_t)number;
        int64_t i64 = number;
        double pair = small; // ties
        switch (o->basic) {
        case U8:
            value[0] = (unsigned char)(o->op == MPI_PROD ? h % 2 : h % 9);
            break;
        case I16_INT:
            i16 = (int16_t)small;
            // fall through
        case I16:
            memcpy(value, &i16, sizeof i16);
            break;
        case INT_INT:
            memcpy(value, &small, sizeof small);
            break;
        case I32:
            memcpy(value, &number, sizeof number);
            break;
        case I64:
            memcpy(value, &i64, sizeof i64);
            break;
        case F32:
            memcpy(value, &f, sizeof f);
            break;
        case F64_INT:
            memcpy(value, &pair, sizeof pair);
            break;
        case COMPLEX:
            memcpy(value + 8, &d, sizeof d);
            // fall through
        case F64:
            memcpy(value, &d, sizeof d);
            break;
        default:
            break;
        }
        if (basics[o->basic].field[1][1] == 4) {
            memcpy(value + basics[o->basic].field[1][0], &number, sizeof number);
        }
    }
    basic_copy(o->basic, at, value);
}

static inline uint64_t own_combine(int own, uint64_t a, uint64_t b)
{
    uint32_t scale = (uint32_t)(a >> 32), shift = (uint32_t)a;
    uint32_t scale_b = (uint32_t)(b >> 32), shift_b = (uint32_t)b;
    switch (own) {
    case ADD:
    case ADD_C:
        return a + b;
    case MULTIPLY:
        return (a | 1) * (b | 1);
    default: // x -> scale * x + shift, first a, then b: that order matters
        return (uint64_t)(scale * scale_b) << 32 | (uint32_t)(shift * scale_b + shift_b);
    }
}

#define COMBINE(type, expression)     \
    do {                              \
        type a_, b_;                  \
        memcpy(&a_, into, sizeof a_); \
        memcpy(&b_, next, sizeof b_); \
        type a = a_, b = b_;          \
        type c_ = (type)(expression); \
        memcpy(into, &c_, sizeof c_); \
    } while (0)

#define COMBINE_ORDERED(type)             \
    do {                                  \
        if (op == MPI_SUM)                \
            COMBINE(type, a + b);         \
        else if (op == MPI_PROD)          \
            COMBINE(type, a *b);          \
        else if (op == MPI_MAX)           \
            COMBINE(type, a > b ? a : b); \
        else                              \
            COMBINE(type, a < b ? a : b); \
    } while (0)

#define COMBINE_INTEGER(type)        \
    do {                             \
        if (op == MPI_BAND)          \
            COMBINE(type, a &b);     \
        else if (op == MPI_BOR)      \
            COMBINE(type, a | b);    \
        else if (op == MPI_BXOR)     \
            COMBINE(type, a ^ b);    \
        else if (op == MPI_LAND)     \
            COMBINE(type, a &&b);    \
        else if (op == MPI_LOR)      \
            COMBINE(type, a || b);   \
        else if (op == MPI_LXOR)     \
            COMBINE(type, !a != !b); \
        else                         \
            COMBINE_ORDERED(type);   \
    } while (0)

#define COMBINE_LOCATION(type, at)                                                 \
    do {                                                                           \
        type a, b;                                                                 \
        int i, j;                                                                  \
        memcpy(&a, into, sizeof a);                                                \
        memcpy(&b, next, sizeof b);                                                \
        memcpy(&i, into + (at), sizeof i);                                         \
        memcpy(&j, next + (at), sizeof j);                                         \
        i = a == b ? (i < j ? i : j) : (op == MPI_MAXLOC ? b > a : b < a) ? j : i; \
        a = op == MPI_MAXLOC ? (a > b ? a : b) : (a < b ? a : b);                  \
        memcpy(into, &a, sizeof a);                                                \
        memcpy(into + (at), &i, sizeof i);                                         \
    } while (0)

// into = into op next
static inline void unit_combine(const struct operation *o, unsigned char *into,
                                const unsigned char *next)
{
    MPI_Op op = o->op;
    if (o->own_op >= 0) {
        COMBINE(uint64_t, own_combine(o->own_op, a, b));
        return;
    }
    switch (o->basic) {
    case U8:
        COMBINE_INTEGER(unsigned char);
        break;
    case I16:
        COMBINE_INTEGER(int16_t);
        break;
    case I32:
        COMBINE_INTEGER(int32_t);
        break;
    case I64:
        COMBINE_INTEGER(int64_t);
        break;
    case U64:
        COMBINE_INTEGER(uint64_t);
        break;
    case F32:
        COMBINE_ORDERED(float);
        break;
    case F64:
        COMBINE_ORDERED(double);
        break;
    case COMPLEX:
        COMBINE(double, a + b);
        into += 8;
        next += 8;
        COMBINE(double, a + b);
        break;
    case F64_INT:
        COMBINE_LOCATION(double, 8);
        break;
    case I16_INT:
        COMBINE_LOCATION(int16_t, 4);
        break;
    default:
        COMBINE_LOCATION(int, 4);
    }
}

// ---- Counts

// How many elements `from` of `side` has for `to`.
static inline int elements_of(const struct operation *o, int side, int from, int to)
{
    uint64_t a = (uint64_t)from, b = (uint64_t)to;
    switch (o->kind) {
    case GATHERV:
    case ALLGATHERV:
        b = 0;
        break;
    case SCATTERV:
        a = 0;
        break;
    case ALLTOALLV:
    case ALLTOALLW:
        if (o->in_place && a > b) { // symmetrical
            a = (uint64_t)to;
            b = (uint64_t)from;
        }
        break;
    default:
        return o->count;
    }
    uint64_t h = mix_all(o->counts_seed, (uint64_t)side, a, b);
    return h % 8 == 0 ? 0 : (int)((h >> 8) % (uint64_t)(o->count + 1));
}

// The part of rank `r` in a reduce_scatter; both sides have count * local * remote in all.
static inline int slice_of(const struct operation *o, int r)
{
    int each = o->count * (o->inter ? o->remote : 1);
    if (o->kind == REDUCE_SCATTER_BLOCK || o->local == 1) {
        return each;
    }
    // Each passes a part of its own on to the next.
    int before = (r + o->local - 1) % o->local;
    uint64_t gives = mix_all(o->counts_seed, (uint64_t)o->side, (uint64_t)r, 1);
    uint64_t gets = mix_all(o->counts_seed, (uint64_t)o->side, (uint64_t)before, 1);
    return each - (int)(gives % (uint64_t)(each + 1)) + (int)(gets % (uint64_t)(each + 1));
}

static inline long total_of(const struct operation *o)
{
    return operation_slices(o) ? (long)o->count * o->local * (o->inter ? o->remote : 1) : o->count;
}

// ---- Buffers: places, contents, and what they have to be

// Units `first` to `first + units` of what `from` has for `to`, to the places of a block.
static inline void block_put(const struct operation *o, unsigned char *bytes,
                             const struct block *block, int side, int from, int to)
{
    for (long u = 0; u < block->units; u++) {
        unit_put(o, side, from, to, u, bytes + unit_at(block, u));
    }
}

// The operands of ranks 0 to last of `side` combined from the left, from unit `first` on.
static inline void block_reduce(const struct operation *o, unsigned char *bytes,
                                const struct block *block, int side, int last, long first)
{
    _Alignas(16) unsigned char next[16], sum[16];
    for (long u = 0; u < block->units; u++) {
        unit_put(o, side, 0, 0, first + u, sum);
        for (int r = 1; r <= last; r++) {
            unit_put(o, side, r, 0, first + u, next);
            unit_combine(o, sum, next);
        }
        basic_copy(o->basic, bytes + unit_at(block, u), sum);
    }
}

// A layout of this rank's choice; in reductions all have the same one.
static inline const struct layout *layout_any(const struct operation *o, int which)
{
    uint64_t h = mix_all(o->counts_seed, 77, operation_reduces(o) ? 0 : (uint64_t)which,
                         operation_reduces(o) ? 0 : (uint64_t)(o->side * RANKS_MAX + o->me));
    bool plain = mix_all(o->counts_seed, 78, 0, 0) % 3 == 0;
    if (operation_reduces(o) && o->own_op < 0) {
        return layout_get(o->basic, 1, AS_IS);
    }
    return layout_get(o->basic, o->units, plain ? AS_IS : (int)(h % SHAPES));
}

// Gives block `i` its layout and length; `fixed` or any.
static inline void block_set(struct operation *o, struct buffer *b, int i, long elements,
                             const struct layout *fixed)
{
    int which = b == &o->recv;
    const struct layout *l = fixed && o->kind != ALLTOALLW ? fixed : layout_any(o, 2 * i + which);
    b->block[i] = (struct block){l, elements * o->units, 0};
    b->blocks = i + 1;
}

// Regular blocks lie in a row; others in any order, with gaps of some elements or none, to the
// taste of each rank. For ALLTOALLW, places are in bytes and a block has its own extent.
static inline void buffer_place(struct operation *o, struct buffer *b)
{
    int which = b == &o->recv, n = b->blocks;
    bool uneven = o->kind == GATHERV || o->kind == SCATTERV || o->kind == ALLGATHERV ||
                  o->kind == ALLTOALLV || o->kind == ALLTOALLW;
    long at = 0, high = 0;
    int order[RANKS_MAX];
    uint64_t taste =
        mix_all(o->counts_seed, 79, (uint64_t)(o->side * RANKS_MAX + o->me), (uint64_t)which);
    for (int i = 0; i < n; i++) { // each new one changes places with any
        int j = uneven ? (int)(mix(taste + (uint64_t)i) % (uint64_t)(i + 1)) : i;
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < n; i++) {
        int r = order[i];
        struct block *block = &b->block[r];
        long elements = block_elements(block), extent = block->layout->extent;
        o->types[which][r] = block->layout->type;
        o->counts[which][r] = (int)elements;
        o->counts_c[which][r] = elements;
        if (o->kind == ALLTOALLW) { // at least 64 bytes apart in any layout
            long span = (elements + 2) * labs(extent) + 64;
            block->at = high + (extent < 0 ? span - 64 : 32);
            o->displs_c[which][r] = block->at;
            high += span;
        } else {
            block->at = at * extent;
            o->displs_c[which][r] = at;
            at += elements + (uneven ? (long)(mix(taste + 100 + (uint64_t)i) % 3) : 0);
        }
        o->displs[which][r] = (int)o->displs_c[which][r];
    }
    buffer_make(b);
}

// Fills the buffers, and says what they have to be in the end.
static inline void operation_fill(struct operation *o, uint64_t data_seed)
{
    struct buffer *s = &o->send, *r = &o->recv;
    struct buffer *own = o->in_place ? r : s;
    int theirs = their_side(o), peers = peers_of(o);
    o->data_seed = data_seed;
    buffer_clear(s);
    buffer_clear(r);
    unsigned char *out = buffer_address(own);
    if (o->kind == BCAST) {
        if (is_root(o)) {
            block_put(o, buffer_address(r), &r->block[0], o->root_side, o->root, 0);
        }
    } else if (operation_slices(o)) { // in place, block 1 of recv is the operand
        block_put(o, out, o->in_place ? &r->block[1] : &s->block[0], o->side, o->me, 0);
    } else if (operation_reduces(o)) {
        if (o->kind != REDUCE || is_leaf(o)) {
            block_put(o, out, &own->block[0], o->side, o->me, 0);
        }
    } else if (operation_scatters(o)) {
        for (int i = 0; i < peers && is_root(o); i++) {
            block_put(o, buffer_address(s), &s->block[i], o->side, o->me, i);
        }
    } else if (operation_exchanges(o)) {
        for (int i = 0; i < peers; i++) {
            block_put(o, out, &own->block[i], o->side, o->me, i);
        }
    } else if (o->kind != BARRIER && (!operation_gathers(o) || is_leaf(o))) {
        block_put(o, out, &own->block[o->in_place ? o->me : 0], o->side, o->me, 0);
    }
    memcpy(s->expected, s->memory, s->size);
    memcpy(r->expected, r->memory, r->size);

    unsigned char *in = r->expected + r->shift;
    if (o->kind == BCAST) {
        if (is_leaf(o) && !is_root(o)) {
            block_put(o, in, &r->block[0], o->root_side, o->root, 0);
        }
    } else if (operation_slices(o)) {
        long first = 0;
        for (int i = 0; i < o->me; i++) {
            first += slice_of(o, i);
        }
        block_reduce(o, in, &r->block[0], theirs, peers - 1, first * o->units);
    } else if (o->kind == SCAN || o->kind == EXSCAN) {
        int last = o->kind == SCAN ? o->me : o->me - 1;
        if (last >= 0) {
            block_reduce(o, in, &r->block[0], o->side, last, 0);
        }
    } else if (operation_reduces(o)) {
        if (o->kind == ALLREDUCE || is_root(o)) {
            block_reduce(o, in, &r->block[0], theirs, peers - 1, 0);
        }
    } else if (operation_scatters(o)) {
        if (is_leaf(o) && !o->in_place) {
            block_put(o, in, &r->block[0], o->root_side, o->root, o->me);
        }
    } else if (o->kind != BARRIER && (!operation_gathers(o) || is_root(o))) {
        for (int i = 0; i < peers; i++) {
            block_put(o, in, &r->block[i], theirs, i, operation_exchanges(o) ? o->me : 0);
        }
    }
}

// Blocks, buffers and arguments of an operation whose communicator and drawn fields are set.
static inline void operation_begin(struct operation *o)
{
    struct buffer *s = &o->send, *r = &o->recv;
    const struct layout *send = layout_any(o, 0), *recv = layout_any(o, 1);
    int peers = peers_of(o), theirs = their_side(o);
    if (o->kind == BARRIER) {
        // nothing
    } else if (operation_reduces(o) || o->kind == BCAST) {
        if (operation_reduces(o)) {
            block_set(o, s, 0, total_of(o), recv);
        }
        block_set(o, r, 0, operation_slices(o) ? slice_of(o, o->me) : o->count, recv);
        if (operation_slices(o) && o->in_place) {
            block_set(o, r, 1, total_of(o), recv);
        }
    } else if (operation_scatters(o)) {
        for (int i = 0; i < peers && is_root(o); i++) {
            block_set(o, s, i, elements_of(o, o->side, o->me, i), send);
        }
        if (is_leaf(o)) {
            block_set(o, r, 0, elements_of(o, theirs, o->root, o->me), recv);
        }
    } else {
        for (int i = 0; i < (operation_exchanges(o) ? peers : 1); i++) {
            block_set(o, s, i, elements_of(o, o->side, o->me, i), send);
        }
        for (int i = 0; i < peers && (!operation_gathers(o) || is_root(o)); i++) {
            block_set(o, r, i, elements_of(o, theirs, i, o->me), recv);
        }
    }
    buffer_place(o, s);
    if (operation_slices(o)) { // one on top of the other
        buffer_place(o, r);
        if (o->in_place) {
            buffer_free(r);
            r->block[1].at = 0;
            buffer_make(r);
        }
        for (int i = 0; i < o->local; i++) {
            o->counts_c[1][i] = o->counts[1][i] =
                slice_of(o, i) * o->units / r->block[0].layout->units;
        }
    } else {
        buffer_place(o, r);
    }
    operation_fill(o, mix(o->counts_seed));
}

static inline void operation_end(struct operation *o)
{
    buffer_free(&o->send);
    buffer_free(&o->recv);
}

static inline void operation_check(struct operation *o)
{
    struct buffer *r = &o->recv;
    if (operation_slices(o) && o->in_place) { // what remains of the operand is undefined
        struct block keep = r->block[0];
        unsigned char *result = room((size_t)keep.units * 16 + 16);
        for (long u = 0; u < keep.units; u++) {
            basic_copy(o->basic, result + 16 * u,
                       (unsigned char *)buffer_address(r) + unit_at(&keep, u));
        }
        for (long u = 0; u < r->block[1].units; u++) {
            long at = r->shift + unit_at(&r->block[1], u);
            basic_copy(o->basic, r->memory + at, r->expected + at);
        }
        for (long u = 0; u < keep.units; u++) {
            basic_copy(o->basic, (unsigned char *)buffer_address(r) + unit_at(&keep, u),
                       result + 16 * u);
        }
        free(result);
    }
    for (int side = 0; side < 2; side++) {
        struct buffer *b = side ? &o->recv : &o->send;
        long wrong = buffer_wrong(b);
        CHECK(wrong < 0,
              "operation %llu, %s, form %d, large %d, in place %d, root %d of side %d, basic type "
              "%d, count %d of %d, op %d (%ld), at rank %d of %d (side %d, %d remote): byte %ld of "
              "the %s buffer is %02x, expected %02x; block 0 has layout %d+%ld and %ld units",
              (unsigned long long)o->number, operation_names[o->kind], o->form, o->large,
              o->in_place, o->root, o->root_side, o->basic, o->count, o->units, o->own_op,
              (long)(intptr_t)o->op, o->me, o->local, o->side, o->remote, wrong - b->shift,
              side ? "receive" : "send", b->memory[wrong], b->expected[wrong],
              b->blocks ? b->block[0].layout->units : 0, b->blocks ? b->block[0].layout->extent : 0,
              b->blocks ? b->block[0].units : 0);
    }
}

#endif
