// SPDX-License-Identifier: MIT
// Chapter 8: Cartesian topologies, MPI_Dims_create and MPI_Topo_test. Graphs are in
// topologies_graph.c, neighbourhood collectives in collectives_neighbor.c.
// Read next: object/topology.h, collectives/topology_make.h.
#include "api/topologies.h"

#include <string.h>

int mp_check_intra(MPI_Comm comm, struct mp_comm **out)
{
    int err = mp_check_comm(comm, out);
    if (!err && (*out)->remote) {
        err = mp_fail(MPI_ERR_COMM,
                      "comm is an intercommunicator, must be an intracommunicator, which alone can "
                      "have a topology");
    }
    return err;
}

static const char *kind_name(int kind)
{
    return kind == MPI_CART ? "Cartesian" : kind == MPI_GRAPH ? "graph" : "distributed graph";
}

int mp_check_topology(MPI_Comm comm, int kind, struct mp_comm **out)
{
    int err = mp_check_comm(comm, out);
    if (err) {
        return err;
    }
    const struct mp_topology *topology = (*out)->topology;
    if (!topology) {
        return mp_fail(MPI_ERR_TOPOLOGY, "comm has no topology, must have a %s topology",
                       kind_name(kind));
    }
    if (topology->kind != kind) {
        return mp_fail(MPI_ERR_TOPOLOGY, "comm has a %s topology, must have a %s topology",
                       kind_name(topology->kind), kind_name(kind));
    }
    return 0;
}

int mp_check_member(const struct mp_comm *comm, int rank)
{
    if (rank < 0 || rank >= comm->size) {
        return mp_fail(MPI_ERR_RANK, "rank is %d, must be 0 to %d", rank, comm->size - 1);
    }
    return 0;
}

int mp_check_list(const void *list, int length, const char *name)
{
    return length > 0 ? mp_check_pointer(list, name) : 0;
}

int PMPI_Topo_test(MPI_Comm comm, int *status)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Topo_test, comm, &c);
    err = err ? err : mp_check_pointer(status, "status");
    if (!err) {
        *status = c->topology ? c->topology->kind : MPI_UNDEFINED;
    }
    return mp_leave(MP_CALL_Topo_test, c, err);
}
MP_WEAK(Topo_test);

// ---- MPI_Dims_create

// What is left of nnodes when the fixed dimensions are divided out, and the number of free ones.
static int check_fixed(int nnodes, int ndims, const int *dims, int *rest, int *free)
{
    MPI_Count product = 1;
    *free = 0;
    for (int i = 0; i < ndims; i++) {
        if (dims[i] < 0) {
            return mp_fail(MPI_ERR_DIMS, "dims[%d] is %d, must be 0 (free) or more", i, dims[i]);
        }
        if (dims[i] == 0) {
            ++*free;
        } else if (product <= nnodes) { // beyond it, the product is wrong already
            product *= dims[i];
        }
    }
    if (nnodes % product != 0) {
        return mp_fail(MPI_ERR_DIMS,
                       "nnodes is %d, must be a multiple of the product of the fixed dims, %lld",
                       nnodes, (long long)product);
    }
    *rest = (int)(nnodes / product);
    if (*free == 0 && *rest != 1) {
        return mp_fail(MPI_ERR_DIMS,
                       "all dims are fixed, and their product is %lld, must be nnodes, %d",
                       (long long)product, nnodes);
    }
    return 0;
}

static int dims_create(int nnodes, int ndims, int *dims)
{
    int rest = 1;
    int free = 0;
    if (nnodes < 1) {
        return mp_fail(MPI_ERR_DIMS, "nnodes is %d, must be 1 or more", nnodes);
    }
    if (ndims < 0) {
        return mp_fail(MPI_ERR_DIMS, "ndims is %d, must be 0 or more", ndims);
    }
    int err = mp_check_list(dims, ndims, "dims");
    err = err ? err : check_fixed(nnodes, ndims, dims, &rest, &free);
    if (err || free == 0) {
        return err;
    }
    // The free entries, most of the time all of them, are filled from the balanced factors, whose
    // number beyond the 30 primes that an int can have is padded with ones.
    int factors[MP_DIMS_MAX];
    int count = free < MP_DIMS_MAX ? free : MP_DIMS_MAX;
    mp_dims_balance(rest, count, factors);
    for (int i = 0, next = 0; i < ndims; i++) {
        if (dims[i] == 0) {
            dims[i] = next < count ? factors[next++] : 1;
        }
    }
    return 0;
}

