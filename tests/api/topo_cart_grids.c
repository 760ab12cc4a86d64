// SPDX-License-Identifier: MIT
// Cartesian communicators: ranks are places of a grid in row-major order, and all inquiry functions
// agree with a model, on random grids of 0 to 4 dimensions; ranks without a place get
// MPI_COMM_NULL; duplicates have the topology too, while splits have none; MPI_Cart_sub gives the
// lines, planes and so on that the grid is made of.
//
// ranks: 1 2 4 6 12
#include "check.h"

enum { DIMENSIONS = 4 };

static unsigned state = 5;
static int draw(int below) // the same at all ranks
{
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (unsigned)below);
}

struct grid {
    int ndims, places;
    int dims[DIMENSIONS], periods[DIMENSIONS];
};

// With at most as many places as there are ranks.
static struct grid draw_grid(void)
{
    struct grid g = {.ndims = draw(DIMENSIONS + 1), .places = 1};
    for (int d = 0; d < g.ndims; d++) {
        g.dims[d] = 1 + draw(size / g.places);
        g.periods[d] = draw(2);
        g.places *= g.dims[d];
    }
    return g;
}

// Odometer: the coordinates of place `rank`, by counting.
static void count_to(const struct grid *g, int place, int *coords)
{
    memset(coords, 0, DIMENSIONS * sizeof *coords);
    while (place-- > 0) {
        int d = g->ndims - 1;
        while (++coords[d] == g->dims[d]) {
            coords[d--] = 0;
        }
    }
}

static int place_of(const struct grid *g, const int *coords)
{
    int at[DIMENSIONS];
    for (int place = 0; place < g->places; place++) {
        count_to(g, place, at);
        if (memcmp(at, coords, (size_t)g->ndims * sizeof *at) == 0) {
            return place;
        }
    }
    return MPI_PROC_NULL; // there is none
}

static void check_kind(MPI_Comm comm, int kind)
{
    int status = -1;
    OK(MPI_Topo_test(comm, &status));
    CHECK(status == kind, "status is %d, expected %d", status, kind);
}

static void check_grid(MPI_Comm comm, const struct grid *g)
{
    int me, members, ndims = -1, coords[DIMENSIONS], got[DIMENSIONS];
    int dims[DIMENSIONS] = {-1}, periods[DIMENSIONS] = {-1};
    MPI_Comm_rank(comm, &me);
    MPI_Comm_size(comm, &members);
    CHECK(members == g->places, "%d members, expected %d", members, g->places);
    check_kind(comm, MPI_CART);
    OK(MPI_Cartdim_get(comm, &ndims));
    CHECK(ndims == g->ndims, "ndims is %d, expected %d", ndims, g->ndims);
    OK(MPI_Cart_get(comm, DIMENSIONS, dims, periods, got));
    count_to(g, me, coords);
    for (int d = 0; d < ndims; d++) {
        CHECK(dims[d] == g->dims[d] && periods[d] == g->periods[d] && got[d] == coords[d],
              "dimension %d: %d %d %d, expected %d %d %d", d, dims[d], periods[d], got[d],
              g->dims[d], g->periods[d], coords[d]);
    }
    for (int r = 0; r < members; r++) {
        int at = -1;
        count_to(g, r, coords);
        OK(MPI_Cart_coords(comm, r, ndims, got));
        CHECK(memcmp(got, coords, (size_t)ndims * sizeof *got) == 0, "wrong coords of %d", r);
        OK(MPI_Cart_rank(comm, coords, &at));
        CHECK(at == r, "rank is %d, expected %d", at, r);
        for (int d = 0; d < ndims; d++) { // any number of times round
            if (g->periods[d]) {
                coords[d] += (draw(7) - 3) * g->dims[d];
            }
        }
        OK(MPI_Cart_rank(comm, coords, &at));
        CHECK(at == r, "rank is %d, expected %d", at, r);
    }
    static const int disps[] = {1, -1, 0, 2, 5, -7, 2147483647, -2147483647 - 1};
    for (int d = 0; d < ndims; d++) {
        for (size_t i = 0; i < COUNT_OF(disps); i++) {
            int source = -5, dest = -5, expected[2];
            for (int way = 0; way < 2; way++) {
                long long to = way ? disps[i] : -(long long)disps[i];
                count_to(g, me, coords);
                to += coords[d];
                if (g->periods[d]) {
                    to = (to % dims[d] + dims[d]) % dims[d];
                }
                coords[d] = to < 0 || to >= dims[d] ? -1 : (int)to;
                expected[way] = place_of(g, coords);
            }
            OK(MPI_Cart_shift(comm, d, disps[i], &source, &dest));
            CHECK(source == expected[0] && dest == expected[1],
                  "shift by %d in dimension %d: %d and %d, expected %d and %d", disps[i], d, source,
                  dest, expected[0], expected[1]);
        }
    }
}

