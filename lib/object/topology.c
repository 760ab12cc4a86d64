// SPDX-License-Identifier: MIT
// Virtual topologies: the objects, and arithmetic on grids. Read next: object/dims.c.
#include "object/topology.h"

#include <stdlib.h>
#include <string.h>

// A topology with room for `ints` behind it, in *room.
static struct mp_topology *make(int kind, size_t ints, int **room)
{
    struct mp_topology *topology = calloc(1, sizeof *topology + ints * sizeof **room);
    if (topology) {
        topology->refs = 1;
        topology->kind = kind;
        topology->lopsided = -1;
        *room = (int *)(void *)(topology + 1);
    }
    return topology;
}

// The next `count` ints of *room, filled from `values` unless that is NULL.
static int *take(int **room, int count, const int *values)
{
    int *taken = *room;
    if (values && count > 0) {
        memcpy(taken, values, (size_t)count * sizeof *taken);
    }
    *room += count;
    return taken;
}

void mp_topology_release(struct mp_topology *topology)
{
    if (--topology->refs == 0) {
        free(topology);
    }
}

// ---- Cartesian

struct mp_topology *mp_topology_cart(int ndims, const int *dims, const int *periods, int rank)
{
    int *room;
    struct mp_topology *topology = make(MPI_CART, 5 * (size_t)ndims, &room);
    if (!topology) {
        return NULL;
    }
    topology->ndims = ndims;
    topology->dims = take(&room, ndims, dims);
    topology->periods = take(&room, ndims, NULL);
    topology->coords = take(&room, ndims, NULL);
    topology->indegree = topology->outdegree = 2 * ndims;
    topology->sources = topology->destinations = take(&room, 2 * ndims, NULL);
    for (int i = 0; i < ndims; i++) {
        topology->periods[i] = periods[i] != 0;
    }
    mp_cart_coords(topology, rank, topology->coords);
    for (int i = 0; i < ndims; i++) {
        topology->sources[2 * i] = mp_cart_shifted(topology, i, -1);
        topology->sources[2 * i + 1] = mp_cart_shifted(topology, i, 1);
    }
    return topology;
}

// `at` modulo `length`, not negative.
static int wrap(MPI_Count at, int length)
{
    MPI_Count rest = at % length;
    return (int)(rest < 0 ? rest + length : rest);
}

int mp_cart_rank(const struct mp_topology *topology, const int *coords)
{
    int rank = 0;
    for (int i = 0; i < topology->ndims; i++) {
        rank = rank * topology->dims[i] + wrap(coords[i], topology->dims[i]);
    }
    return rank;
}

void mp_cart_coords(const struct mp_topology *topology, int rank, int *coords)
{
    for (int i = topology->ndims - 1; i >= 0; i--) {
        coords[i] = rank % topology->dims[i];
        rank /= topology->dims[i];
    }
}

int mp_cart_shifted(const struct mp_topology *topology, int dimension, MPI_Count displacement)
{
    int length = topology->dims[dimension];
    MPI_Count at = topology->coords[dimension] + displacement;
    if (!topology->periods[dimension] && (at < 0 || at >= length)) {
        return MPI_PROC_NULL;
    }
    int rank = 0;
    for (int i = 0; i < topology->ndims; i++) {
        int coord = i == dimension ? wrap(at, length) : topology->coords[i];
        rank = rank * topology->dims[i] + coord;
    }
    return rank;
}

// ---- Graph

const int *mp_graph_neighbors(const struct mp_topology *topology, int rank, int *count)
{
    int first = rank > 0 ? topology->index[rank - 1] : 0;
    *count = topology->index[rank] - first;
    return topology->edges + first;
}

static int times(const int *list, int count, int rank)
{
    int found = 0;
    for (int i = 0; i < count; i++) {
        found += list[i] == rank;
    }
    return found;
}

static int find_lopsided(const struct mp_topology *topology, int rank)
{
    for (int i = 0; i < topology->outdegree; i++) {
        int neighbor = topology->destinations[i];
        int their_count;
        const int *theirs = mp_graph_neighbors(topology, neighbor, &their_count);
        if (times(theirs, their_count, rank) !=
            times(topology->destinations, topology->outdegree, neighbor)) {
            return neighbor;
        }
    }
    return -1;
}

struct mp_topology *mp_topology_graph(int nnodes, const int *index, const int *edges, int rank)
{
    int *room;
    int nedges = index[nnodes - 1];
    struct mp_topology *topology = make(MPI_GRAPH, (size_t)nnodes + (size_t)nedges, &room);
    if (!topology) {
        return NULL;
    }
    topology->nnodes = nnodes;
    topology->index = take(&room, nnodes, index);
    topology->edges = take(&room, nedges, edges);
    int first = rank > 0 ? index[rank - 1] : 0;
    topology->sources = topology->destinations = topology->edges + first;
    topology->indegree = topology->outdegree = index[rank] - first;
    topology->lopsided = find_lopsided(topology, rank);
    return topology;
}

// ---- Distributed graph

struct mp_topology *mp_topology_dist_graph(int indegree, const int *sources,
                                           const int *source_weights, int outdegree,
                                           const int *destinations, const int *destination_weights,
                                           bool weighted)
{
    int *room;
    size_t edges = (size_t)indegree + (size_t)outdegree;
    struct mp_topology *topology = make(MPI_DIST_GRAPH, weighted ? 2 * edges : edges, &room);
    if (!topology) {
        return NULL;
    }
    topology->indegree = indegree;
    topology->outdegree = outdegree;
    topology->sources = take(&room, indegree, sources);
    topology->destinations = take(&room, outdegree, destinations);
    topology->weighted = weighted;
    if (weighted) {
        topology->source_weights = take(&room, indegree, source_weights);
        topology->destination_weights = take(&room, outdegree, destination_weights);
    }
    return topology;
}
