// SPDX-License-Identifier: MIT
// A model of the collective operations: one struct coll is one operation with its arguments and
// buffers, filled so that every element tells its sender, receiver and index; coll_verify compares
// all buffers, gaps and guards included, with what a serial program would have put there.
// Counts, displacements and operands follow from the seed, the same at all ranks, so that each rank
// can compute what every other rank gives. Read next: coll_blocking_forms.c, how it is used.
#ifndef TESTS_API_COLL_MODEL_H
#define TESTS_API_COLL_MODEL_H

#include "check.h"

enum coll_operation {
    BARRIER,
    BCAST,
    REDUCE,
    ALLREDUCE,
    GATHER,
    GATHERV,
    SCATTER,
    SCATTERV,
    ALLGATHER,
    ALLGATHERV,
    ALLTOALL,
    ALLTOALLV,
    ALLTOALLW,
    SCAN,
    EXSCAN,
    REDUCE_SCATTER,
    REDUCE_SCATTER_BLOCK,
    OPERATIONS
};

static const char *const coll_names[OPERATIONS] = {"Barrier",
                                                   "Bcast",
                                                   "Reduce",
                                                   "Allreduce",
                                                   "Gather",
                                                   "Gatherv",
                                                   "Scatter",
                                                   "Scatterv",
                                                   "Allgather",
                                                   "Allgatherv",
                                                   "Alltoall",
                                                   "Alltoallv",
                                                   "Alltoallw",
                                                   "Scan",
                                                   "Exscan",
                                                   "Reduce_scatter",
                                                   "Reduce_scatter_block"};

enum coll_form { BLOCKING, NONBLOCKING, PERSISTENT };

// What a buffer consists of. A gapped element is two ints with a hole after each; a matrix is 2x2
// unsigned, to be multiplied, which does not commute.
enum coll_layout { INTS, DOUBLES, GAPPED, MATRICES, LAYOUTS };
static const int coll_extent[LAYOUTS] = {4, 8, 16, 16};
static MPI_Datatype coll_type[LAYOUTS];
static MPI_Op coll_multiply;

enum { GUARD = 64, EMPTY = 0x5a };

struct image { // a buffer, and what should be in it
    unsigned char *bytes, *expected;
    size_t size;
};

struct coll {
    enum coll_operation operation;
    enum coll_form form;
    enum coll_layout layout;
    MPI_Comm comm;
    int root;      // in the group that has it
    int root_side; // intercommunicator: the side that has the root
    int count;
    int in_place;
    int large; // call the _c function
    int side;  // intercommunicator: which one this rank is on
    unsigned seed;
    // Filled in by coll_begin.
    unsigned data; // seed of the elements; coll_refill changes it
    int local, remote, me, inter;
    struct image send, recv;
    int *counts, *displs, *other_counts, *other_displs; // of recv; of send
    int *displs_bytes, *other_displs_bytes;             // for MPI_Alltoallw
    MPI_Count *counts_c, *other_counts_c;
    MPI_Aint *displs_c, *other_displs_c;
    MPI_Datatype *types;
    MPI_Request request;
};

static inline unsigned coll_hash(unsigned a, unsigned b)
{
    unsigned h = a * 2654435761u ^ (b + 0x9e3779b9u + (a << 6));
    h ^= h >> 15;
    h *= 2246822519u;
    return h ^ h >> 13;
}

static inline void coll_multiply_function(void *in, void *inout, int *count, MPI_Datatype *type)
{
    const unsigned *a = in;
    unsigned *b = inout;
    (void)type;
    for (int i = 0; i < *count; i++, a += 4, b += 4) {
        unsigned c[4] = {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],
                         a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
        memcpy(b, c, sizeof c);
    }
}

