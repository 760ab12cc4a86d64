// SPDX-License-Identifier: MIT
// Topologies and neighbourhood collectives: what each rank is told about grids and graphs, and what
// it receives from its neighbours, rank by rank. Left out, for Open MPI 4.1.4 being wrong or
// without:
// - nonblocking exchanges on periodic dimensions of length 1 or 2: the block that was sent to the
//   right arrives as if it had been sent to the left (its blocking ones are right);
// - persistent and large-count forms: not there;
// - MPI_Cart_map and MPI_Graph_map at ranks without a place: its answer is their own rank;
// - MPI_Dims_create where its factors are not the closest;
// - the order of neighbours after MPI_Dist_graph_create, which is the library's: sorted here.
//
// ranks: 1 2 3 4 6 8
#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size;

// A line per rank, collected here and printed by rank 0.
static char line[1 << 16];
static size_t used;

static void add(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(line + used, sizeof line - used, format, list);
    va_end(list);
    used += n > 0 ? (size_t)n : 0;
}

static void add_rank(int value)
{
    if (value == MPI_PROC_NULL) {
        add(" none");
    } else if (value == MPI_UNDEFINED) {
        add(" undefined");
    } else {
        add(" %d", value);
    }
}

static void add_list(const char *name, const int *list, int n)
{
    add(" %s(", name);
    for (int i = 0; i < n; i++) {
        add_rank(list[i]);
    }
    add(" )");
}

