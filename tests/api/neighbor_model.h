// SPDX-License-Identifier: MIT
// A model of the neighbourhood collectives. A struct net says who is whose neighbour on all ranks
// of a communicator, drawn from a seed that all ranks share; a struct exchange is one operation on
// it. Every element tells its sender, the sender's block and its index, so that net_verify can say
// for each block of the receive buffer whose it has to be, and that nothing else was touched.
// Read next: neighbor_blocking_forms.c, how it is used.
#ifndef TESTS_API_NEIGHBOR_MODEL_H
#define TESTS_API_NEIGHBOR_MODEL_H

#include "check.h"

static unsigned net_state = 1;
static inline unsigned net_random(unsigned below) // the same at all ranks
{
    net_state = net_state * 1664525u + 1013904223u;
    return (net_state >> 8) % below;
}

struct net {
    MPI_Comm comm; // MPI_COMM_NULL at ranks that have no part in it
    const char *kind;
    int cart;
    int ranks;
    int *outdegree, *indegree; // per rank
    int **out, **in;           // per rank, neighbours in the order of blocks
};

static inline int *ints(int n)
{
    size_t bytes = (size_t)(n > 0 ? n : 1) * sizeof(int);
    return memset(room(bytes), 0, bytes);
}

static inline void net_new(struct net *net, const char *kind, int ranks)
{
    *net = (struct net){.comm = MPI_COMM_NULL, .kind = kind, .ranks = ranks};
    net->outdegree = ints(ranks);
    net->indegree = ints(ranks);
    net->out = room((size_t)ranks * sizeof *net->out);
    net->in = room((size_t)ranks * sizeof *net->in);
    memset(net->outdegree, 0, (size_t)ranks * sizeof(int));
    memset(net->indegree, 0, (size_t)ranks * sizeof(int));
}

static inline void net_free(struct net *net)
{
    for (int r = 0; r < net->ranks; r++) {
        free(net->out[r]);
        free(net->in[r]);
    }
    free(net->out);
    free(net->in);
    free(net->outdegree);
    free(net->indegree);
    if (net->comm != MPI_COMM_NULL) {
        MPI_Comm_free(&net->comm);
    }
}

// A grid with the given lengths and periods, row-major.
static inline void net_cart(struct net *net, int ndims, const int *dims, const int *periods)
{
    int places = 1;
    for (int d = 0; d < ndims; d++) {
        places *= dims[d];
    }
    net_new(net, "cart", places);
    net->cart = 1;
    for (int r = 0; r < places; r++) {
        net->outdegree[r] = net->indegree[r] = 2 * ndims;
        net->out[r] = ints(2 * ndims);
        net->in[r] = ints(2 * ndims);
        int stride = places;
        for (int d = 0; d < ndims; d++) {
            stride /= dims[d];
            int at = r / stride % dims[d];
            for (int way = 0; way < 2; way++) {
                int next = at + (way ? 1 : -1);
                int there = next < 0 || next >= dims[d];
                int wrapped = (next + dims[d]) % dims[d];
                int neighbor = there && !periods[d] ? MPI_PROC_NULL : r + (wrapped - at) * stride;
                net->out[r][2 * d + way] = net->in[r][2 * d + way] = neighbor;
            }
        }
    }
    OK(MPI_Cart_create(MPI_COMM_WORLD, ndims, dims, periods, (int)net_random(2), &net->comm));
}

static inline void net_shuffle(int *list, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)net_random((unsigned)i + 1), keep = list[i];
        list[i] = list[j];
        list[j] = keep;
    }
}

// Lists of edges per rank from edges[2 * i] -> edges[2 * i + 1], each list in an order of its own.
static inline void net_edges(struct net *net, const int *edges, int n)
{
    for (int i = 0; i < n; i++) {
        net->outdegree[edges[2 * i]]++;
        net->indegree[edges[2 * i + 1]]++;
    }
    for (int r = 0; r < net->ranks; r++) {
        int out = 0, in = 0;
        net->out[r] = ints(net->outdegree[r]);
        net->in[r] = ints(net->indegree[r]);
        for (int i = 0; i < n; i++) {
            if (edges[2 * i] == r) {
                net->out[r][out++] = edges[2 * i + 1];
            }
            if (edges[2 * i + 1] == r) {
                net->in[r][in++] = edges[2 * i];
            }
        }
        net_shuffle(net->out[r], out);
        net_shuffle(net->in[r], in);
    }
}