int PMPI_Dims_create(int nnodes, int ndims, int dims[])
{
    int err = mp_enter(MP_CALL_Dims_create);
    err = err ? err : dims_create(nnodes, ndims, dims);
    return mp_leave(MP_CALL_Dims_create, NULL, err);
}
MP_WEAK(Dims_create);

// ---- Making

// A grid for at most the ranks of `comm`; its number of places in *places.
static int check_grid(const struct mp_comm *comm, int ndims, const int *dims, const int *periods,
                      int *places)
{
    MPI_Count product = 1;
    if (ndims < 0) {
        return mp_fail(MPI_ERR_DIMS, "ndims is %d, must be 0 or more", ndims);
    }
    int err = mp_check_list(dims, ndims, "dims");
    err = err ? err : mp_check_list(periods, ndims, "periods");
    for (int i = 0; i < ndims && !err; i++) {
        if (dims[i] < 1) {
            err = mp_fail(MPI_ERR_DIMS, "dims[%d] is %d, must be 1 or more", i, dims[i]);
        } else if (dims[i] > comm->size / product) {
            err = mp_fail(MPI_ERR_DIMS,
                          "dims[%d] is %d, which makes the grid larger than the communicator, of "
                          "size %d",
                          i, dims[i], comm->size);
        } else {
            product *= dims[i];
        }
    }
    *places = (int)product;
    return err;
}

int PMPI_Cart_create(MPI_Comm comm_old, int ndims, const int dims[], const int periods[],
                     int reorder, MPI_Comm *comm_cart)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    int places;
    int err = mp_enter(MP_CALL_Cart_create);
    (void)reorder; // see collectives/topology_make.c
    err = err ? err : mp_check_pointer(comm_cart, "comm_cart");
    err = err ? err : mp_check_intra(comm_old, &c);
    err = err ? err : check_grid(c, ndims, dims, periods, &places);
    err = err ? err : mp_cart_create(c, ndims, dims, periods, &made);
    return mp_leave_with_comm(MP_CALL_Cart_create, c, err, made, comm_cart);
}
MP_WEAK(Cart_create);

int PMPI_Cart_sub(MPI_Comm comm, const int remain_dims[], MPI_Comm *newcomm)
{
    struct mp_comm *c = NULL;
    struct mp_comm *made = NULL;
    int err = mp_enter(MP_CALL_Cart_sub);
    err = err ? err : mp_check_pointer(newcomm, "newcomm");
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : mp_check_list(remain_dims, c->topology->ndims, "remain_dims");
    err = err ? err : mp_cart_sub(c, remain_dims, &made);
    return mp_leave_with_comm(MP_CALL_Cart_sub, c, err, made, newcomm);
}
MP_WEAK(Cart_sub);

int PMPI_Cart_map(MPI_Comm comm, int ndims, const int dims[], const int periods[], int *newrank)
{
    struct mp_comm *c = NULL;
    int places;
    int err = mp_enter(MP_CALL_Cart_map);
    err = err ? err : mp_check_intra(comm, &c);
    err = err ? err : check_grid(c, ndims, dims, periods, &places);
    err = err ? err : mp_check_pointer(newrank, "newrank");
    if (!err) {
        *newrank = c->rank < places ? c->rank : MPI_UNDEFINED; // where MPI_Cart_create puts it
    }
    return mp_leave(MP_CALL_Cart_map, c, err);
}
MP_WEAK(Cart_map);

// ---- Inquiry

