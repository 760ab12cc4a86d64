// SPDX-License-Identifier: MIT
// Making communicators with a topology: the topology first, which is local work, then the
// communicator. Ranks keep their order, so `reorder` has nothing to do with what is made here:
// all ranks share the memory of one machine, and the launcher has put neighbouring ranks on
// neighbouring cores. Read next: collectives/dist_graph.c, object/topology.h.
#include "collectives/topology_make.h"

#include "collectives/comm_make.h"
#include "object/errhandler.h"

#include <stdlib.h>

static int no_memory(void)
{
    return mp_fail(MPI_ERR_NO_MEM, "no memory for a topology");
}

int mp_topology_comm(struct mp_comm *comm, struct mp_group *group, struct mp_topology *topology,
                     struct mp_comm **made)
{
    *made = NULL;
    int error = group ? mp_comm_create(comm, group, made) : no_memory();
    if (*made) {
        (*made)->topology = topology;
    } else if (topology) {
        mp_topology_release(topology);
    }
    if (group) {
        mp_group_release(group);
    }
    return error;
}

// The first `count` ranks of `comm`. NULL when memory is out.
static struct mp_group *first_ranks(const struct mp_comm *comm, int count)
{
    const struct mp_group *all = comm->group;
    if (!all->world) {
        return mp_group_new_range(count, all->first, all->stride);
    }
    return mp_group_new(count, all->world);
}

int mp_cart_create(struct mp_comm *comm, int ndims, const int *dims, const int *periods,
                   struct mp_comm **made)
{
    struct mp_topology *topology = NULL;
    int places = 1;
    for (int i = 0; i < ndims; i++) {
        places *= dims[i];
    }
    if (comm->rank < places) {
        topology = mp_topology_cart(ndims, dims, periods, comm->rank);
        if (!topology) {
            return no_memory();
        }
    }
    return mp_topology_comm(comm, first_ranks(comm, places), topology, made);
}

int mp_cart_sub(struct mp_comm *comm, const int *remain_dims, struct mp_comm **made)
{
    const struct mp_topology *whole = comm->topology;
    int ndims = whole->ndims;
    size_t room = ndims > 0 ? (size_t)ndims : 1;
    int *dims = malloc(3 * room * sizeof *dims);
    int *world = NULL;
    struct mp_topology *topology = NULL;
    struct mp_group *group = NULL;
    int places = 1;
    int kept = 0;

    if (!dims) {
        return no_memory();
    }
    int *periods = dims + room;
    int *coords = periods + room;
    for (int i = 0; i < ndims; i++) {
        if (remain_dims[i]) {
            dims[kept] = whole->dims[i];
            periods[kept++] = whole->periods[i];
            places *= whole->dims[i];
        }
    }
    // The ranks that share the coordinates that are left out, in row-major order of the others: all
    // ranks know them without a word.
    world = malloc((size_t)places * sizeof *world);
    int rank = 0;
    for (int i = 0; i < places && world; i++) {
        int rest = i;
        for (int d = ndims - 1; d >= 0; d--) {
            coords[d] = remain_dims[d] ? rest % whole->dims[d] : whole->coords[d];
            rest /= remain_dims[d] ? whole->dims[d] : 1;
        }
        int member = mp_cart_rank(whole, coords);
        world[i] = mp_group_world(comm->group, member);
        if (member == comm->rank) {
            rank = i;
        }
    }
    if (world) {
        topology = mp_topology_cart(kept, dims, periods, rank);
        group = topology ? mp_group_new(places, world) : NULL;
    }
    free(world);
    free(dims);
    return mp_topology_comm(comm, group, topology, made);
}

int mp_graph_create(struct mp_comm *comm, int nnodes, const int *index, const int *edges,
                    struct mp_comm **made)
{
    struct mp_topology *topology = NULL;
    if (comm->rank < nnodes) {
        topology = mp_topology_graph(nnodes, index, edges, comm->rank);
        if (!topology) {
            return no_memory();
        }
    }
    return mp_topology_comm(comm, first_ranks(comm, nnodes), topology, made);
}
