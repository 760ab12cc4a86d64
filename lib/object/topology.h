// SPDX-License-Identifier: MIT
// Virtual topologies (MPI 5.0, chapter 8): what a communicator knows about who is whose neighbour.
// The local part: making the object from arguments that have been checked, and looking things up.
// Communicators with one are made in collectives/topology_make.c; the neighbourhood collectives
// that use the lists of neighbours are in collectives/exchange.c.
#ifndef MP_OBJECT_TOPOLOGY_H
#define MP_OBJECT_TOPOLOGY_H

#include "mpi.h"

#include <stdbool.h>

// One per communicator, shared with its duplicates; never changed once made. The arrays lie behind
// the struct, in the same memory.
struct mp_topology {
    int refs;
    int kind; // MPI_CART, MPI_GRAPH or MPI_DIST_GRAPH

    // The neighbours of this rank, in the order of the blocks in the buffers of neighbourhood
    // collectives (8.6): whom it receives from and whom it sends to. A Cartesian topology has two
    // for each dimension, -1 before +1, MPI_PROC_NULL beyond a border; a graph's two lists are one.
    int indegree, outdegree;
    int *sources, *destinations;

    // MPI_CART
    int ndims;
    int *dims, *periods, *coords; // periods 0 or 1; coords of this rank

    // MPI_GRAPH, the whole of it: the neighbours of rank i are edges[index[i - 1]] (rank 0:
    // edges[0]) up to but not including edges[index[i]].
    int nnodes;
    int *index, *edges;
    // A neighbour with which this rank has not as many edges one way as the other, -1 when there is
    // none: neighbourhood collectives are not defined then.
    int lopsided;

    // MPI_DIST_GRAPH; the weights are NULL when it is not weighted.
    bool weighted;
    int *source_weights, *destination_weights;
};

// New topologies as `rank` sees them, with one reference; NULL when memory is out.
struct mp_topology *mp_topology_cart(int ndims, const int *dims, const int *periods, int rank);
struct mp_topology *mp_topology_graph(int nnodes, const int *index, const int *edges, int rank);
// Weights may be NULL when `weighted` is false. The caller may leave the lists unset (NULL) and
// fill them in afterwards.
struct mp_topology *mp_topology_dist_graph(int indegree, const int *sources,
                                           const int *source_weights, int outdegree,
                                           const int *destinations, const int *destination_weights,
                                           bool weighted);

static inline struct mp_topology *mp_topology_hold(struct mp_topology *topology)
{
    topology->refs++;
    return topology;
}
void mp_topology_release(struct mp_topology *topology);

// Cartesian: row-major, the last dimension varies fastest (8.5.1). The rank at `coords`, which are
// taken modulo the length in periodic dimensions and are in range in all others.
int mp_cart_rank(const struct mp_topology *topology, const int *coords);
void mp_cart_coords(const struct mp_topology *topology, int rank, int *coords);

// The rank `displacement` further on in a dimension, from this rank; MPI_PROC_NULL beyond a border.
int mp_cart_shifted(const struct mp_topology *topology, int dimension, MPI_Count displacement);

// Graph: the neighbours of a rank, their number in *count.
const int *mp_graph_neighbors(const struct mp_topology *topology, int rank, int *count);

// MPI_Dims_create: factors `nodes`, at least 1, into `count` numbers, largest first, as close to
// each other as can be: the difference of the largest and the smallest is minimal, and where that
// leaves a choice, the smallest is as large as can be, then the second smallest, and so on. More
// than MP_DIMS_MAX of them cannot all be above 1.
enum { MP_DIMS_MAX = 31 };
void mp_dims_balance(int nodes, int count, int *dims);

#endif