// A graph with as many edges one way as the other, some several times, some to oneself.
static inline void net_graph(struct net *net)
{
    int nodes = 1 + (int)net_random((unsigned)size);
    int pairs = (int)net_random(3u * (unsigned)nodes);
    int *edges = ints(4 * pairs);
    int n = 0;
    net_new(net, "graph", nodes);
    for (int i = 0; i < pairs; i++) {
        int a = (int)net_random((unsigned)nodes), b = (int)net_random((unsigned)nodes);
        edges[2 * n] = a;
        edges[2 * n++ + 1] = b;
        if (a != b) {
            edges[2 * n] = b;
            edges[2 * n++ + 1] = a;
        }
    }
    net_edges(net, edges, n);
    int *index = ints(nodes), *list = ints(n), total = 0;
    for (int r = 0; r < nodes; r++) {
        free(net->in[r]); // one list serves both ways
        net->in[r] = ints(net->outdegree[r]);
        memcpy(net->in[r], net->out[r], (size_t)net->outdegree[r] * sizeof(int));
        memcpy(list + total, net->out[r], (size_t)net->outdegree[r] * sizeof(int));
        total += net->outdegree[r];
        index[r] = total;
    }
    OK(MPI_Graph_create(MPI_COMM_WORLD, nodes, index, list, (int)net_random(2), &net->comm));
    free(index);
    free(list);
    free(edges);
}

static inline int *net_random_edges(int *n)
{
    *n = (int)net_random(5u * (unsigned)size);
    int *edges = ints(2 * *n);
    for (int i = 0; i < 2 * *n; i++) {
        edges[i] = (int)net_random((unsigned)size);
    }
    return edges;
}

// Each rank gives its own neighbours.
static inline void net_adjacent(struct net *net)
{
    int n;
    int *edges = net_random_edges(&n);
    net_new(net, "adjacent", size);
    net_edges(net, edges, n);
    OK(MPI_Dist_graph_create_adjacent(
        MPI_COMM_WORLD, net->indegree[rank], net->in[rank], MPI_UNWEIGHTED, net->outdegree[rank],
        net->out[rank], MPI_UNWEIGHTED, MPI_INFO_NULL, (int)net_random(2), &net->comm));
    free(edges);
}

// Everybody gives some edges of anybody. The order of a rank's neighbours is the library's choice:
// all ranks are asked for theirs.
static inline void net_distributed(struct net *net)
{
    int n, mine = 0, weighted;
    int *edges = net_random_edges(&n);
    int *sources = ints(n), *degrees = ints(n), *destinations = ints(n);
    for (int i = 0; i < n; i++) {
        if ((int)net_random((unsigned)size) == rank) {
            sources[mine] = edges[2 * i];
            degrees[mine] = 1;
            destinations[mine++] = edges[2 * i + 1];
        }
    }
    net_new(net, "distributed", size);
    net_edges(net, edges, n);
    OK(MPI_Dist_graph_create(MPI_COMM_WORLD, mine, sources, degrees, destinations, MPI_UNWEIGHTED,
                             MPI_INFO_NULL, 0, &net->comm));
    int in, out;
    OK(MPI_Dist_graph_neighbors_count(net->comm, &in, &out, &weighted));
    CHECK(in == net->indegree[rank] && out == net->outdegree[rank], "%d in, %d out", in, out);
    OK(MPI_Dist_graph_neighbors(net->comm, in, net->in[rank], MPI_UNWEIGHTED, out, net->out[rank],
                                MPI_UNWEIGHTED));
    for (int r = 0; r < size; r++) {
        MPI_Bcast(net->in[r], net->indegree[r], MPI_INT, r, MPI_COMM_WORLD);
        MPI_Bcast(net->out[r], net->outdegree[r], MPI_INT, r, MPI_COMM_WORLD);
    }
    free(sources);
    free(degrees);
    free(destinations);
    free(edges);
}

// Any of them. A grid takes part of the ranks, or all.
static inline void net_any(struct net *net)
{
    int ndims = (int)net_random(4), dims[3] = {0}, periods[3];
    switch (net_random(5)) {
    case 0:
        net_graph(net);
        break;
    case 1:
        net_adjacent(net);
        break;
    case 2:
        net_distributed(net);
        break;
    default:
        for (int d = 0; d < ndims; d++) {
            periods[d] = (int)net_random(2);
        }
        if (ndims > 0) {
            OK(MPI_Dims_create(1 + (int)net_random((unsigned)size), ndims, dims));
            net_shuffle(dims, ndims);
        }
        net_cart(net, ndims, dims, periods);
    }
}

