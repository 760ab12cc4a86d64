// SPDX-License-Identifier: MIT
// Distributed graphs (MPI 5.0, 8.5.4). With MPI_Dist_graph_create any rank gives any edges, and
// each is carried to the two ranks at its ends: first everybody tells everybody how many edges are
// to come, then the edges. What a rank gets is in the order of who gave it and, of one giver, in
// the order given, at both ends alike: the k-th edge from one rank to another is the same at either
// end, which is how neighbourhood collectives match them.
#include "collectives/collectives.h"
#include "collectives/topology_make.h"
#include "object/errhandler.h"

#include <limits.h>
#include <stdlib.h>

// What one rank says to another beforehand: so many edges begin at you, so many end at you, and
// what it thinks of weights.
enum { OUT, IN, OPINION, WORDS };

// A rank without edges that was not given MPI_UNWEIGHTED was given an empty array, or an array of
// any kind, so what the others say counts for more.
enum { UNWEIGHTED_EMPTY, WEIGHTED_EMPTY, UNWEIGHTED, WEIGHTED, OPINIONS };

struct redistribution {
    struct mp_comm *comm;
    int size;
    MPI_Count *given, *gotten;               // WORDS per rank
    MPI_Count *counts[2], *displacements[2]; // in ints, per rank: sent, received
    MPI_Count *cursor;                       // per rank, while packing
    int *packed, *arrived;                   // per peer: OUT edges, IN edges; each rank and weight
};

static int no_memory(void)
{
    return mp_fail(MPI_ERR_NO_MEM, "no memory for a distributed graph");
}

static int allocate(struct redistribution *r, struct mp_comm *comm)
{
    size_t size = (size_t)comm->size;
    *r = (struct redistribution){.comm = comm, .size = comm->size};
    r->given = calloc(size * (2 * WORDS + 5), sizeof *r->given);
    if (!r->given) {
        return no_memory();
    }
    r->gotten = r->given + size * WORDS;
    r->cursor = r->gotten + size * WORDS;
    r->counts[0] = r->cursor + size;
    r->counts[1] = r->counts[0] + size;
    r->displacements[0] = r->counts[1] + size;
    r->displacements[1] = r->displacements[0] + size;
    return 0;
}

static void release(struct redistribution *r)
{
    free(r->given);
    free(r->packed);
    free(r->arrived);
}

static int tell_counts(struct redistribution *r)
{
    struct mp_blocks words = {.buffer = r->given,
                              .counts = mp_counts_each(WORDS),
                              .displacements = mp_counts_each(WORDS),
                              .type = mp_datatype_get(MPI_COUNT)};
    struct mp_collective c = {.kind = MP_ALLTOALL, .comm = r->comm, .send = words, .recv = words};
    c.recv.buffer = r->gotten;
    return mp_collective_run(&c);
}

// Counts and displacements of one way, from what was told; the total in ints.
static MPI_Count lay_out(const struct redistribution *r, int way, const MPI_Count *told)
{
    MPI_Count total = 0;
    for (int i = 0; i < r->size; i++) {
        const MPI_Count *words = told + (size_t)i * WORDS;
        r->counts[way][i] = 2 * (words[OUT] + words[IN]);
        r->displacements[way][i] = total;
        total += r->counts[way][i];
    }
    return total;
}

static void put(int *packed, MPI_Count *at, int rank, int weight)
{
    packed[(*at)++] = rank;
    packed[(*at)++] = weight;
}

// Sorts the edges given here by where they go.
static void pack(struct redistribution *r, int n, const int *sources, const int *degrees,
                 const int *destinations, const int *weights)
{
    for (int end = OUT; end <= IN; end++) {
        for (int i = 0; i < r->size; i++) {
            MPI_Count before = end == IN ? 2 * r->given[(size_t)i * WORDS + OUT] : 0;
            r->cursor[i] = r->displacements[0][i] + before;
        }
        MPI_Count edge = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < degrees[i]; j++, edge++) {
                int here = end == OUT ? sources[i] : destinations[edge];
                int there = end == OUT ? destinations[edge] : sources[i];
                put(r->packed, &r->cursor[here], there, weights ? weights[edge] : 0);
            }
        }
    }
}

static int carry(struct redistribution *r)
{
    struct mp_blocks blocks[2];
    for (int way = 0; way < 2; way++) {
        blocks[way] = (struct mp_blocks){.buffer = way == 0 ? r->packed : r->arrived,
                                         .counts = mp_counts_wide(r->counts[way]),
                                         .displacements = mp_counts_wide(r->displacements[way]),
                                         .type = mp_datatype_get(MPI_INT)};
    }
    struct mp_collective c = {
        .kind = MP_ALLTOALL, .comm = r->comm, .uneven = true, .send = blocks[0], .recv = blocks[1]};
    return mp_collective_run(&c);
}

