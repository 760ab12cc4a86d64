// SPDX-License-Identifier: MIT
// Making communicators with a topology (MPI 5.0, 8.5). Arguments have been checked; `comm` is an
// intracommunicator. All are collective over it. *made is NULL where this rank gets none
// (MPI_COMM_NULL). Return an error class.
#ifndef MP_COLLECTIVES_TOPOLOGY_MAKE_H
#define MP_COLLECTIVES_TOPOLOGY_MAKE_H

#include "object/comm.h"
#include "object/topology.h"

// The grid has at most as many places as `comm` has ranks.
int mp_cart_create(struct mp_comm *comm, int ndims, const int *dims, const int *periods,
                   struct mp_comm **made);

// `comm` is Cartesian.
int mp_cart_sub(struct mp_comm *comm, const int *remain_dims, struct mp_comm **made);

int mp_graph_create(struct mp_comm *comm, int nnodes, const int *index, const int *edges,
                    struct mp_comm **made);

// Edges as a rank gives them: its own, or any; `weights` is NULL when the graph is not weighted, or
// where there is no edge.
struct mp_edges {
    int count;
    const int *ranks;
    const int *weights;
};
int mp_dist_graph_adjacent(struct mp_comm *comm, const struct mp_edges *in,
                           const struct mp_edges *out, bool weighted, struct mp_comm **made);

// `n` sources; the first has the first degrees[0] of `destinations` and `weights`, and so on.
int mp_dist_graph_create(struct mp_comm *comm, int n, const int *sources, const int *degrees,
                         const int *destinations, const int *weights, bool weighted,
                         struct mp_comm **made);

// The last step of all of them: the communicator of `group`, with `topology`. Both are owned here,
// and may be NULL: no group when memory was out, no topology where this rank is not a member.
int mp_topology_comm(struct mp_comm *comm, struct mp_group *group, struct mp_topology *topology,
                     struct mp_comm **made);

#endif