// Which block of which rank arrives in block `at` of rank `me`: a block sent in one direction of a
// dimension arrives from the other; in graphs the k-th edge is the k-th edge.
static inline int net_sender_block(const struct net *net, int me, int at)
{
    int from = net->in[me][at], k = 0;
    if (net->cart) {
        return at ^ 1;
    }
    for (int i = 0; i < at; i++) {
        k += net->in[me][i] == from;
    }
    for (int i = 0; i < net->outdegree[from]; i++) {
        if (net->out[from][i] == me && k-- == 0) {
            return i;
        }
    }
    CHECK(0, "rank %d has an edge from rank %d that does not begin there", me, from);
    return -1;
}

// ---- Operations

enum { NEIGHBOR_ALLGATHER, NEIGHBOR_ALLGATHERV, NEIGHBOR_ALLTOALL, NEIGHBOR_ALLTOALLV };
enum { NEIGHBOR_ALLTOALLW = 4, EXCHANGES };
enum { BLOCKING, NONBLOCKING, PERSISTENT, FORMS };

// What a pair of ints may look like in memory; one count is one pair, or one int.
enum { PLAIN, PAIRS, GAPPED, LAYOUTS };
static MPI_Datatype net_type[LAYOUTS];
static const int net_ints[LAYOUTS] = {1, 2, 4};  // in memory, per element
static const int net_parts[LAYOUTS] = {1, 2, 2}; // of data, per element

static inline void net_setup(void)
{
    MPI_Datatype vector;
    net_type[PLAIN] = MPI_INT;
    MPI_Type_contiguous(2, MPI_INT, &net_type[PAIRS]);
    MPI_Type_vector(2, 1, 2, MPI_INT, &vector);
    MPI_Type_create_resized(vector, 0, 4 * sizeof(int), &net_type[GAPPED]);
    MPI_Type_free(&vector);
    MPI_Type_commit(&net_type[PAIRS]);
    MPI_Type_commit(&net_type[GAPPED]);
}

static inline void net_teardown(void)
{
    MPI_Type_free(&net_type[PAIRS]);
    MPI_Type_free(&net_type[GAPPED]);
}

// One side of an operation at this rank: blocks of pairs, last block first, with gaps.
struct blocks {
    int n, room;
    int *pairs, *layouts; // per block
    int *counts, *displs; // in elements; for alltoallw displs_c in bytes
    MPI_Count *counts_c;
    MPI_Aint *displs_c;
    MPI_Datatype *types;
    int *buffer, *expected;
};

struct exchange {
    const struct net *net;
    int operation, form, large;
    int most; // pairs in a block
    unsigned seed;
    int me;
    struct blocks send, recv;
    MPI_Request request;
};

static inline unsigned net_hash(unsigned a, unsigned b, unsigned c, unsigned d)
{
    unsigned h = a * 2654435761u ^ b * 2246822519u ^ c * 3266489917u ^ d * 668265263u;
    h ^= h >> 15;
    h *= 2246822519u;
    return h ^ h >> 13;
}

static inline int exchange_gathers(const struct exchange *e)
{
    return e->operation == NEIGHBOR_ALLGATHER || e->operation == NEIGHBOR_ALLGATHERV;
}

// Pairs in block `block` of rank `sender`.
static inline int exchange_pairs(const struct exchange *e, int sender, int block)
{
    if (e->operation == NEIGHBOR_ALLGATHER || e->operation == NEIGHBOR_ALLTOALL) {
        return e->most;
    }
    if (e->operation == NEIGHBOR_ALLGATHERV) {
        block = 0;
    }
    return (int)(net_hash(e->seed, 77, (unsigned)sender, (unsigned)block) %
                 ((unsigned)e->most + 1));
}

// Visits the ints of data of a block in order.
static inline int *exchange_int(const struct blocks *b, int *buffer, int block, int i)
{
    int layout = b->layouts[block];
    int element = i / net_parts[layout], part = i % net_parts[layout];
    return buffer + b->displs[block] + element * net_ints[layout] +
           part * (layout == GAPPED ? 2 : 1);
}

static inline int net_value(const struct exchange *e, int sender, int block, int i)
{
    if (exchange_gathers(e)) {
        block = 0;
    }
    return (int)net_hash(e->seed, (unsigned)sender, (unsigned)block, (unsigned)i);
}

