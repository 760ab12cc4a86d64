// SPDX-License-Identifier: MIT
// Chapter 8: graph and distributed graph topologies.
// Read next: object/topology.h, collectives/dist_graph.c.
#include "api/topologies.h"

#include <limits.h>
#include <string.h>

// ---- Graphs

// A graph of at most the ranks of `comm`.
static int check_graph(const struct mp_comm *comm, int nnodes, const int *index, const int *edges)
{
    if (nnodes < 0 || nnodes > comm->size) {
        return mp_fail(MPI_ERR_ARG, "nnodes is %d, must be 0 to %d, the size of the communicator",
                       nnodes, comm->size);
    }
    int err = mp_check_list(index, nnodes, "index");
    for (int i = 0; i < nnodes && !err; i++) {
        int before = i > 0 ? index[i - 1] : 0;
        if (index[i] < before) {
            err = mp_fail(MPI_ERR_ARG, "index[%d] is %d, must be at least %d, as it counts on", i,
                          index[i], before);
        }
    }
    int nedges = err || nnodes == 0 ? 0 : index[nnodes - 1];
    err = err ? err : mp_check_list(edges, nedges, "edges");
    for (int i = 0; i < nedges && !err; i++) {
        if (edges[i] < 0 || edges[i] >= nnodes) {
            err = mp_fail(MPI_ERR_ARG, "edges[%d] is %d, must be 0 to %d", i, edges[i], nnodes - 1);
        }
    }
    return err;
}

int PMPI_Graph_create(MPI_Comm comm_old, int nnodes, const int indx[], const int edges[],
                      int reorder, MPI_Comm *comm_graph)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Graph_create);
    (void)reorder; // see collectives/topology_make.c
    err = err ? err : mp_check_pointer(comm_graph, "comm_graph");
    err = err ? err : mp_check_intra(comm_old, &c);
    err = err ? err : check_graph(c, nnodes, indx, edges);
    err = err ? err : mp_graph_create(c, nnodes, indx, edges, &made);
    return mp_leave_with_comm(MP_CALL_Graph_create, c, err, made, comm_graph);
}
MP_WEAK(Graph_create);

int PMPI_Graph_map(MPI_Comm comm, int nnodes, const int indx[], const int edges[], int *newrank)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Graph_map);
    err = err ? err : mp_check_intra(comm, &c);
    err = err ? err : check_graph(c, nnodes, indx, edges);
    err = err ? err : mp_check_pointer(newrank, "newrank");
    if (!err) {
        *newrank = c->rank < nnodes ? c->rank : MPI_UNDEFINED; // where MPI_Graph_create puts it
    }
    return mp_leave(MP_CALL_Graph_map, c, err);
}
MP_WEAK(Graph_map);

static int edges_of(const struct mp_topology *topology)
{
    return topology->index[topology->nnodes - 1];
}

int PMPI_Graphdims_get(MPI_Comm comm, int *nnodes, int *nedges)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Graphdims_get);
    err = err ? err : mp_check_topology(comm, MPI_GRAPH, &c);
    err = err ? err : mp_check_pointer(nnodes, "nnodes");
    err = err ? err : mp_check_pointer(nedges, "nedges");
    if (!err) {
        *nnodes = c->topology->nnodes;
        *nedges = edges_of(c->topology);
    }
    return mp_leave(MP_CALL_Graphdims_get, c, err);
}
MP_WEAK(Graphdims_get);

static int check_room(int room, int needed, const char *name, const char *what)
{
    if (room < needed) {
        return mp_fail(MPI_ERR_ARG, "%s is %d, must be at least %d, the number of %s", name, room,
                       needed, what);
    }
    return 0;
}

static void copy(int *to, const int *from, int count)
{
    if (count > 0) {
        memcpy(to, from, (size_t)count * sizeof *to);
    }
}

int PMPI_Graph_get(MPI_Comm comm, int maxindex, int maxedges, int indx[], int edges[])
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Graph_get);
    err = err ? err : mp_check_topology(comm, MPI_GRAPH, &c);
    if (!err) {
        int nedges = edges_of(c->topology);
        err = check_room(maxindex, c->topology->nnodes, "maxindex", "nodes");
        err = err ? err : check_room(maxedges, nedges, "maxedges", "edges");
        err = err ? err : mp_check_pointer(indx, "index");
        err = err ? err : mp_check_list(edges, nedges, "edges");
    }
    if (!err) {
        copy(indx, c->topology->index, c->topology->nnodes);
        copy(edges, c->topology->edges, edges_of(c->topology));
    }
    return mp_leave(MP_CALL_Graph_get, c, err);
}
MP_WEAK(Graph_get);

int PMPI_Graph_neighbors_count(MPI_Comm comm, int rank, int *nneighbors)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Graph_neighbors_count);
    err = err ? err : mp_check_topology(comm, MPI_GRAPH, &c);
    err = err ? err : mp_check_member(c, rank);
    err = err ? err : mp_check_pointer(nneighbors, "nneighbors");
    if (!err) {
        (void)mp_graph_neighbors(c->topology, rank, nneighbors);
    }
    return mp_leave(MP_CALL_Graph_neighbors_count, c, err);
}
MP_WEAK(Graph_neighbors_count);