static inline void coll_setup(void)
{
    MPI_Datatype vector;
    coll_type[INTS] = MPI_INT;
    coll_type[DOUBLES] = MPI_DOUBLE;
    MPI_Type_vector(2, 1, 2, MPI_INT, &vector);
    MPI_Type_create_resized(vector, 0, 16, &coll_type[GAPPED]);
    MPI_Type_commit(&coll_type[GAPPED]);
    MPI_Type_free(&vector);
    MPI_Type_contiguous(4, MPI_UNSIGNED, &coll_type[MATRICES]);
    MPI_Type_commit(&coll_type[MATRICES]);
    MPI_Op_create(coll_multiply_function, 0, &coll_multiply);
}

static inline void coll_teardown(void)
{
    MPI_Type_free(&coll_type[GAPPED]);
    MPI_Type_free(&coll_type[MATRICES]);
    MPI_Op_free(&coll_multiply);
}

static inline int coll_reduces(enum coll_operation o)
{
    return o == REDUCE || o == ALLREDUCE || o == SCAN || o == EXSCAN || o == REDUCE_SCATTER ||
           o == REDUCE_SCATTER_BLOCK;
}

static inline MPI_Op coll_op(const struct coll *c)
{
    return c->layout == MATRICES ? coll_multiply : MPI_SUM;
}

// Element `i` of what `from` on `side` has for `to` (operands are for nobody: 0).
static inline void coll_element(const struct coll *c, int side, int from, int to, int i,
                                unsigned char *at)
{
    unsigned h = coll_hash(coll_hash(c->data, (unsigned)(side * 1000 + from)),
                           coll_hash((unsigned)to + 77, (unsigned)i));
    int a = (int)(h >> 4);
    int b = (int)(h * 31 >> 3);
    // Different magnitudes, so that another order of summation gives another result.
    double d = (double)(int)h * (i % 3 == 0 ? 1e-9 : i % 3 == 1 ? 1.0 / 3 : 1e8);
    unsigned m[4] = {h, h >> 7 | 1, h >> 13, h >> 3};
    switch (c->layout) {
    case INTS:
        a >>= 8;
        memcpy(at, &a, sizeof a);
        break;
    case DOUBLES:
        memcpy(at, &d, sizeof d);
        break;
    case GAPPED:
        memcpy(at, &a, sizeof a);
        memcpy(at + 8, &b, sizeof b);
        break;
    default:
        memcpy(at, m, sizeof m);
        break;
    }
}

// into = into op next
static inline void coll_combine(const struct coll *c, unsigned char *into, unsigned char *next)
{
    int a, b, one = 1;
    double x, y;
    switch (c->layout) {
    case INTS:
        memcpy(&a, into, sizeof a);
        memcpy(&b, next, sizeof b);
        a += b;
        memcpy(into, &a, sizeof a);
        break;
    case DOUBLES:
        memcpy(&x, into, sizeof x);
        memcpy(&y, next, sizeof y);
        x += y;
        memcpy(into, &x, sizeof x);
        break;
    default:
        coll_multiply_function(into, next, &one, NULL);
        memcpy(into, next, 16);
    }
}

// Operands of ranks 0 to last on `side`, combined from the left, elements [from, from + count).
static inline void coll_reduced(const struct coll *c, int side, int last, int from, int count,
                                unsigned char *at)
{
    _Alignas(16) unsigned char next[16];
    int extent = coll_extent[c->layout];
    for (int i = 0; i < count; i++) {
        coll_element(c, side, 0, 0, from + i, at + (size_t)i * (size_t)extent);
        for (int r = 1; r <= last; r++) {
            coll_element(c, side, r, 0, from + i, next);
            coll_combine(c, at + (size_t)i * (size_t)extent, next);
        }
    }
}