// Displacements are in ints while the blocks are laid out, and in elements afterwards.
static inline void blocks_new(struct blocks *b, int n)
{
    *b = (struct blocks){.n = n};
    b->pairs = ints(n);
    b->layouts = ints(n);
    b->counts = ints(n);
    b->displs = ints(n);
    b->counts_c = room((size_t)(n + 1) * sizeof *b->counts_c);
    b->displs_c = room((size_t)(n + 1) * sizeof *b->displs_c);
    b->types = room((size_t)(n + 1) * sizeof(MPI_Datatype));
}

static inline void blocks_free(struct blocks *b)
{
    free(b->pairs);
    free(b->layouts);
    free(b->counts);
    free(b->displs);
    free(b->counts_c);
    free(b->displs_c);
    free(b->types);
    free(b->buffer);
    free(b->expected);
}

// `regular`: all blocks of one count and type, one after the other.
static inline void blocks_place(struct exchange *e, struct blocks *b, int regular, unsigned side)
{
    int at = regular ? 0 : 4;
    for (int j = 0; j < b->n; j++) {
        int block = regular ? j : b->n - 1 - j;
        unsigned drawn = net_hash(e->seed, side, (unsigned)e->me,
                                  e->operation == NEIGHBOR_ALLTOALLW ? (unsigned)block : 0);
        int layout = b->layouts[block] = (int)(drawn % LAYOUTS);
        b->counts[block] = b->pairs[block] * 2 / net_parts[layout];
        b->displs[block] = at;
        at += b->counts[block] * net_ints[layout] + (regular ? 0 : 4);
        b->types[block] = net_type[layout];
    }
    b->room = at + 4;
    b->buffer = ints(b->room);
    b->expected = ints(b->room);
}

static inline void blocks_finish(const struct exchange *e, struct blocks *b)
{
    for (int j = 0; j < b->n; j++) {
        int extent = net_ints[b->layouts[j]];
        b->counts_c[j] = b->counts[j];
        b->displs_c[j] = e->operation == NEIGHBOR_ALLTOALLW
                             ? (MPI_Aint)b->displs[j] * (MPI_Aint)sizeof(int)
                             : b->displs[j] / extent;
    }
}

// Fills the buffers, and says what they must be when the operation is over.
static inline void exchange_fill(struct exchange *e, unsigned seed)
{
    struct blocks *s = &e->send, *r = &e->recv;
    unsigned counts_seed = e->seed;
    e->seed = seed;
    for (int i = 0; i < s->room; i++) {
        s->buffer[i] = s->expected[i] = -5;
    }
    for (int i = 0; i < r->room; i++) {
        r->buffer[i] = r->expected[i] = -7;
    }
    for (int j = 0; j < s->n; j++) {
        for (int i = 0; i < 2 * s->pairs[j]; i++) {
            *exchange_int(s, s->buffer, j, i) = *exchange_int(s, s->expected, j, i) =
                net_value(e, e->me, j, i);
        }
    }
    for (int j = 0; j < r->n; j++) {
        int from = e->net->in[e->me][j];
        if (from == MPI_PROC_NULL) {
            continue;
        }
        int block = net_sender_block(e->net, e->me, j);
        for (int i = 0; i < 2 * r->pairs[j]; i++) {
            *exchange_int(r, r->expected, j, i) = net_value(e, from, block, i);
        }
    }
    e->seed = counts_seed;
}

// Everything but the call. Not at ranks outside the net.
static inline void exchange_begin(struct exchange *e)
{
    const struct net *net = e->net;
    int regular_recv = e->operation == NEIGHBOR_ALLGATHER || e->operation == NEIGHBOR_ALLTOALL;
    MPI_Comm_rank(net->comm, &e->me);
    blocks_new(&e->recv, net->indegree[e->me]);
    blocks_new(&e->send, exchange_gathers(e) ? 1 : net->outdegree[e->me]);
    for (int j = 0; j < e->send.n; j++) {
        e->send.pairs[j] = exchange_pairs(e, e->me, j);
    }
    for (int j = 0; j < e->recv.n; j++) {
        int from = net->in[e->me][j];
        e->recv.pairs[j] = from == MPI_PROC_NULL
                               ? e->most
                               : exchange_pairs(e, from, net_sender_block(net, e->me, j));
    }
    blocks_place(e, &e->send, regular_recv || exchange_gathers(e), 1);
    blocks_place(e, &e->recv, regular_recv, 2);
    exchange_fill(e, e->seed);
    blocks_finish(e, &e->send);
    blocks_finish(e, &e->recv);
}