int PMPI_Cartdim_get(MPI_Comm comm, int *ndims)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Cartdim_get);
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : mp_check_pointer(ndims, "ndims");
    if (!err) {
        *ndims = c->topology->ndims;
    }
    return mp_leave(MP_CALL_Cartdim_get, c, err);
}
MP_WEAK(Cartdim_get);

static int check_maxdims(int maxdims, const struct mp_topology *topology)
{
    if (maxdims < topology->ndims) {
        return mp_fail(MPI_ERR_ARG, "maxdims is %d, must be at least %d, the dimensions of comm",
                       maxdims, topology->ndims);
    }
    return 0;
}

int PMPI_Cart_get(MPI_Comm comm, int maxdims, int dims[], int periods[], int coords[])
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Cart_get);
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : check_maxdims(maxdims, c->topology);
    err = err ? err : mp_check_list(dims, c->topology->ndims, "dims");
    err = err ? err : mp_check_list(periods, c->topology->ndims, "periods");
    err = err ? err : mp_check_list(coords, c->topology->ndims, "coords");
    for (int i = 0; !err && i < c->topology->ndims; i++) {
        dims[i] = c->topology->dims[i];
        periods[i] = c->topology->periods[i];
        coords[i] = c->topology->coords[i];
    }
    return mp_leave(MP_CALL_Cart_get, c, err);
}
MP_WEAK(Cart_get);

// Coordinates are taken modulo the length in periodic dimensions only.
static int check_coords(const struct mp_topology *topology, const int *coords)
{
    int err = mp_check_list(coords, topology->ndims, "coords");
    for (int i = 0; i < topology->ndims && !err; i++) {
        if (!topology->periods[i] && (coords[i] < 0 || coords[i] >= topology->dims[i])) {
            err = mp_fail(MPI_ERR_ARG,
                          "coords[%d] is %d, must be 0 to %d, as the dimension is not periodic", i,
                          coords[i], topology->dims[i] - 1);
        }
    }
    return err;
}

int PMPI_Cart_rank(MPI_Comm comm, const int coords[], int *rank)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Cart_rank);
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : check_coords(c->topology, coords);
    err = err ? err : mp_check_pointer(rank, "rank");
    if (!err) {
        *rank = mp_cart_rank(c->topology, coords);
    }
    return mp_leave(MP_CALL_Cart_rank, c, err);
}
MP_WEAK(Cart_rank);

int PMPI_Cart_coords(MPI_Comm comm, int rank, int maxdims, int coords[])
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Cart_coords);
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : mp_check_member(c, rank);
    err = err ? err : check_maxdims(maxdims, c->topology);
    err = err ? err : mp_check_list(coords, c->topology->ndims, "coords");
    if (!err) {
        mp_cart_coords(c->topology, rank, coords);
    }
    return mp_leave(MP_CALL_Cart_coords, c, err);
}
MP_WEAK(Cart_coords);

static int check_direction(int direction, const struct mp_topology *topology)
{
    if (topology->ndims == 0) {
        return mp_fail(MPI_ERR_DIMS, "comm has a topology of no dimensions, and none to shift in");
    }
    if (direction < 0 || direction >= topology->ndims) {
        return mp_fail(MPI_ERR_DIMS, "direction is %d, must be 0 to %d", direction,
                       topology->ndims - 1);
    }
    return 0;
}

int PMPI_Cart_shift(MPI_Comm comm, int direction, int disp, int *rank_source, int *rank_dest)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Cart_shift);
    err = err ? err : mp_check_topology(comm, MPI_CART, &c);
    err = err ? err : check_direction(direction, c->topology);
    err = err ? err : mp_check_pointer(rank_source, "rank_source");
    err = err ? err : mp_check_pointer(rank_dest, "rank_dest");
    if (!err) {
        *rank_source = mp_cart_shifted(c->topology, direction, -(MPI_Count)disp);
        *rank_dest = mp_cart_shifted(c->topology, direction, disp);
    }
    return mp_leave(MP_CALL_Cart_shift, c, err);
}
MP_WEAK(Cart_shift);