// The lists of neighbours, from what arrived.
static struct mp_topology *unpack(const struct redistribution *r, int indegree, int outdegree,
                                  bool weighted)
{
    struct mp_topology *topology =
        mp_topology_dist_graph(indegree, NULL, NULL, outdegree, NULL, NULL, weighted);
    int in = 0;
    int out = 0;

    for (int i = 0; i < r->size && topology; i++) {
        const int *edge = r->arrived + r->displacements[1][i];
        const MPI_Count *words = r->gotten + (size_t)i * WORDS;
        for (MPI_Count k = 0; k < words[OUT]; k++, out++, edge += 2) {
            topology->destinations[out] = edge[0];
            if (weighted) {
                topology->destination_weights[out] = edge[1];
            }
        }
        for (MPI_Count k = 0; k < words[IN]; k++, in++, edge += 2) {
            topology->sources[in] = edge[0];
            if (weighted) {
                topology->source_weights[in] = edge[1];
            }
        }
    }
    return topology;
}

// Sums up what all have told. They have heard the same opinions, so all fail alike.
static int judge(const struct redistribution *r, MPI_Count *in, MPI_Count *out, bool *weighted)
{
    int who[OPINIONS] = {-1, -1, -1, -1};
    *in = *out = 0;
    for (int i = 0; i < r->size; i++) {
        const MPI_Count *words = r->gotten + (size_t)i * WORDS;
        *in += words[IN];
        *out += words[OUT];
        who[words[OPINION]] = i;
    }
    if (who[WEIGHTED] >= 0 && who[UNWEIGHTED] >= 0) {
        return mp_fail(MPI_ERR_ARG,
                       "weights is MPI_UNWEIGHTED at rank %d and not at rank %d: it must be so at "
                       "all ranks or at none",
                       who[UNWEIGHTED], who[WEIGHTED]);
    }
    if (*in > INT_MAX || *out > INT_MAX) {
        return mp_fail(
            MPI_ERR_ARG,
            "%lld edges end and %lld edges begin at this rank, more than an int can count",
            (long long)*in, (long long)*out);
    }
    *weighted = who[WEIGHTED] >= 0 || (who[UNWEIGHTED] < 0 && who[WEIGHTED_EMPTY] >= 0);
    return 0;
}

// What this rank tells each of the others.
static void count(struct redistribution *r, int n, const int *sources, const int *degrees,
                  const int *destinations, bool weighted)
{
    MPI_Count edges = 0;
    for (int i = 0; i < n; i++) {
        r->given[(size_t)sources[i] * WORDS + OUT] += degrees[i];
        for (int j = 0; j < degrees[i]; j++, edges++) {
            r->given[(size_t)destinations[edges] * WORDS + IN]++;
        }
    }
    int opinion = edges > 0 ? UNWEIGHTED : UNWEIGHTED_EMPTY;
    for (int i = 0; i < r->size; i++) {
        r->given[(size_t)i * WORDS + OPINION] = opinion + weighted;
    }
}

static int redistribute(struct redistribution *r, int n, const int *sources, const int *degrees,
                        const int *destinations, const int *weights, bool weighted,
                        struct mp_topology **topology)
{
    MPI_Count in = 0;
    MPI_Count out = 0;

    count(r, n, sources, degrees, destinations, weighted);
    int error = tell_counts(r);
    error = error ? error : judge(r, &in, &out, &weighted);
    if (error) {
        return error;
    }
    r->packed = malloc(((size_t)lay_out(r, 0, r->given) + 1) * sizeof *r->packed);
    r->arrived = malloc(((size_t)lay_out(r, 1, r->gotten) + 1) * sizeof *r->arrived);
    if (!r->packed || !r->arrived) {
        return no_memory();
    }
    pack(r, n, sources, degrees, destinations, weights);
    error = carry(r);
    if (error) {
        return error;
    }
    *topology = unpack(r, (int)in, (int)out, weighted);
    return *topology ? 0 : no_memory();
}

// All ranks keep their place.
static int make(struct mp_comm *comm, struct mp_topology *topology, struct mp_comm **made)
{
    mp_group_hold(comm->group);
    return mp_topology_comm(comm, comm->group, topology, made);
}

int mp_dist_graph_create(struct mp_comm *comm, int n, const int *sources, const int *degrees,
                         const int *destinations, const int *weights, bool weighted,
                         struct mp_comm **made)
{
    struct redistribution r;
    struct mp_topology *topology = NULL;
    int error = allocate(&r, comm);
    *made = NULL;
    if (!error) {
        error = redistribute(&r, n, sources, degrees, destinations, weights, weighted, &topology);
    }
    release(&r);
    return error ? error : make(comm, topology, made);
}

int mp_dist_graph_adjacent(struct mp_comm *comm, const struct mp_edges *in,
                           const struct mp_edges *out, bool weighted, struct mp_comm **made)
{
    struct mp_topology *topology = mp_topology_dist_graph(
        in->count, in->ranks, in->weights, out->count, out->ranks, out->weights, weighted);
    return topology ? make(comm, topology, made) : no_memory();
}