static inline void exchange_end(struct exchange *e)
{
    blocks_free(&e->send);
    blocks_free(&e->recv);
}

#define NET_CALL(e, suffix, name, ...)                                \
    ((e)->form == BLOCKING ? MPI_Neighbor_##name##suffix(__VA_ARGS__) \
     : (e)->form == NONBLOCKING                                       \
         ? MPI_Ineighbor_##name##suffix(__VA_ARGS__, &(e)->request)   \
         : MPI_Neighbor_##name##_init##suffix(__VA_ARGS__, MPI_INFO_NULL, &(e)->request))

// With PERSISTENT, the request is made but not started.
static inline int exchange_call(struct exchange *e)
{
    struct blocks *s = &e->send, *r = &e->recv;
    MPI_Comm comm = e->net->comm;
    int *sb = s->buffer, *rb = r->buffer;
    MPI_Datatype st = s->n > 0 ? s->types[0] : MPI_INT, rt = r->n > 0 ? r->types[0] : MPI_INT;
    int sn = s->n > 0 ? s->counts[0] : 3, rn = r->n > 0 ? r->counts[0] : 3;
    int displs[2][64], *sd = displs[0], *rd = displs[1];
    CHECK(s->n <= 64 && r->n <= 64, "%d and %d neighbours", s->n, r->n);
    for (int j = 0; j < s->n; j++) {
        sd[j] = (int)s->displs_c[j];
    }
    for (int j = 0; j < r->n; j++) {
        rd[j] = (int)r->displs_c[j];
    }
    switch (e->operation) {
    case NEIGHBOR_ALLGATHER:
        return e->large ? NET_CALL(e, _c, allgather, sb, sn, st, rb, rn, rt, comm)
                        : NET_CALL(e, , allgather, sb, sn, st, rb, rn, rt, comm);
    case NEIGHBOR_ALLGATHERV:
        return e->large
                   ? NET_CALL(e, _c, allgatherv, sb, sn, st, rb, r->counts_c, r->displs_c, rt, comm)
                   : NET_CALL(e, , allgatherv, sb, sn, st, rb, r->counts, rd, rt, comm);
    case NEIGHBOR_ALLTOALL:
        return e->large ? NET_CALL(e, _c, alltoall, sb, sn, st, rb, rn, rt, comm)
                        : NET_CALL(e, , alltoall, sb, sn, st, rb, rn, rt, comm);
    case NEIGHBOR_ALLTOALLV:
        return e->large
                   ? NET_CALL(e, _c, alltoallv, sb, s->counts_c, s->displs_c, st, rb, r->counts_c,
                              r->displs_c, rt, comm)
                   : NET_CALL(e, , alltoallv, sb, s->counts, sd, st, rb, r->counts, rd, rt, comm);
    default:
        return e->large ? NET_CALL(e, _c, alltoallw, sb, s->counts_c, s->displs_c, s->types, rb,
                                   r->counts_c, r->displs_c, r->types, comm)
                        : NET_CALL(e, , alltoallw, sb, s->counts, s->displs_c, s->types, rb,
                                   r->counts, r->displs_c, r->types, comm);
    }
}

static inline void exchange_verify(const struct exchange *e)
{
    static const char *const names[] = {"allgather", "allgatherv", "alltoall", "alltoallv",
                                        "alltoallw"};
    for (int side = 0; side < 2; side++) {
        const struct blocks *b = side ? &e->recv : &e->send;
        for (int i = 0; i < b->room; i++) {
            CHECK(b->buffer[i] == b->expected[i],
                  "neighbor_%s form %d large %d most %d seed %u on %s of %d: rank %d of it: %s int "
                  "%d is %d, expected %d",
                  names[e->operation], e->form, e->large, e->most, e->seed, e->net->kind,
                  e->net->ranks, e->me, side ? "recvbuf" : "sendbuf", i, b->buffer[i],
                  b->expected[i]);
        }
    }
}

static inline struct exchange exchange_any(const struct net *net, int form)
{
    static const unsigned most[] = {1, 3, 40, 3000, 3000, 50000};
    return (struct exchange){.net = net,
                             .operation = (int)net_random(EXCHANGES),
                             .form = form,
                             .large = (int)net_random(2),
                             .most = (int)net_random(most[net_random(6)] + 1),
                             .seed = net_random(1000000)};
}

#endif