int PMPI_Graph_neighbors(MPI_Comm comm, int rank, int maxneighbors, int neighbors[])
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Graph_neighbors);
    err = err ? err : mp_check_topology(comm, MPI_GRAPH, &c);
    err = err ? err : mp_check_member(c, rank);
    if (!err) {
        int count;
        const int *list = mp_graph_neighbors(c->topology, rank, &count);
        err = check_room(maxneighbors, count, "maxneighbors", "neighbours");
        err = err ? err : mp_check_list(neighbors, count, "neighbors");
        if (!err) {
            copy(neighbors, list, count);
        }
    }
    return mp_leave(MP_CALL_Graph_neighbors, c, err);
}
MP_WEAK(Graph_neighbors);

// ---- Distributed graphs: making

static int check_ranks(const struct mp_comm *comm, const int *ranks, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (ranks[i] < 0 || ranks[i] >= comm->size) {
            return mp_fail(MPI_ERR_RANK, "%s[%d] is %d, must be 0 to %d", name, i, ranks[i],
                           comm->size - 1);
        }
    }
    return 0;
}

// Weights that are not MPI_UNWEIGHTED.
static int check_weights(const int *weights, int count, const char *name)
{
    if (count > 0 && weights == MPI_WEIGHTS_EMPTY) {
        return mp_fail(MPI_ERR_ARG, "%s is MPI_WEIGHTS_EMPTY, and there are %d edges", name, count);
    }
    int err = mp_check_list(weights, count, name);
    for (int i = 0; i < count && !err; i++) {
        if (weights[i] < 0) {
            err = mp_fail(MPI_ERR_ARG, "%s[%d] is %d, must be 0 or more", name, i, weights[i]);
        }
    }
    return err;
}

// One side of a rank's neighbours.
static int check_edges(const struct mp_comm *comm, const struct mp_edges *edges, const char *degree,
                       const char *ranks)
{
    if (edges->count < 0) {
        return mp_fail(MPI_ERR_ARG, "%s is %d, must be 0 or more", degree, edges->count);
    }
    int err = mp_check_list(edges->ranks, edges->count, ranks);
    return err ? err : check_ranks(comm, edges->ranks, edges->count, ranks);
}

int PMPI_Dist_graph_create_adjacent(MPI_Comm comm_old, int indegree, const int sources[],
                                    const int sourceweights[], int outdegree,
                                    const int destinations[], const int destweights[],
                                    MPI_Info info, int reorder, MPI_Comm *comm_dist_graph)
{
    struct mp_comm *c = NULL;
    struct mp_info *hints = NULL;
    struct mp_comm *made = NULL;
    struct mp_edges in = {indegree, sources, sourceweights};
    struct mp_edges out = {outdegree, destinations, destweights};
    // On a side without edges it says nothing either way.
    bool plain_in = sourceweights == MPI_UNWEIGHTED;
    bool plain_out = destweights == MPI_UNWEIGHTED;
    bool weighted = outdegree == 0 ? !plain_in : indegree == 0 ? !plain_out : !plain_in;
    int err = mp_enter(MP_CALL_Dist_graph_create_adjacent);
    (void)reorder; // see collectives/topology_make.c
    err = err ? err : mp_check_pointer(comm_dist_graph, "comm_dist_graph");
    err = err ? err : mp_check_intra(comm_old, &c);
    err = err ? err : check_edges(c, &in, "indegree", "sources");
    err = err ? err : check_edges(c, &out, "outdegree", "destinations");
    if (!err && indegree > 0 && outdegree > 0 && plain_in != plain_out) {
        err = mp_fail(MPI_ERR_ARG, "%s is MPI_UNWEIGHTED and %s is not: it must be both or none",
                      plain_in ? "sourceweights" : "destweights",
                      plain_in ? "destweights" : "sourceweights");
    }
    if (!err && weighted) {
        err = check_weights(sourceweights, indegree, "sourceweights");
        err = err ? err : check_weights(destweights, outdegree, "destweights");
    }
    err = err ? err : mp_check_info(info, &hints); // none are known
    err = err ? err : mp_dist_graph_adjacent(c, &in, &out, weighted, &made);
    return mp_leave_with_comm(MP_CALL_Dist_graph_create_adjacent, c, err, made, comm_dist_graph);
}
MP_WEAK(Dist_graph_create_adjacent);