// The part of the grid that is left with some dimensions.
static void check_sub(MPI_Comm comm, const struct grid *g)
{
    int me, here, remain[DIMENSIONS], coords[DIMENSIONS], mine[DIMENSIONS], number;
    struct grid part = {.places = 1};
    MPI_Comm sub = MPI_COMM_NULL;
    MPI_Comm_rank(comm, &me);
    for (int d = 0; d < g->ndims; d++) {
        remain[d] = draw(2) * 3; // any non-zero is true
        if (remain[d]) {
            part.dims[part.ndims] = g->dims[d];
            part.periods[part.ndims++] = g->periods[d];
            part.places *= g->dims[d];
        }
    }
    OK(MPI_Cart_sub(comm, remain, &sub));
    check_grid(sub, &part);
    MPI_Comm_rank(sub, &here);
    // My place in it has my coordinates in the dimensions that are left, and all ranks of it have
    // mine in the others.
    count_to(g, me, mine);
    count_to(&part, here, coords);
    for (int d = 0, k = 0; d < g->ndims; d++) {
        int low, high;
        if (remain[d]) {
            CHECK(coords[k] == mine[d], "coordinate %d is %d, expected %d", k, coords[k], mine[d]);
            k++;
            continue;
        }
        OK(MPI_Allreduce(&mine[d], &low, 1, MPI_INT, MPI_MIN, sub));
        OK(MPI_Allreduce(&mine[d], &high, 1, MPI_INT, MPI_MAX, sub));
        CHECK(low == mine[d] && high == mine[d], "coordinate %d is %d to %d here", d, low, high);
    }
    OK(MPI_Allreduce(&(int){1}, &number, 1, MPI_INT, MPI_SUM, sub));
    CHECK(number == part.places, "%d ranks in it", number);
    OK(MPI_Comm_free(&sub));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int round = 0; round < 40; round++) {
        struct grid g = draw_grid();
        MPI_Comm comm = MPI_COMM_WORLD, copy, split;
        MPI_Request request;
        int place = -5;
        OK(MPI_Cart_map(MPI_COMM_WORLD, g.ndims, g.dims, g.periods, &place));
        OK(MPI_Cart_create(MPI_COMM_WORLD, g.ndims, g.dims, g.periods, draw(2), &comm));
        CHECK((place == MPI_UNDEFINED) == (comm == MPI_COMM_NULL), "map says %d", place);
        if (comm == MPI_COMM_NULL) {
            CHECK(rank >= g.places, "no communicator");
        } else {
            check_grid(comm, &g);
            OK(MPI_Comm_dup(comm, &copy));
            OK(MPI_Comm_free(&comm)); // the duplicate has its own hold on the topology
            check_grid(copy, &g);
            OK(MPI_Comm_idup(copy, &comm, &request));
            OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
            check_grid(comm, &g);
            check_sub(comm, &g);
            check_sub(copy, &g);
            OK(MPI_Comm_split(comm, 0, 0, &split));
            check_kind(split, MPI_UNDEFINED);
            OK(MPI_Comm_free(&split));
            OK(MPI_Comm_free(&copy));
            OK(MPI_Comm_free(&comm));
        }
        state = 977u * (unsigned)round; // those that were left out have drawn less
    }
    check_kind(MPI_COMM_WORLD, MPI_UNDEFINED);
    return finish();
}