static void say(const char *what)
{
    if (rank == 0) {
        printf("%s\n 0:%s\n", what, line);
        for (int r = 1; r < size; r++) {
            char theirs[sizeof line];
            MPI_Recv(theirs, (int)sizeof theirs, MPI_CHAR, r, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            printf(" %d:%s\n", r, theirs);
        }
    } else {
        MPI_Send(line, (int)used + 1, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
    }
    used = 0;
    line[0] = 0;
}

static void add_kind(MPI_Comm comm)
{
    int kind, me, members;
    MPI_Topo_test(comm, &kind);
    MPI_Comm_rank(comm, &me);
    MPI_Comm_size(comm, &members);
    add(" %s %d of %d",
        kind == MPI_CART         ? "cart"
        : kind == MPI_GRAPH      ? "graph"
        : kind == MPI_DIST_GRAPH ? "dist_graph"
                                 : "plain",
        me, members);
}

// ---- Exchanges

// All of them on one communicator; blocks of 1 to 3 ints, told apart by sender and block.
static void exchange(MPI_Comm comm, int in, int nonblocking)
{
    enum { MOST = 64 };
    int send[MOST * 3], got[MOST * 3], me, sent[MOST], room[MOST], at[MOST];
    MPI_Aint bytes[MOST];
    MPI_Datatype types[MOST];
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Comm_rank(comm, &me);
    for (int i = 0; i < MOST; i++) {
        at[i] = 3 * i;
        bytes[i] = (MPI_Aint)(3 * (size_t)i * sizeof(int));
        types[i] = MPI_INT;
        sent[i] = 1 + me % 3;
        room[i] = 3;
        for (int k = 0; k < 3; k++) {
            send[3 * i + k] = 10000 * me + 10 * i + k;
        }
    }
    for (int which = 0; which < 5; which++) {
        static const char *const names[] = {"allgather", "allgatherv", "alltoall", "alltoallv",
                                            "alltoallw"};
        for (int i = 0; i < MOST * 3; i++) {
            got[i] = -1;
        }
        // The length that each neighbour sends has to be known: told beforehand.
        if (which == 1 || which == 3 || which == 4) {
            memset(room, -1, sizeof room);
            MPI_Neighbor_allgather(sent, 1, MPI_INT, room, 1, MPI_INT, comm);
            for (int i = 0; i < in; i++) {
                room[i] = room[i] < 0 ? 0 : room[i]; // no neighbour there
            }
        }
        switch (which + 5 * nonblocking) {
        case 0:
            MPI_Neighbor_allgather(send, 2, MPI_INT, got, 2, MPI_INT, comm);
            break;
        case 1:
            MPI_Neighbor_allgatherv(send, sent[0], MPI_INT, got, room, at, MPI_INT, comm);
            break;
        case 2:
            MPI_Neighbor_alltoall(send, 3, MPI_INT, got, 3, MPI_INT, comm);
            break;
        case 3:
            MPI_Neighbor_alltoallv(send, sent, at, MPI_INT, got, room, at, MPI_INT, comm);
            break;
        case 4:
            MPI_Neighbor_alltoallw(send, sent, bytes, types, got, room, bytes, types, comm);
            break;
        case 5:
            MPI_Ineighbor_allgather(send, 2, MPI_INT, got, 2, MPI_INT, comm, &request);
            break;
        case 6:
            MPI_Ineighbor_allgatherv(send, sent[0], MPI_INT, got, room, at, MPI_INT, comm,
                                     &request);
            break;
        case 7:
            MPI_Ineighbor_alltoall(send, 3, MPI_INT, got, 3, MPI_INT, comm, &request);
            break;
        case 8:
            MPI_Ineighbor_alltoallv(send, sent, at, MPI_INT, got, room, at, MPI_INT, comm,
                                    &request);
            break;
        default:
            MPI_Ineighbor_alltoallw(send, sent, bytes, types, got, room, bytes, types, comm,
                                    &request);
        }
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        add(" %s", names[which]);
        add_list(nonblocking ? "nonblocking" : "blocking", got, 3 * in);
    }
}

// ---- Grids

static void grid(int ndims, const int *dims, const int *periods)
{
    int places = 1, shortest = 99, place;
    MPI_Comm comm, copy, sub;
    for (int d = 0; d < ndims; d++) {
        places *= dims[d];
        shortest = periods[d] && dims[d] < shortest ? dims[d] : shortest;
    }
    if (places > size) {
        return;
    }
    MPI_Cart_map(MPI_COMM_WORLD, ndims, dims, periods, &place);
    if (rank < places) {
        add_rank(place);
    }
    MPI_Cart_create(MPI_COMM_WORLD, ndims, dims, periods, 0, &comm);
    if (comm == MPI_COMM_NULL) {
        add(" left out");
    } else {
        int got[3][4], n, remain[4], source, dest, at;
        add_kind(comm);
        MPI_Cartdim_get(comm, &n);
        MPI_Cart_get(comm, n, got[0], got[1], got[2]);
        add_list("dims", got[0], n);
        add_list("periods", got[1], n);
        add_list("coords", got[2], n);
        for (int r = 0; r < places; r++) {
            MPI_Cart_coords(comm, r, n, got[0]);
            add_list("at", got[0], n);
            for (int d = 0; d < n; d++) {
                got[0][d] += periods[d] ? dims[d] * (d - 1) : 0;
            }
            MPI_Cart_rank(comm, got[0], &at);
            add_rank(at);
        }
        for (int d = 0; d < n; d++) {
            for (int disp = -3; disp <= 3; disp++) {
                MPI_Cart_shift(comm, d, disp, &source, &dest);
                add(" shift %d %d:", d, disp);
                add_rank(source);
                add_rank(dest);
            }
        }
        MPI_Comm_dup(comm, &copy);
        add_kind(copy);
        exchange(copy, 2 * n, 0);
        if (shortest > 2) {
            exchange(copy, 2 * n, 1);
        }
        for (int mask = 0; mask < 1 << n; mask++) {
            for (int d = 0; d < n; d++) {
                remain[d] = mask >> d & 1;
            }
            MPI_Cart_sub(copy, remain, &sub);
            add_kind(sub);
            MPI_Cartdim_get(sub, &at);
            MPI_Cart_get(sub, at, got[0], got[1], got[2]);
            add_list("dims", got[0], at);
            add_list("periods", got[1], at);
            add_list("coords", got[2], at);
            MPI_Comm_free(&sub);
        }
        MPI_Comm_free(&copy);
        MPI_Comm_free(&comm);
    }
    say("grid");
}

static void grids(void)
{
    static const int shapes[][3] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 1}, {8, 1, 1},
                                    {2, 2, 1}, {3, 2, 1}, {1, 6, 1}, {2, 2, 2}, {1, 1, 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int mask = 0; mask < 8; mask++) {
            int periods[3] = {mask & 1, mask >> 1 & 1, mask >> 2 & 1};
            grid(3, shapes[i], periods);
            if (mask < 4 && shapes[i][2] == 1) {
                grid(2, shapes[i], periods);
            }
            if (mask < 2 && shapes[i][1] == 1 && shapes[i][2] == 1) {
                grid(1, shapes[i], periods);
            }
        }
    }
}

// ---- Graphs