// How many elements `from` on `side` has for `to`.
static inline int coll_count(const struct coll *c, int side, int from, int to)
{
    unsigned h = coll_hash(c->seed * 3 + (unsigned)side, (unsigned)(from * 64 + to));
    switch (c->operation) {
    case GATHERV:
    case ALLGATHERV:
        return (int)(coll_hash(c->seed, (unsigned)(side * 64 + from)) % (unsigned)(c->count + 1));
    case SCATTERV:
        return (int)(coll_hash(c->seed, (unsigned)(side * 64 + to)) % (unsigned)(c->count + 1));
    case ALLTOALLV:
    case ALLTOALLW:
        if (c->in_place && from < to) { // symmetrical
            h = coll_hash(c->seed * 3, (unsigned)(to * 64 + from));
        }
        return (int)(h % (unsigned)(c->count + 1));
    default:
        return c->count;
    }
}

// The block of rank `r` in a reduce_scatter of `side`; both sides have count * local * remote.
static inline int coll_slice(const struct coll *c, int r)
{
    int each = c->count * (c->inter ? c->remote : 1);
    if (c->operation == REDUCE_SCATTER_BLOCK || c->local == 1) {
        return each;
    }
    // Neighbours pass a part of theirs on.
    int next = (int)(coll_hash(c->seed, (unsigned)r) % (unsigned)(each + 1));
    int before = (r + c->local - 1) % c->local;
    int got = (int)(coll_hash(c->seed, (unsigned)before) % (unsigned)(each + 1));
    return each - next + got;
}

static inline void image_new(struct image *image, size_t bytes)
{
    image->size = bytes + GUARD;
    image->bytes = room(image->size);
    image->expected = room(image->size);
}

// Room for `ranks` blocks of up to `count` elements with one spare element after each.
static inline size_t coll_room(const struct coll *c, int ranks, int count)
{
    return (size_t)ranks * (size_t)(count + 1) * (size_t)coll_extent[c->layout];
}

// Ranks that this one exchanges blocks with, and their side.
static inline int coll_peers(const struct coll *c)
{
    return c->inter ? c->remote : c->local;
}

static inline int coll_their_side(const struct coll *c)
{
    return c->inter ? 1 - c->side : c->side;
}

static inline int coll_is_root(const struct coll *c)
{
    return c->root == c->me && (!c->inter || c->root_side == c->side);
}

// Takes part as one that gives to (or gets from) the root.
static inline int coll_is_leaf(const struct coll *c)
{
    return !c->inter || c->root_side != c->side;
}

static inline int coll_root(const struct coll *c)
{
    if (!c->inter || c->root_side != c->side) {
        return c->root;
    }
    return c->root == c->me ? MPI_ROOT : MPI_PROC_NULL;
}

static inline int coll_uneven(const struct coll *c)
{
    return c->operation == GATHERV || c->operation == SCATTERV || c->operation == ALLGATHERV ||
           c->operation == ALLTOALLV || c->operation == ALLTOALLW;
}

// Puts blocks in a rotated order with a gap of one element; regular operations have them in a row.
static inline void coll_place(const struct coll *c, int ranks, const int *counts, int *displs)
{
    int at = 0;
    for (int i = 0; i < ranks; i++) {
        int r = coll_uneven(c) ? (i + 1) % ranks : i;
        displs[r] = at;
        at += counts[r] + (coll_uneven(c) ? 1 : 0);
    }
}

static inline void coll_put(const struct coll *c, unsigned char *bytes, int displacement, int side,
                            int from, int to, int count)
{
    for (int i = 0; i < count; i++) {
        coll_element(c, side, from, to, i,
                     bytes + (size_t)(displacement + i) * (size_t)coll_extent[c->layout]);
    }
}

// The total operand of a reduce_scatter.
static inline int coll_total(const struct coll *c)
{
    return c->count * c->local * (c->inter ? c->remote : 1);
}

