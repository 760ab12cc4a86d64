// SPDX-License-Identifier: MIT
// Wrong arguments of the topology functions and of neighbourhood collectives raise an error of the
// right class; a failed constructor leaves MPI_COMM_NULL and a communicator that still works.
//
// ranks: 2 4
#include "check.h"

static MPI_Comm world;
static int a, b, c, buffer[64], other[64];

// The constructor failed and gave nothing.
#define MAKES_NONE(class, made, call)                                        \
    do {                                                                     \
        (made) = MPI_COMM_WORLD;                                             \
        FAILS(class, call);                                                  \
        CHECK((made) == MPI_COMM_NULL, "a failed call gave a communicator"); \
    } while (0)

static void grids(void)
{
    int ones[2] = {1, 1}, flat[2] = {0, 0}, big[2] = {size, 2}, none[2] = {0, 1}, less[2] = {1, -1};
    int huge[2] = {1 << 30, 1 << 30};
    MPI_Comm made, cart, point, graph;
    MAKES_NONE(MPI_ERR_DIMS, made, MPI_Cart_create(world, 2, big, flat, 0, &made));
    MAKES_NONE(MPI_ERR_DIMS, made, MPI_Cart_create(world, 2, huge, flat, 0, &made));
    MAKES_NONE(MPI_ERR_DIMS, made, MPI_Cart_create(world, 2, none, flat, 0, &made));
    MAKES_NONE(MPI_ERR_DIMS, made, MPI_Cart_create(world, 2, less, flat, 0, &made));
    MAKES_NONE(MPI_ERR_DIMS, made, MPI_Cart_create(world, -1, ones, flat, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Cart_create(world, 2, NULL, flat, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Cart_create(world, 2, ones, NULL, 0, &made));
    MAKES_NONE(MPI_ERR_COMM, made, MPI_Cart_create(MPI_COMM_NULL, 2, ones, flat, 0, &made));
    FAILS(MPI_ERR_ARG, MPI_Cart_create(world, 2, ones, flat, 0, NULL));
    FAILS(MPI_ERR_DIMS, MPI_Cart_map(world, 2, big, flat, &a));
    FAILS(MPI_ERR_ARG, MPI_Cart_map(world, 2, ones, flat, NULL));
    FAILS(MPI_ERR_TOPOLOGY, MPI_Cartdim_get(world, &a));
    FAILS(MPI_ERR_TOPOLOGY, MPI_Cart_shift(world, 0, 1, &a, &b));
    FAILS(MPI_ERR_TOPOLOGY, MPI_Cart_sub(world, ones, &made));
    FAILS(MPI_ERR_ARG, MPI_Topo_test(world, NULL));

    int dims[2] = {size / 2, 2}, periods[2] = {0, 1};
    OK(MPI_Cart_create(world, 2, dims, periods, 0, &cart));
    FAILS(MPI_ERR_DIMS, MPI_Cart_shift(cart, 2, 1, &a, &b));
    FAILS(MPI_ERR_DIMS, MPI_Cart_shift(cart, -1, 1, &a, &b));
    FAILS(MPI_ERR_ARG, MPI_Cart_shift(cart, 0, 1, NULL, &b));
    FAILS(MPI_ERR_ARG, MPI_Cart_rank(cart, (int[]){size / 2, 0}, &a));
    FAILS(MPI_ERR_ARG, MPI_Cart_rank(cart, (int[]){-1, 0}, &a));
    OK(MPI_Cart_rank(cart, (int[]){0, -1}, &a)); // periodic
    CHECK(a == 1, "rank is %d", a);
    FAILS(MPI_ERR_RANK, MPI_Cart_coords(cart, size, 2, buffer));
    FAILS(MPI_ERR_RANK, MPI_Cart_coords(cart, -1, 2, buffer));
    FAILS(MPI_ERR_ARG, MPI_Cart_coords(cart, 0, 1, buffer));
    FAILS(MPI_ERR_ARG, MPI_Cart_get(cart, 1, buffer, buffer, buffer));
    FAILS(MPI_ERR_ARG, MPI_Cart_get(cart, 2, buffer, NULL, buffer));
    FAILS(MPI_ERR_ARG, MPI_Cart_sub(cart, NULL, &made));
    FAILS(MPI_ERR_TOPOLOGY, MPI_Graphdims_get(cart, &a, &b));
    FAILS(MPI_ERR_TOPOLOGY, MPI_Dist_graph_neighbors_count(cart, &a, &b, &c));
    OK(MPI_Comm_free(&cart));

    OK(MPI_Cart_create(world, 0, NULL, NULL, 0, &point));
    CHECK((point != MPI_COMM_NULL) == (rank == 0), "a grid of no dimensions is for rank 0");
    if (point != MPI_COMM_NULL) {
        FAILS(MPI_ERR_DIMS, MPI_Cart_shift(point, 0, 1, &a, &b));
        OK(MPI_Cart_rank(point, NULL, &a));
        OK(MPI_Cart_coords(point, 0, 0, NULL));
        OK(MPI_Cart_get(point, 0, NULL, NULL, NULL));
        OK(MPI_Cart_sub(point, NULL, &graph));
        OK(MPI_Comm_free(&graph));
        OK(MPI_Comm_free(&point));
    }
}

static void graphs(void)
{
    int index[2] = {1, 2}, edges[2] = {1, 0}, down[2] = {2, 1}, far[2] = {1, 2}, below[2] = {1, -1};
    MPI_Comm made, graph;
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, size + 1, index, edges, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, -1, index, edges, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, 2, down, edges, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, 2, below, edges, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, 2, index, far, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, 2, index, below, 0, &made));
    MAKES_NONE(MPI_ERR_ARG, made, MPI_Graph_create(world, 2, NULL, edges, 0, &made));
    FAILS(MPI_ERR_ARG, MPI_Graph_map(world, size + 1, index, edges, &a));
    // One edge there and two back: a topology, but not one to communicate on.
    OK(MPI_Graph_create(world, 2, (int[]){1, 3}, (int[]){1, 0, 0}, 0, &graph));
    if (graph != MPI_COMM_NULL) {
        FAILS(MPI_ERR_RANK, MPI_Graph_neighbors(graph, 2, 2, buffer));
        FAILS(MPI_ERR_RANK, MPI_Graph_neighbors_count(graph, -1, &a));
        FAILS(MPI_ERR_ARG, MPI_Graph_neighbors(graph, 1, 1, buffer));
        FAILS(MPI_ERR_ARG, MPI_Graph_get(graph, 1, 3, buffer, other));
        FAILS(MPI_ERR_ARG, MPI_Graph_get(graph, 2, 2, buffer, other));
        FAILS(MPI_ERR_TOPOLOGY, MPI_Cartdim_get(graph, &a));
        FAILS(MPI_ERR_TOPOLOGY,
              MPI_Neighbor_allgather(buffer, 1, MPI_INT, other, 1, MPI_INT, graph));
        OK(MPI_Comm_free(&graph));
    }
}

