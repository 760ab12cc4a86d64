// SPDX-License-Identifier: MIT
// The types that MPI_Type_create_darray makes for all processes of a grid select each element of
// the array exactly once, and each process its own in the order of memory, as the definition of the
// distributions says; the extent is the whole array; contents tell the arguments.
// ranks: 1
// channels: shm
#include "check.h"

enum { CASES = 1500, DIMS = 4, MOST = 4000 };

static uint64_t seed = 4711;

static int draw(int limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)limit);
}

struct grid {
    int n, size, order;
    int gsizes[DIMS], distribs[DIMS], dargs[DIMS], psizes[DIMS];
};

static struct grid draw_grid(void)
{
    static const int distribs[] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC,
                                   MPI_DISTRIBUTE_NONE};
    struct grid g = {.n = 1 + draw(DIMS), .size = 1};
    g.order = draw(2) ? MPI_ORDER_C : MPI_ORDER_FORTRAN;
    for (int d = 0; d < g.n; d++) {
        g.gsizes[d] = 1 + draw(g.n < 3 ? 40 : 7);
        g.distribs[d] = distribs[draw(3)];
        g.psizes[d] = g.distribs[d] == MPI_DISTRIBUTE_NONE ? 1 : 1 + draw(4);
        g.dargs[d] = MPI_DISTRIBUTE_DFLT_DARG;
        if (g.distribs[d] == MPI_DISTRIBUTE_BLOCK && draw(2)) {
            g.dargs[d] = (g.gsizes[d] + g.psizes[d] - 1) / g.psizes[d] + draw(5);
        } else if (g.distribs[d] == MPI_DISTRIBUTE_CYCLIC && draw(3)) {
            g.dargs[d] = 1 + draw(6);
        }
        g.size *= g.psizes[d];
    }
    return g;
}

// Whose index `i` is in dimension d.
static int owner(const struct grid *g, int d, int i)
{
    int darg = g->dargs[d];
    switch (g->distribs[d]) {
    case MPI_DISTRIBUTE_BLOCK:
        if (darg == MPI_DISTRIBUTE_DFLT_DARG) {
            darg = (g->gsizes[d] + g->psizes[d] - 1) / g->psizes[d];
        }
        return i / darg;
    case MPI_DISTRIBUTE_CYCLIC:
        return i / (darg == MPI_DISTRIBUTE_DFLT_DARG ? 1 : darg) % g->psizes[d];
    default:
        return 0;
    }
}

// Which process the element at that place in memory belongs to.
static int process_of(const struct grid *g, int element)
{
    int index[DIMS], process = 0;
    for (int k = 0; k < g->n; k++) {
        int d = g->order == MPI_ORDER_C ? g->n - 1 - k : k; // the fastest first
        index[d] = element % g->gsizes[d];
        element /= g->gsizes[d];
    }
    for (int d = 0; d < g->n; d++) {
        process = process * g->psizes[d] + owner(g, d, index[d]);
    }
    return process;
}

static void check_contents(const struct grid *g, int process, MPI_Datatype type, int large)
{
    int n = g->n, combiner, integers[4 * DIMS + 4];
    MPI_Count ni, na, nc, nt, counts[DIMS];
    MPI_Datatype old;
    OK(MPI_Type_get_envelope_c(type, &ni, &na, &nc, &nt, &combiner));
    CHECK(combiner == MPI_COMBINER_DARRAY && na == 0 && nt == 1, "combiner %d", combiner);
    CHECK(ni == (large ? 3 : 4) * n + 4 && nc == (large ? n : 0), "%d and %d", (int)ni, (int)nc);
    OK(MPI_Type_get_contents_c(type, ni, na, nc, nt, integers, NULL, counts, &old));
    const int *at = integers + 3;
    CHECK(integers[0] == g->size && integers[1] == process && integers[2] == n, "%d %d %d",
          integers[0], integers[1], integers[2]);
    for (int d = 0; d < n; d++) {
        CHECK((large ? (int)counts[d] : at[d]) == g->gsizes[d], "gsizes[%d]", d);
    }
    at += large ? 0 : n;
    CHECK(!memcmp(at, g->distribs, (size_t)n * sizeof(int)), "distribs");
    CHECK(!memcmp(at + n, g->dargs, (size_t)n * sizeof(int)), "dargs");
    CHECK(!memcmp(at + 2 * n, g->psizes, (size_t)n * sizeof(int)), "psizes");
    CHECK(at[3 * n] == g->order, "order %d", at[3 * n]);
    CHECK(old == MPI_INT, "old type");
}

