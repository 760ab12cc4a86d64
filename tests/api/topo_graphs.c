// SPDX-License-Identifier: MIT
// Graph topologies: every rank can ask for the whole graph and for any rank's neighbours, and gets
// what was given; ranks beyond the graph get MPI_COMM_NULL; duplicates have the graph too.
//
// ranks: 1 3 4 7
#include "check.h"

static unsigned state = 3;
static int draw(int below) // the same at all ranks
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)below);
}

static void check_graph(MPI_Comm comm, int nodes, const int *index, const int *edges)
{
    int members, status, nnodes = -1, nedges = -1, total = index[nodes - 1];
    int *got_index = room((size_t)nodes * sizeof(int)), *got = room((size_t)total * sizeof(int));
    MPI_Comm_size(comm, &members);
    CHECK(members == nodes, "%d members, expected %d", members, nodes);
    OK(MPI_Topo_test(comm, &status));
    CHECK(status == MPI_GRAPH, "status is %d", status);
    OK(MPI_Graphdims_get(comm, &nnodes, &nedges));
    CHECK(nnodes == nodes && nedges == total, "%d nodes, %d edges", nnodes, nedges);
    OK(MPI_Graph_get(comm, nodes, total, got_index, got));
    CHECK(memcmp(got_index, index, (size_t)nodes * sizeof(int)) == 0, "wrong index");
    CHECK(total == 0 || memcmp(got, edges, (size_t)total * sizeof(int)) == 0, "wrong edges");
    for (int r = 0; r < nodes; r++) {
        int first = r > 0 ? index[r - 1] : 0, count = -1;
        OK(MPI_Graph_neighbors_count(comm, r, &count));
        CHECK(count == index[r] - first, "%d neighbours of %d", count, r);
        OK(MPI_Graph_neighbors(comm, r, count, got));
        for (int i = 0; i < count; i++) {
            CHECK(got[i] == edges[first + i], "neighbour %d of %d is %d", i, r, got[i]);
        }
    }
    free(got_index);
    free(got);
}

int main(int argc, char **argv)
{
    MPI_Comm comm, copy;
    start(&argc, &argv);
    for (int round = 0; round < 30; round++) {
        int nodes = 1 + draw(size), total = 0, place = -5;
        int index[16], edges[16 * 6]; // need not be symmetric, for all but communication
        for (int r = 0; r < nodes; r++) {
            for (int n = draw(6); n > 0; n--) {
                edges[total++] = draw(nodes);
            }
            index[r] = total;
        }
        OK(MPI_Graph_map(MPI_COMM_WORLD, nodes, index, edges, &place));
        OK(MPI_Graph_create(MPI_COMM_WORLD, nodes, index, edges, draw(2), &comm));
        CHECK((comm == MPI_COMM_NULL) == (rank >= nodes), "wrong member");
        CHECK((comm == MPI_COMM_NULL) == (place == MPI_UNDEFINED), "map says %d", place);
        if (comm != MPI_COMM_NULL) {
            check_graph(comm, nodes, index, edges);
            OK(MPI_Comm_dup(comm, &copy));
            OK(MPI_Comm_free(&comm));
            check_graph(copy, nodes, index, edges);
            OK(MPI_Comm_free(&copy));
        }
    }
    comm = MPI_COMM_WORLD;
    OK(MPI_Graph_create(MPI_COMM_WORLD, 0, NULL, NULL, 0, &comm));
    CHECK(comm == MPI_COMM_NULL, "a graph of no nodes has members");
    return finish();
}