// Fills the buffers with what this rank gives, and `expected` with what it is to get.
static inline void coll_refill(struct coll *c, unsigned data)
{
    int theirs = coll_their_side(c);
    int peers = coll_peers(c);
    unsigned char *own; // where this rank's operand or block goes
    int offset = 0;

    c->data = data;
    memset(c->send.bytes, EMPTY, c->send.size);
    memset(c->recv.bytes, EMPTY, c->recv.size);
    own = c->in_place ? c->recv.bytes : c->send.bytes;
    switch (c->operation) {
    case BCAST:
        if (coll_is_root(c)) {
            coll_put(c, c->recv.bytes, 0, 0, c->root, 0, c->count);
        }
        break;
    case REDUCE:
    case ALLREDUCE:
    case SCAN:
    case EXSCAN:
        if (c->operation != REDUCE || coll_is_leaf(c)) {
            coll_put(c, own, 0, c->side, c->me, 0, c->count);
        }
        break;
    case REDUCE_SCATTER:
    case REDUCE_SCATTER_BLOCK:
        coll_put(c, own, 0, c->side, c->me, 0, coll_total(c));
        break;
    case GATHER:
    case GATHERV:
        if (coll_is_leaf(c)) {
            coll_put(c, own, c->in_place ? c->displs[c->me] : 0, c->side, c->me, 0,
                     coll_count(c, c->side, c->me, 0));
        }
        break;
    case ALLGATHER:
    case ALLGATHERV:
        coll_put(c, own, c->in_place ? c->displs[c->me] : 0, c->side, c->me, 0,
                 coll_count(c, c->side, c->me, 0));
        break;
    case SCATTER:
    case SCATTERV:
        for (int r = 0; r < peers && coll_is_root(c); r++) {
            coll_put(c, c->send.bytes, c->other_displs[r], c->side, c->me, r, c->other_counts[r]);
        }
        break;
    case ALLTOALL:
    case ALLTOALLV:
    case ALLTOALLW:
        for (int r = 0; r < peers; r++) {
            const int *counts = c->in_place ? c->counts : c->other_counts;
            const int *displs = c->in_place ? c->displs : c->other_displs;
            coll_put(c, own, displs[r], c->side, c->me, r, counts[r]);
        }
        break;
    default:
        break;
    }
    memcpy(c->send.expected, c->send.bytes, c->send.size);
    memcpy(c->recv.expected, c->recv.bytes, c->recv.size);
    unsigned char *to = c->recv.expected;
    switch (c->operation) {
    case BCAST:
        if (coll_is_root(c) || coll_is_leaf(c)) {
            coll_put(c, to, 0, 0, c->root, 0, c->count);
        }
        break;
    case REDUCE:
        if (coll_is_root(c)) {
            coll_reduced(c, theirs, peers - 1, 0, c->count, to);
        }
        break;
    case ALLREDUCE:
        coll_reduced(c, theirs, peers - 1, 0, c->count, to);
        break;
    case SCAN:
        coll_reduced(c, 0, c->me, 0, c->count, to);
        break;
    case EXSCAN:
        if (c->me > 0) {
            coll_reduced(c, 0, c->me - 1, 0, c->count, to);
        }
        break;
    case REDUCE_SCATTER:
    case REDUCE_SCATTER_BLOCK:
        for (int r = 0; r < c->me; r++) {
            offset += c->counts[r];
        }
        coll_reduced(c, theirs, peers - 1, offset, c->counts[c->me], to);
        break;
    case GATHER:
    case GATHERV:
    case ALLGATHER:
    case ALLGATHERV:
        for (int r = 0; r < peers; r++) {
            if (c->operation == ALLGATHER || c->operation == ALLGATHERV || coll_is_root(c)) {
                coll_put(c, to, c->displs[r], theirs, r, 0, c->counts[r]);
            }
        }
        break;
    case SCATTER:
    case SCATTERV:
        if (coll_is_leaf(c) && !c->in_place) {
            coll_put(c, to, 0, theirs, c->root, c->me, coll_count(c, theirs, c->root, c->me));
        }
        break;
    case ALLTOALL:
    case ALLTOALLV:
    case ALLTOALLW:
        for (int r = 0; r < peers; r++) {
            coll_put(c, to, c->displs[r], theirs, r, c->me, c->counts[r]);
        }
        break;
    default:
        break;
    }
}

