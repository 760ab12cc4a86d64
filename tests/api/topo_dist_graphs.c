// SPDX-License-Identifier: MIT
// Distributed graphs: however the edges are shared out among the ranks that give them, each rank
// gets its own, in and out, with their weights and as often as they were given; the k-th edge
// from one rank to another is the same at both ends. Given by the ranks at their ends, neighbours
// keep their order.
//
// ranks: 1 2 4 7
#include "check.h"

enum { EDGES = 60 };

static unsigned state = 11;
static int draw(int below) // the same at all ranks
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)below);
}

static struct edge {
    int from, to, weight, giver;
} edges[EDGES];
static int count;

static void draw_edges(void)
{
    count = draw(EDGES + 1);
    for (int i = 0; i < count; i++) {
        edges[i] = (struct edge){draw(size), draw(size), draw(5), draw(size)};
    }
}

// Asks for all neighbours of this rank, and checks what surrounds them.
static int in, out, sources[EDGES], destinations[EDGES], in_weights[EDGES], out_weights[EDGES];

static void ask(MPI_Comm comm, int is_weighted)
{
    int status, weighted = -1;
    OK(MPI_Topo_test(comm, &status));
    CHECK(status == MPI_DIST_GRAPH, "status is %d", status);
    OK(MPI_Dist_graph_neighbors_count(comm, &in, &out, &weighted));
    CHECK(weighted == is_weighted, "weighted is %d, expected %d", weighted, is_weighted);
    CHECK(in <= EDGES && out <= EDGES, "%d in, %d out", in, out);
    for (int i = 0; i < EDGES; i++) {
        sources[i] = destinations[i] = in_weights[i] = out_weights[i] = -9;
    }
    if (in > 1 && out > 1) { // the first part only
        OK(MPI_Dist_graph_neighbors(comm, 1, sources, in_weights, 0, destinations, out_weights));
        CHECK(sources[0] >= 0 && sources[1] == -9 && destinations[0] == -9, "not the first part");
    }
    OK(MPI_Dist_graph_neighbors(comm, in, sources, is_weighted ? in_weights : MPI_UNWEIGHTED, out,
                                destinations, is_weighted ? out_weights : MPI_UNWEIGHTED));
    CHECK(in == EDGES || sources[in] == -9, "wrote beyond the last");
    CHECK(out == EDGES || destinations[out] == -9, "wrote beyond the last");
}

static int times(const int *ranks, const int *weights, int n, int of_rank, int of_weight)
{
    int found = 0;
    for (int i = 0; i < n; i++) {
        found += ranks[i] == of_rank && (of_weight < 0 || weights[i] == of_weight);
    }
    return found;
}

// Each edge of the model is there as often as it was given, and nothing else is.
static void check_edges(int weighted)
{
    int expected_in = 0, expected_out = 0;
    for (int i = 0; i < count; i++) {
        expected_in += edges[i].to == rank;
        expected_out += edges[i].from == rank;
    }
    CHECK(in == expected_in && out == expected_out, "%d in and %d out, expected %d and %d", in, out,
          expected_in, expected_out);
    for (int i = 0; i < count; i++) {
        int same = 0, weight = weighted ? edges[i].weight : -1;
        for (int j = 0; j < count; j++) {
            same += edges[j].from == edges[i].from && edges[j].to == edges[i].to &&
                    (!weighted || edges[j].weight == weight);
        }
        if (edges[i].to == rank) {
            int got = times(sources, in_weights, in, edges[i].from, weight);
            CHECK(got == same, "edge from %d: %d times, expected %d", edges[i].from, got, same);
        }
        if (edges[i].from == rank) {
            int got = times(destinations, out_weights, out, edges[i].to, weight);
            CHECK(got == same, "edge to %d: %d times, expected %d", edges[i].to, got, same);
        }
    }
}

// The weights of repeated edges come in the same order at both ends: sent along the edges, they
// meet themselves.
static void check_order(MPI_Comm comm)
{
    int arrived[EDGES];
    OK(MPI_Neighbor_alltoall(out_weights, 1, MPI_INT, arrived, 1, MPI_INT, comm));
    for (int i = 0; i < in; i++) {
        CHECK(arrived[i] == in_weights[i], "edge %d from %d: weight %d at one end, %d at the other",
              i, sources[i], arrived[i], in_weights[i]);
    }
}

// Every rank gives the edges that it is the giver of, several of one source at once where they
// follow each other.
static void given_by_anybody(int weighted)
{
    int n = 0, total = 0, from[EDGES], degrees[EDGES], to[EDGES], weights[EDGES];
    MPI_Comm comm, copy;
    for (int i = 0; i < count; i++) {
        if (edges[i].giver != rank) {
            continue;
        }
        if (n > 0 && from[n - 1] == edges[i].from) {
            degrees[n - 1]++;
        } else {
            from[n] = edges[i].from;
            degrees[n++] = 1;
        }
        to[total] = edges[i].to;
        weights[total++] = edges[i].weight;
    }
    if (n > 0 && draw(2)) { // a source without edges
        from[n] = 0;
        degrees[n++] = 0;
    }
    const int *given = !weighted ? MPI_UNWEIGHTED : total > 0 ? weights : MPI_WEIGHTS_EMPTY;
    OK(MPI_Dist_graph_create(MPI_COMM_WORLD, n, from, degrees, to, given, MPI_INFO_NULL, 0, &comm));
    ask(comm, weighted);
    check_edges(weighted);
    if (weighted) {
        check_order(comm);
    }
    OK(MPI_Comm_dup(comm, &copy));
    OK(MPI_Comm_free(&comm));
    ask(copy, weighted);
    check_edges(weighted);
    OK(MPI_Comm_free(&copy));
}

static void given_at_the_ends(int weighted)
{
    int n = 0, m = 0, from[EDGES], to[EDGES], from_weights[EDGES], to_weights[EDGES];
    MPI_Comm comm;
    for (int i = count - 1; i >= 0; i--) {
        if (edges[i].to == rank) {
            from[n] = edges[i].from;
            from_weights[n++] = edges[i].weight;
        }
        if (edges[i].from == rank) {
            to[m] = edges[i].to;
            to_weights[m++] = edges[i].weight;
        }
    }
    OK(MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, n, from,
                                      !weighted ? MPI_UNWEIGHTED
                                      : n > 0   ? from_weights
                                                : MPI_WEIGHTS_EMPTY,
                                      m, to,
                                      !weighted ? MPI_UNWEIGHTED
                                      : m > 0   ? to_weights
                                                : MPI_WEIGHTS_EMPTY,
                                      MPI_INFO_NULL, 1, &comm));
    ask(comm, weighted);
    check_edges(weighted);
    for (int i = 0; i < n; i++) {
        CHECK(sources[i] == from[i] && (!weighted || in_weights[i] == from_weights[i]),
              "source %d is %d", i, sources[i]);
    }
    for (int i = 0; i < m; i++) {
        CHECK(destinations[i] == to[i] && (!weighted || out_weights[i] == to_weights[i]),
              "destination %d is %d", i, destinations[i]);
    }
    if (weighted) {
        check_order(comm);
    }
    OK(MPI_Comm_free(&comm));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int round = 0; round < 40; round++) {
        state = 11u + 331u * (unsigned)round;
        draw_edges();
        given_by_anybody(round % 2);
        given_at_the_ends(round / 2 % 2);
    }
    return finish();
}