static void distributed(void)
{
    int sources[2] = {0, 1}, ones[2] = {1, 1}, far[2] = {0, size}, less[2] = {1, -1};
    MPI_Info gone;
    MPI_Comm made;
    MPI_Info_create(&gone);
    MPI_Info keep = gone;
    MPI_Info_free(&gone);
#define CREATE(n, s, d, t, w, i) MPI_Dist_graph_create(world, n, s, d, t, w, i, 0, &made)
    MAKES_NONE(MPI_ERR_ARG, made,
               CREATE(-1, sources, ones, sources, MPI_UNWEIGHTED, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_RANK, made, CREATE(2, far, ones, sources, MPI_UNWEIGHTED, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_RANK, made, CREATE(2, sources, ones, far, MPI_UNWEIGHTED, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_ARG, made, CREATE(2, sources, less, sources, MPI_UNWEIGHTED, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_ARG, made, CREATE(2, sources, ones, sources, less, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_ARG, made, CREATE(2, sources, ones, sources, NULL, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_ARG, made,
               CREATE(2, sources, ones, sources, MPI_WEIGHTS_EMPTY, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_ARG, made, CREATE(2, NULL, ones, sources, MPI_UNWEIGHTED, MPI_INFO_NULL));
    MAKES_NONE(MPI_ERR_INFO, made, CREATE(2, sources, ones, sources, MPI_UNWEIGHTED, keep));
    // All ranks hear of it when they disagree, and none waits for ever.
    MAKES_NONE(MPI_ERR_ARG, made,
               CREATE(2, sources, ones, sources, rank == 1 ? MPI_UNWEIGHTED : ones, MPI_INFO_NULL));
    // Ranks without edges have no say.
    OK(CREATE(rank ? 0 : 2, sources, ones, sources, rank ? MPI_UNWEIGHTED : ones, MPI_INFO_NULL));
    OK(MPI_Dist_graph_neighbors_count(made, &a, &b, &c));
    CHECK(a == (rank < 2) && b == (rank < 2) && c, "%d in, %d out, weighted %d", a, b, c);
    OK(MPI_Comm_free(&made));
#define ADJACENT(n, s, w, m, d, v) \
    MPI_Dist_graph_create_adjacent(world, n, s, w, m, d, v, MPI_INFO_NULL, 0, &made)
    MAKES_NONE(MPI_ERR_RANK, made, ADJACENT(2, far, ones, 0, NULL, ones));
    MAKES_NONE(MPI_ERR_RANK, made, ADJACENT(0, NULL, ones, 2, far, ones));
    MAKES_NONE(MPI_ERR_ARG, made, ADJACENT(-1, sources, ones, 1, sources, ones));
    MAKES_NONE(MPI_ERR_ARG, made, ADJACENT(1, sources, ones, -1, sources, ones));
    MAKES_NONE(MPI_ERR_ARG, made, ADJACENT(1, sources, MPI_UNWEIGHTED, 1, sources, ones));
    MAKES_NONE(MPI_ERR_ARG, made, ADJACENT(2, sources, less, 0, NULL, MPI_WEIGHTS_EMPTY));
    MAKES_NONE(MPI_ERR_ARG, made, ADJACENT(1, sources, MPI_WEIGHTS_EMPTY, 0, NULL, NULL));
}

static void collectives(void)
{
    int dims[1] = {size}, around[1] = {1}, counts[2] = {1, -1}, good[2] = {1, 1},
        displs[2] = {0, 1};
    MPI_Aint at[2] = {0, 4};
    MPI_Datatype types[2] = {MPI_INT, MPI_INT}, bad[2] = {MPI_INT, MPI_DATATYPE_NULL};
    MPI_Request request;
    MPI_Comm cart, lonely;
    FAILS(MPI_ERR_TOPOLOGY, MPI_Neighbor_alltoall(buffer, 1, MPI_INT, other, 1, MPI_INT, world));
    OK(MPI_Cart_create(world, 1, dims, around, 0, &cart));
    FAILS(MPI_ERR_COUNT, MPI_Neighbor_allgather(buffer, -1, MPI_INT, other, 1, MPI_INT, cart));
    FAILS(MPI_ERR_COUNT, MPI_Neighbor_allgather_c(buffer, 1, MPI_INT, other, -1, MPI_INT, cart));
    FAILS(MPI_ERR_TYPE,
          MPI_Neighbor_alltoall(buffer, 1, MPI_DATATYPE_NULL, other, 1, MPI_INT, cart));
    FAILS(MPI_ERR_BUFFER, MPI_Neighbor_alltoall(NULL, 1, MPI_INT, other, 1, MPI_INT, cart));
    FAILS(MPI_ERR_BUFFER, MPI_Neighbor_alltoall(MPI_IN_PLACE, 1, MPI_INT, other, 1, MPI_INT, cart));
    FAILS(MPI_ERR_COUNT, MPI_Neighbor_alltoallv(buffer, good, displs, MPI_INT, other, counts,
                                                displs, MPI_INT, cart));
    FAILS(MPI_ERR_ARG,
          MPI_Neighbor_allgatherv(buffer, 1, MPI_INT, other, NULL, displs, MPI_INT, cart));
    FAILS(MPI_ERR_TYPE,
          MPI_Neighbor_alltoallw(buffer, good, at, types, other, good, at, bad, cart));
    FAILS(MPI_ERR_ARG,
          MPI_Neighbor_alltoallw(buffer, good, at, NULL, other, good, at, types, cart));
    FAILS(MPI_ERR_ARG, MPI_Ineighbor_allgather(buffer, 1, MPI_INT, other, 1, MPI_INT, cart, NULL));
    FAILS(MPI_ERR_COUNT, MPI_Neighbor_allgather_init(buffer, -1, MPI_INT, other, 1, MPI_INT, cart,
                                                     MPI_INFO_NULL, &request));
    buffer[0] = rank;
    OK(MPI_Neighbor_allgather(buffer, 1, MPI_INT, other, 1, MPI_INT, cart)); // still works
    CHECK(other[0] == (rank + size - 1) % size && other[1] == (rank + 1) % size,
          "neighbours are %d and %d", other[0], other[1]);
    OK(MPI_Comm_free(&cart));

    // Without neighbours there is nothing to give.
    OK(MPI_Dist_graph_create_adjacent(world, 0, NULL, MPI_WEIGHTS_EMPTY, 0, NULL, MPI_WEIGHTS_EMPTY,
                                      MPI_INFO_NULL, 0, &lonely));
    OK(MPI_Dist_graph_neighbors_count(lonely, &a, &b, &c));
    CHECK(a == 0 && b == 0 && c == 1, "%d in, %d out, weighted %d", a, b, c);
    OK(MPI_Dist_graph_neighbors(lonely, 0, NULL, NULL, 0, NULL, NULL));
    OK(MPI_Neighbor_allgather(NULL, 1, MPI_INT, NULL, 1, MPI_INT, lonely));
    OK(MPI_Neighbor_alltoallv(NULL, NULL, NULL, MPI_INT, NULL, NULL, NULL, MPI_INT, lonely));
    OK(MPI_Neighbor_alltoallw(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, lonely));
    OK(MPI_Comm_free(&lonely));
}

int main(int argc, char **argv)
{
    int sum = 0;
    start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_dup(MPI_COMM_WORLD, &world);
    MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN);
    grids();
    graphs();
    distributed();
    collectives();
    OK(MPI_Allreduce(&(int){rank + 1}, &sum, 1, MPI_INT, MPI_SUM, world));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    MPI_Comm_free(&world);
    return finish();
}