static int check_dist_graph(const struct mp_comm *comm, int n, const int *sources,
                            const int *degrees, const int *destinations, const int *weights)
{
    MPI_Count total = 0;
    if (n < 0) {
        return mp_fail(MPI_ERR_ARG, "n is %d, must be 0 or more", n);
    }
    int err = mp_check_list(sources, n, "sources");
    err = err ? err : mp_check_list(degrees, n, "degrees");
    err = err ? err : check_ranks(comm, sources, n, "sources");
    for (int i = 0; i < n && !err; i++) {
        if (degrees[i] < 0) {
            err = mp_fail(MPI_ERR_ARG, "degrees[%d] is %d, must be 0 or more", i, degrees[i]);
        }
        total += degrees[i];
    }
    if (!err && total > INT_MAX) {
        err = mp_fail(MPI_ERR_ARG, "the sum of degrees is %lld, must be at most %d",
                      (long long)total, INT_MAX);
    }
    err = err ? err : mp_check_list(destinations, (int)total, "destinations");
    err = err ? err : check_ranks(comm, destinations, (int)total, "destinations");
    if (!err && weights != MPI_UNWEIGHTED) {
        err = check_weights(weights, (int)total, "weights");
    }
    return err;
}

int PMPI_Dist_graph_create(MPI_Comm comm_old, int n, const int sources[], const int degrees[],
                           const int destinations[], const int weights[], MPI_Info info,
                           int reorder, MPI_Comm *comm_dist_graph)
{
    struct mp_comm *c = NULL;
    struct mp_info *hints = NULL;
    struct mp_comm *made = NULL;
    bool weighted = weights != MPI_UNWEIGHTED;
    int err = mp_enter(MP_CALL_Dist_graph_create);
    (void)reorder; // see collectives/topology_make.c
    err = err ? err : mp_check_pointer(comm_dist_graph, "comm_dist_graph");
    err = err ? err : mp_check_intra(comm_old, &c);
    err = err ? err : check_dist_graph(c, n, sources, degrees, destinations, weights);
    err = err ? err : mp_check_info(info, &hints); // none are known
    err = err ? err
              : mp_dist_graph_create(c, n, sources, degrees, destinations,
                                     weighted ? weights : NULL, weighted, &made);
    return mp_leave_with_comm(MP_CALL_Dist_graph_create, c, err, made, comm_dist_graph);
}
MP_WEAK(Dist_graph_create);

// ---- Distributed graphs: inquiry

int PMPI_Dist_graph_neighbors_count(MPI_Comm comm, int *indegree, int *outdegree, int *weighted)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Dist_graph_neighbors_count);
    err = err ? err : mp_check_topology(comm, MPI_DIST_GRAPH, &c);
    err = err ? err : mp_check_pointer(indegree, "indegree");
    err = err ? err : mp_check_pointer(outdegree, "outdegree");
    err = err ? err : mp_check_pointer(weighted, "weighted");
    if (!err) {
        *indegree = c->topology->indegree;
        *outdegree = c->topology->outdegree;
        *weighted = c->topology->weighted;
    }
    return mp_leave(MP_CALL_Dist_graph_neighbors_count, c, err);
}
MP_WEAK(Dist_graph_neighbors_count);

// The first `room` of the neighbours on one side (8.5.5: "only the first part of the full list").
struct wanted {
    const char *room_name, *ranks_name, *weights_name;
    int room;
    int *ranks, *weights;
};

static int check_wanted(const struct wanted *wanted, int degree, bool weighted)
{
    if (wanted->room < 0) {
        return mp_fail(MPI_ERR_ARG, "%s is %d, must be 0 or more", wanted->room_name, wanted->room);
    }
    int count = wanted->room < degree ? wanted->room : degree;
    int err = mp_check_list(wanted->ranks, count, wanted->ranks_name);
    if (!err && weighted) {
        err = mp_check_list(wanted->weights, count, wanted->weights_name);
    }
    return err;
}

static void give(const struct wanted *wanted, int degree, const int *ranks, const int *weights)
{
    int count = wanted->room < degree ? wanted->room : degree;
    copy(wanted->ranks, ranks, count);
    if (weights && wanted->weights != MPI_UNWEIGHTED && wanted->weights != MPI_WEIGHTS_EMPTY) {
        copy(wanted->weights, weights, count);
    }
}

int PMPI_Dist_graph_neighbors(MPI_Comm comm, int maxindegree, int sources[], int sourceweights[],
                              int maxoutdegree, int destinations[], int destweights[])
{
    struct mp_comm *c = NULL;
    struct wanted in = {"maxindegree", "sources", "sourceweights",
                        maxindegree,   sources,   sourceweights};
    struct wanted out = {"maxoutdegree", "destinations", "destweights",
                         maxoutdegree,   destinations,   destweights};
    int err = mp_enter(MP_CALL_Dist_graph_neighbors);
    err = err ? err : mp_check_topology(comm, MPI_DIST_GRAPH, &c);
    if (!err) {
        const struct mp_topology *topology = c->topology;
        err = check_wanted(&in, topology->indegree, topology->weighted);
        err = err ? err : check_wanted(&out, topology->outdegree, topology->weighted);
        if (!err) {
            give(&in, topology->indegree, topology->sources, topology->source_weights);
            give(&out, topology->outdegree, topology->destinations, topology->destination_weights);
        }
    }
    return mp_leave(MP_CALL_Dist_graph_neighbors, c, err);
}
MP_WEAK(Dist_graph_neighbors);