static inline int *coll_ints(int n)
{
    return room((size_t)n * sizeof(int));
}

// Everything but the call. In place is dropped where this rank may not ask for it.
static inline void coll_begin(struct coll *c)
{
    enum coll_operation o = c->operation;
    MPI_Comm_test_inter(c->comm, &c->inter);
    MPI_Comm_rank(c->comm, &c->me);
    MPI_Comm_size(c->comm, &c->local);
    c->remote = c->local;
    if (c->inter) {
        MPI_Comm_remote_size(c->comm, &c->remote);
        c->in_place = 0;
    } else {
        c->side = c->root_side = 0;
    }
    if (o == BARRIER || o == BCAST ||
        ((o == REDUCE || o == GATHER || o == GATHERV || o == SCATTER || o == SCATTERV) &&
         !coll_is_root(c))) {
        c->in_place = 0;
    }
    if (coll_reduces(o) && c->layout == GAPPED) {
        c->layout = DOUBLES;
    }
    int peers = coll_peers(c);
    int most = peers > c->local ? peers : c->local;
    int slices = o == REDUCE_SCATTER || o == REDUCE_SCATTER_BLOCK;
    size_t bytes = slices ? coll_room(c, 1, coll_total(c)) : coll_room(c, most, c->count);
    image_new(&c->send, bytes);
    image_new(&c->recv, bytes);
    c->counts = coll_ints(most);
    c->displs = coll_ints(most);
    c->other_counts = coll_ints(most);
    c->other_displs = coll_ints(most);
    c->displs_bytes = coll_ints(most);
    c->other_displs_bytes = coll_ints(most);
    for (int r = 0; r < most; r++) {
        if (slices) {
            c->counts[r] = r < c->local ? coll_slice(c, r) : 0;
            c->other_counts[r] = 0;
        } else {
            c->counts[r] = r < peers ? coll_count(c, coll_their_side(c), r, c->me) : 0;
            c->other_counts[r] = r < peers ? coll_count(c, c->side, c->me, r) : 0;
        }
    }
    coll_place(c, peers, c->counts, c->displs);
    coll_place(c, peers, c->other_counts, c->other_displs);
    c->counts_c = room((size_t)most * sizeof *c->counts_c);
    c->other_counts_c = room((size_t)most * sizeof *c->other_counts_c);
    c->displs_c = room((size_t)most * sizeof *c->displs_c);
    c->other_displs_c = room((size_t)most * sizeof *c->other_displs_c);
    c->types = room((size_t)most * sizeof *c->types);
    coll_refill(c, c->seed);
    for (int r = 0; r < most; r++) {
        int place = r < peers ? c->displs[r] : 0;
        int other = r < peers ? c->other_displs[r] : 0;
        int extent = coll_extent[c->layout];
        c->types[r] = coll_type[c->layout];
        c->counts_c[r] = c->counts[r];
        c->other_counts_c[r] = c->other_counts[r];
        c->displs_bytes[r] = place * extent;
        c->other_displs_bytes[r] = other * extent;
        c->displs_c[r] = o == ALLTOALLW ? place * extent : place;
        c->other_displs_c[r] = o == ALLTOALLW ? other * extent : other;
    }
}