static void graph(int nodes, const int *index, const int *edges)
{
    int place, nnodes, nedges, n, list[64], starts[64];
    MPI_Comm comm, copy;
    if (nodes > size) {
        return;
    }
    MPI_Graph_map(MPI_COMM_WORLD, nodes, index, edges, &place);
    if (rank < nodes) {
        add_rank(place);
    }
    MPI_Graph_create(MPI_COMM_WORLD, nodes, index, edges, 0, &comm);
    if (comm == MPI_COMM_NULL) {
        add(" left out");
    } else {
        MPI_Comm_dup(comm, &copy);
        MPI_Comm_free(&comm);
        add_kind(copy);
        MPI_Graphdims_get(copy, &nnodes, &nedges);
        MPI_Graph_get(copy, nnodes, nedges, starts, list);
        add_list("index", starts, nnodes);
        add_list("edges", list, nedges);
        for (int r = 0; r < nodes; r++) {
            MPI_Graph_neighbors_count(copy, r, &n);
            MPI_Graph_neighbors(copy, r, n, list);
            add_list("neighbours", list, n);
        }
        MPI_Graph_neighbors_count(copy, rank, &n);
        exchange(copy, n, 0);
        exchange(copy, n, 1);
        MPI_Comm_free(&copy);
    }
    say("graph");
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void distributed(void)
{
    int sources[64], destinations[64], in_weights[64], out_weights[64], in, out, weighted;
    MPI_Comm comm;
    // Everybody to the next and twice to the one after.
    int next[3] = {(rank + 1) % size, (rank + 2) % size, (rank + 2) % size};
    int before[3] = {(rank + 2 * size - 2) % size, (rank + size - 1) % size,
                     (rank + 2 * size - 2) % size};
    int to_weights[3] = {10 * rank + 1, 10 * rank + 2, 10 * rank + 3};
    int from_weights[3] = {10 * before[0] + 2, 10 * before[1] + 1, 10 * before[2] + 3};
    for (int given = 0; given < 2; given++) {
        MPI_Dist_graph_create_adjacent(
            MPI_COMM_WORLD, 3, before, given ? from_weights : MPI_UNWEIGHTED, 3, next,
            given ? to_weights : MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &comm);
        add_kind(comm);
        MPI_Dist_graph_neighbors_count(comm, &in, &out, &weighted);
        add(" %d in %d out weighted %d", in, out, weighted);
        MPI_Dist_graph_neighbors(comm, in, sources, given ? in_weights : MPI_UNWEIGHTED, out,
                                 destinations, given ? out_weights : MPI_UNWEIGHTED);
        add_list("from", sources, in);
        add_list("to", destinations, out);
        if (given) {
            add_list("weights", in_weights, in);
            add_list("and", out_weights, out);
        }
        exchange(comm, in, 0);
        exchange(comm, in, 1);
        MPI_Comm_free(&comm);
        say("adjacent");
    }
    // Each rank gives what the one before it sends, and the last rank a star besides.
    int n = 0, degrees[64], at[64], weights[64], total = 0;
    sources[n] = (rank + size - 1) % size;
    degrees[n++] = 2;
    at[total] = rank;
    weights[total++] = 7;
    at[total] = (rank + 1) % size;
    weights[total++] = 8;
    if (rank == size - 1) {
        sources[n] = 0;
        degrees[n++] = size;
        for (int r = 0; r < size; r++) {
            at[total] = r;
            weights[total++] = r;
        }
    }
    MPI_Dist_graph_create(MPI_COMM_WORLD, n, sources, degrees, at, weights, MPI_INFO_NULL, 0,
                          &comm);
    add_kind(comm);
    MPI_Dist_graph_neighbors_count(comm, &in, &out, &weighted);
    add(" %d in %d out weighted %d", in, out, weighted);
    MPI_Dist_graph_neighbors(comm, in, sources, in_weights, out, destinations, out_weights);
    for (int i = 0; i < in; i++) {
        sources[i] = 100 * sources[i] + in_weights[i];
    }
    for (int i = 0; i < out; i++) {
        destinations[i] = 100 * destinations[i] + out_weights[i];
    }
    qsort(sources, (size_t)in, sizeof *sources, by_value);
    qsort(destinations, (size_t)out, sizeof *destinations, by_value);
    add_list("from", sources, in);
    add_list("to", destinations, out);
    MPI_Comm_free(&comm);
    say("given by others");
}

static void dims(void)
{
    static const int cases[][4] = {{6, 0, 0, -1},   {7, 0, 0, -1}, {6, 0, 3, 0},    {12, 2, 0, 0},
                                   {8, 0, 0, 0},    {64, 0, 0, 0}, {100, 0, 0, -1}, {27, 0, 0, 0},
                                   {16, 0, 1, 4},   {1, 0, 0, 0},  {13, 0, 0, 0},   {1000, 0, 0, 0},
                                   {4096, 0, 0, 0}, {5, 5, -1, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int n = 0, d[3];
        for (; n < 3 && cases[i][n + 1] >= 0; n++) {
            d[n] = cases[i][n + 1];
        }
        MPI_Dims_create(cases[i][0], n, d);
        add(" %d:", cases[i][0]);
        add_list("dims", d, n);
    }
    say("dims");
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    dims();
    grids();
    graph(1, (const int[]){0}, (const int[]){0});
    graph(1, (const int[]){2}, (const int[]){0, 0});
    graph(2, (const int[]){1, 2}, (const int[]){1, 0});
    graph(2, (const int[]){3, 6}, (const int[]){1, 0, 1, 0, 0, 1});
    graph(4, (const int[]){2, 3, 4, 6}, (const int[]){1, 3, 0, 3, 0, 2}); // the standard's example
    graph(3, (const int[]){2, 4, 6}, (const int[]){1, 2, 0, 2, 0, 1});
    graph(6, (const int[]){5, 6, 7, 8, 9, 10}, (const int[]){1, 2, 3, 4, 5, 0, 0, 0, 0, 0});
    distributed();
    MPI_Finalize();
    return 0;
}