static void check_grid(const struct grid *g)
{
    int total = 1, from_all = 0;
    static int array[MOST], packed[MOST];
    for (int d = 0; d < g->n; d++) {
        total *= g->gsizes[d];
    }
    CHECK(total <= MOST, "%d elements", total);
    for (int i = 0; i < total; i++) {
        array[i] = i;
    }
    for (int process = 0; process < g->size; process++) {
        MPI_Datatype type;
        MPI_Aint lb, extent;
        int large = draw(2), bytes, position = 0, mine = 0;
        if (large) {
            MPI_Count gsizes[DIMS];
            for (int d = 0; d < g->n; d++) {
                gsizes[d] = g->gsizes[d];
            }
            OK(MPI_Type_create_darray_c(g->size, process, g->n, gsizes, g->distribs, g->dargs,
                                        g->psizes, g->order, MPI_INT, &type));
        } else {
            OK(MPI_Type_create_darray(g->size, process, g->n, g->gsizes, g->distribs, g->dargs,
                                      g->psizes, g->order, MPI_INT, &type));
        }
        OK(MPI_Type_commit(&type));
        OK(MPI_Type_get_extent(type, &lb, &extent));
        CHECK(lb == 0 && extent == total * (int)sizeof(int), "lb %ld, extent %ld", (long)lb,
              (long)extent);
        OK(MPI_Type_size(type, &bytes));
        OK(MPI_Pack(array, 1, type, packed, sizeof packed, &position, MPI_COMM_SELF));
        CHECK(position == bytes, "packed %d of %d bytes", position, bytes);
        for (int i = 0; i < total; i++) {
            if (process_of(g, i) == process) {
                CHECK(mine < bytes / (int)sizeof(int) && packed[mine] == i,
                      "process %d: element %d is %d, must be %d", process, mine, packed[mine], i);
                mine++;
            }
        }
        CHECK(mine * (int)sizeof(int) == bytes, "process %d has %d bytes", process, bytes);
        from_all += mine;
        check_contents(g, process, type, large);
        OK(MPI_Type_free(&type));
    }
    CHECK(from_all == total, "%d of %d elements", from_all, total);
}

static void check_errors(void)
{
    MPI_Datatype type;
    int two[] = {2, 2}, block[] = {MPI_DISTRIBUTE_BLOCK, MPI_DISTRIBUTE_CYCLIC}, g[] = {8, 9};
    int ones[] = {1, 1}, none[] = {MPI_DISTRIBUTE_NONE, MPI_DISTRIBUTE_NONE}, bad[] = {-4, 0};
    int dflt[] = {MPI_DISTRIBUTE_DFLT_DARG, MPI_DISTRIBUTE_DFLT_DARG}, c = MPI_ORDER_C;
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
#define WRONG(...) FAILS(MPI_ERR_ARG, MPI_Type_create_darray(__VA_ARGS__))
    WRONG(5, 0, 2, g, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, 4, 2, g, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, -1, 2, g, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 0, g, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, bad, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, two, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, block, bad, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, block, two, two, c, MPI_INT, &type); // 2 x 2 blocks for 8 elements
    WRONG(1, 0, 2, g, none, dflt, bad, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, none, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, block, dflt, two, 99, MPI_INT, &type);
    WRONG(4, 0, 2, NULL, block, dflt, two, c, MPI_INT, &type);
    WRONG(4, 0, 2, g, block, dflt, two, c, MPI_INT, NULL);
    FAILS(MPI_ERR_TYPE,
          MPI_Type_create_darray(1, 0, 2, g, none, dflt, ones, c, MPI_DATATYPE_NULL, &type));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int i = 0; i < CASES; i++) {
        struct grid g = draw_grid();
        check_grid(&g);
    }
    check_errors();
    return finish();
}