#ifdef OPEN_MPI // 4.1.4 has neither, so that this model can be tried there
#define COLL_CALL_2(c, name, inner, ...) \
    ((c)->form == BLOCKING ? MPI_##name(__VA_ARGS__) : MPI_I##inner(__VA_ARGS__, &(c)->request))
#define COLL_CALL(c, name, inner, ...) COLL_CALL_2(c, name, inner, __VA_ARGS__)
#define COLL_WIDE(c, name, inner, ...) COLL_CALL_2(c, name, inner, __VA_ARGS__)
#else
#define COLL_CALL(c, name, inner, ...)                                     \
    ((c)->form == BLOCKING      ? MPI_##name(__VA_ARGS__)                  \
     : (c)->form == NONBLOCKING ? MPI_I##inner(__VA_ARGS__, &(c)->request) \
                                : MPI_##name##_init(__VA_ARGS__, MPI_INFO_NULL, &(c)->request))
#define COLL_WIDE(c, name, inner, ...)                                         \
    ((c)->form == BLOCKING      ? MPI_##name##_c(__VA_ARGS__)                  \
     : (c)->form == NONBLOCKING ? MPI_I##inner##_c(__VA_ARGS__, &(c)->request) \
                                : MPI_##name##_init_c(__VA_ARGS__, MPI_INFO_NULL, &(c)->request))
#endif
// The int function or the large one; the arguments mean the same.
#define COLL_EITHER(c, name, inner, ...) \
    ((c)->large ? COLL_WIDE(c, name, inner, __VA_ARGS__) : COLL_CALL(c, name, inner, __VA_ARGS__))

// The call with arrays, in one width.
#ifdef OPEN_MPI
#define COLL_ARRAYS(c, name, inner, narrow, wide) COLL_CALL(c, name, inner, UNPACK narrow)
#else
#define COLL_ARRAYS(c, name, inner, narrow, wide) \
    ((c)->large ? COLL_WIDE(c, name, inner, UNPACK wide) : COLL_CALL(c, name, inner, UNPACK narrow))
#endif
#define UNPACK(...) __VA_ARGS__

// The call; with PERSISTENT, the request is made but not started.
static inline int coll_call(struct coll *c)
{
    MPI_Datatype t = coll_type[c->layout];
    MPI_Op op = coll_op(c);
    const void *s = c->in_place ? MPI_IN_PLACE : c->send.bytes;
    void *r = c->recv.bytes;
    int n = c->count;
    int root = coll_root(c);
    int *rc = c->counts, *rd = c->displs, *sc = c->other_counts, *sd = c->other_displs;
    MPI_Count *rcw = c->counts_c, *scw = c->other_counts_c;
    MPI_Aint *rdw = c->displs_c, *sdw = c->other_displs_c;
    int mine = coll_count(c, c->side, c->me, 0); // gatherv

    (void)rcw, (void)scw, (void)rdw, (void)sdw;
    if (!coll_is_root(c)) { // what is significant at the root only
        switch (c->operation) {
        case REDUCE:
        case GATHER:
        case GATHERV:
            r = NULL;
            rc = rd = NULL;
            rcw = NULL;
            rdw = NULL;
            break;
        case SCATTERV:
            sc = sd = NULL;
            scw = NULL;
            sdw = NULL;
            break;
        default:
            break;
        }
    }
    switch (c->operation) {
    case BARRIER:
        return COLL_CALL(c, Barrier, barrier, c->comm);
    case BCAST:
        return COLL_EITHER(c, Bcast, bcast, r, n, t, root, c->comm);
    case REDUCE:
        return COLL_EITHER(c, Reduce, reduce, s, r, n, t, op, root, c->comm);
    case ALLREDUCE:
        return COLL_EITHER(c, Allreduce, allreduce, s, r, n, t, op, c->comm);
    case SCAN:
        return COLL_EITHER(c, Scan, scan, s, r, n, t, op, c->comm);
    case EXSCAN:
        return COLL_EITHER(c, Exscan, exscan, s, r, n, t, op, c->comm);
    case REDUCE_SCATTER_BLOCK:
        return COLL_EITHER(c, Reduce_scatter_block, reduce_scatter_block, s, r, rc[0], t, op,
                           c->comm);
    case REDUCE_SCATTER:
        return COLL_ARRAYS(c, Reduce_scatter, reduce_scatter, (s, r, rc, t, op, c->comm),
                           (s, r, rcw, t, op, c->comm));
    case GATHER:
        return COLL_EITHER(c, Gather, gather, s, n, t, r, n, t, root, c->comm);
    case GATHERV:
        return COLL_ARRAYS(c, Gatherv, gatherv, (s, mine, t, r, rc, rd, t, root, c->comm),
                           (s, mine, t, r, rcw, rdw, t, root, c->comm));
    case SCATTER:
        r = c->in_place ? MPI_IN_PLACE : r;
        return COLL_EITHER(c, Scatter, scatter, c->send.bytes, n, t, r, n, t, root, c->comm);
    case SCATTERV:
        r = c->in_place ? MPI_IN_PLACE : r;
        mine = coll_count(c, coll_their_side(c), c->root, c->me);
        return COLL_ARRAYS(c, Scatterv, scatterv,
                           (c->send.bytes, sc, sd, t, r, mine, t, root, c->comm),
                           (c->send.bytes, scw, sdw, t, r, mine, t, root, c->comm));
    case ALLGATHER:
        return COLL_EITHER(c, Allgather, allgather, s, n, t, r, n, t, c->comm);
    case ALLGATHERV:
        return COLL_ARRAYS(c, Allgatherv, allgatherv, (s, mine, t, r, rc, rd, t, c->comm),
                           (s, mine, t, r, rcw, rdw, t, c->comm));
    case ALLTOALL:
        return COLL_EITHER(c, Alltoall, alltoall, s, n, t, r, n, t, c->comm);
    case ALLTOALLV:
        return COLL_ARRAYS(c, Alltoallv, alltoallv, (s, sc, sd, t, r, rc, rd, t, c->comm),
                           (s, scw, sdw, t, r, rcw, rdw, t, c->comm));
    default:
        rd = c->displs_bytes;
        sd = c->other_displs_bytes;
        return COLL_ARRAYS(c, Alltoallw, alltoallw,
                           (s, sc, sd, c->types, r, rc, rd, c->types, c->comm),
                           (s, scw, sdw, c->types, r, rcw, rdw, c->types, c->comm));
    }
}

static inline void coll_compare(const struct coll *c, const struct image *image, const char *which)
{
    if (memcmp(image->bytes, image->expected, image->size) == 0) {
        return;
    }
    size_t i = 0;
    while (image->bytes[i] == image->expected[i]) {
        i++;
    }
#ifdef OPEN_MPI // sums in another order, which the standard allows
    if (c->layout == DOUBLES && coll_reduces(c->operation)) {
        return;
    }
#endif
    CHECK(
        0,
        "MPI_%s form %d layout %d root %d.%d count %d in_place %d large %d seed %u: at rank %d of "
        "%d (side %d): %s byte %zu (element %zu) is %02x, expected %02x",
        coll_names[c->operation], c->form, c->layout, c->root_side, c->root, c->count, c->in_place,
        c->large, c->seed, c->me, c->local, c->side, which, i, i / (size_t)coll_extent[c->layout],
        image->bytes[i], image->expected[i]);
}

static inline void coll_verify(const struct coll *c)
{
    coll_compare(c, &c->send, "sendbuf");
    // In a reduce_scatter in place only the result is defined; the rest of the operand is not.
    struct image result = c->recv;
    if (c->in_place && (c->operation == REDUCE_SCATTER || c->operation == REDUCE_SCATTER_BLOCK)) {
        result.size = (size_t)c->counts[c->me] * (size_t)coll_extent[c->layout];
    }
    coll_compare(c, &result, "recvbuf");
}

static inline void coll_end(struct coll *c)
{
    free(c->send.bytes);
    free(c->send.expected);
    free(c->recv.bytes);
    free(c->recv.expected);
    free(c->counts);
    free(c->displs);
    free(c->other_counts);
    free(c->other_displs);
    free(c->displs_bytes);
    free(c->other_displs_bytes);
    free(c->counts_c);
    free(c->other_counts_c);
    free(c->displs_c);
    free(c->other_displs_c);
    free(c->types);
}

// All of it, for a blocking operation.
static inline void coll_do(struct coll c)
{
    coll_begin(&c);
    OK(coll_call(&c));
    coll_verify(&c);
    coll_end(&c);
}

#endif
