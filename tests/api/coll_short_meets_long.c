// SPDX-License-Identifier: MIT
// Short collectives give the same results whatever each rank's buffers look like: a rank with gaps
// in its type, one in place and one with plain memory meet in one operation, many in a row, with
// lengths around those at which data travels another way.
// ranks: 2 3 5 8
#include "check.h"

#include <stdbool.h>

enum { ROUNDS = 150, MOST = 780, RANKS = 8 };

static MPI_Datatype gapped; // an int with a gap after it
static int from[2 * (MOST + 1) * RANKS], to[2 * (MOST + 1) * RANKS];
static int stride; // of ints in this rank's buffers

static int value(int round, int giver, int index)
{
    return round * 1000003 + giver * 4099 + index;
}

// Which ranks have gaps changes from round to round.
static MPI_Datatype type_of(int round)
{
    int gaps = (round + rank) % 3 == 0;
    stride = gaps ? 2 : 1;
    return gaps ? gapped : MPI_INT;
}

static void fill_in(int round, int count)
{
    for (int i = 0; i < count; i++) {
        from[i * stride] = value(round, rank, i);
    }
    memset(to, 0xff, sizeof to);
}

static void expect(const char *what, int at, int got, int wanted)
{
    CHECK(got == wanted, "%s: element %d is %d instead of %d", what, at, got, wanted);
}

static void rooted(int round, int n, int root, MPI_Datatype type)
{
    fill_in(round, n * size);
    OK(MPI_Bcast(from, n, type, root, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++) {
        expect("bcast", i, from[i * stride], value(round, root, i));
    }
    fill_in(round, n * size);
    OK(MPI_Gather(from, n, type, to, n, type, root, MPI_COMM_WORLD));
    for (int i = 0; i < n * size && rank == root; i++) {
        expect("gather", i, to[i * stride], value(round, i / n, i % n));
    }
    memset(to, 0xff, sizeof to);
    OK(MPI_Scatter(from, n, type, to, n, type, root, MPI_COMM_WORLD));
    for (int i = 0; i < n; i++) {
        expect("scatter", i, to[i * stride], value(round, root, rank * n + i));
    }
}

static void everywhere(int round, int n, MPI_Datatype type)
{
    fill_in(round, n * size);
    OK(MPI_Allgather(from, n, type, to, n, type, MPI_COMM_WORLD));
    for (int i = 0; i < n * size; i++) {
        expect("allgather", i, to[i * stride], value(round, i / n, i % n));
    }
    memset(to, 0xff, sizeof to);
    if (round % 2) {
        OK(MPI_Alltoall(from, n, type, to, n, type, MPI_COMM_WORLD));
    } else {
        memcpy(to, from, sizeof to);
        OK(MPI_Alltoall(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, to, n, type, MPI_COMM_WORLD));
    }
    for (int i = 0; i < n * size; i++) {
        expect("alltoall", i, to[i * stride], value(round, i / n, rank * n + i % n));
    }
}

// Elements that `giver` has for `taker`, up to n: the same the other way round, or, where nothing
// is in place, more or less by who gives, so that some give short blocks where others give long
// ones; every third round the same for all.
static int uneven_count(int round, int n, bool both_ways, int giver, int taker)
{
    if (round % 3 == 0) {
        return n;
    }
    int less = (giver * giver + taker * taker + round) % 5 * n / 4;
    return both_ways || (giver + round) % 2 ? n - less : (n - less) / 16;
}

// The blocks for, or of, the ranks lie in a turned order, with a gap of an element after each.
static int uneven_place(int round, int n, int block)
{
    return (block + round) % size * (n + 1);
}

static void uneven_blocks(int round, int n, int counts[2][RANKS], int displs[RANKS], bool both_ways)
{
    memset(from, 0xff, sizeof from);
    memset(to, 0xff, sizeof to);
    for (int i = 0; i < size; i++) {
        displs[i] = uneven_place(round, n, i);
        counts[0][i] = uneven_count(round, n, both_ways, rank, i);
        counts[1][i] = uneven_count(round, n, both_ways, i, rank);
        for (int k = 0; k < counts[0][i]; k++) {
            from[(displs[i] + k) * stride] = value(round, rank, i * MOST + k);
        }
    }
}

// A block of `got`, in which `count` elements were received of `room`.
static void expect_block(const char *what, const int *got, int giver, int round, int count,
                         int room)
{
    for (int k = 0; k < room; k++) {
        expect(what, k, got[k * stride], k < count ? value(round, giver, rank * MOST + k) : -1);
    }
}

static void uneven(int round, int n, int root, MPI_Datatype type)
{
    int counts[2][RANKS], displs[RANKS], byte_displs[RANKS];
    MPI_Datatype types[RANKS];
    int extent = stride * (int)sizeof(int);
    bool in_place = round % 4 == 0;

    uneven_blocks(round, n, counts, displs, false);
    bool nothing = in_place && rank == root;
    OK(MPI_Scatterv(from, counts[0], displs, type, nothing ? MPI_IN_PLACE : to,
                    uneven_count(round, n, false, root, rank), type, root, MPI_COMM_WORLD));
    expect_block("scatterv", to, root, round,
                 nothing ? 0 : uneven_count(round, n, false, root, rank), n + 1);

    for (int form = 0; form < 2; form++) {
        const char *what = form ? "alltoallw" : "alltoallv";
        uneven_blocks(round, n, counts, displs, in_place);
        for (int i = 0; i < size; i++) {
            byte_displs[i] = displs[i] * extent;
            types[i] = type;
        }
        if (in_place) {
            memcpy(to, from, sizeof to);
        }
        if (form) {
            OK(MPI_Alltoallw(in_place ? MPI_IN_PLACE : from, counts[0], byte_displs, types, to,
                             counts[1], byte_displs, types, MPI_COMM_WORLD));
        } else {
            OK(MPI_Alltoallv(in_place ? MPI_IN_PLACE : from, counts[0], displs, type, to, counts[1],
                             displs, type, MPI_COMM_WORLD));
        }
        for (int i = 0; i < size; i++) {
            expect_block(what, to + displs[i] * stride, i, round, counts[1][i], n + 1);
        }
    }
}

// Unsigned numbers that wrap; the order of operands is for coll_sums_are_serial to look at.
static unsigned sum(int round, int ranks, int index)
{
    unsigned total = 0;
    for (int i = 0; i < ranks; i++) {
        total += (unsigned)value(round, i, index);
    }
    return total;
}

static void reductions(int round, int n, int root)
{
    static unsigned in[MOST], out[MOST];
    int in_place = (round + rank) % 3 == 0;
    for (int form = 0; form < 5; form++) {
        int here = form == 0 ? rank == root : form == 3 ? rank > 0 : 1;
        int ranks = form < 2 || form == 4 ? size : form == 2 ? rank + 1 : rank;
        int counts[RANKS], first = 0, most = n; // elements of the result, and which they are
        for (int i = 0; i < n; i++) {
            in[i] = (unsigned)value(round, rank, i);
            out[i] = in_place && here ? in[i] : ~0u;
        }
        const void *operand = in_place && here ? MPI_IN_PLACE : in;
        if (form == 0) {
            OK(MPI_Reduce(operand, here ? out : NULL, n, MPI_UNSIGNED, MPI_SUM, root,
                          MPI_COMM_WORLD));
        } else if (form == 1) {
            OK(MPI_Allreduce(operand, out, n, MPI_UNSIGNED, MPI_SUM, MPI_COMM_WORLD));
        } else if (form == 2) {
            OK(MPI_Scan(operand, out, n, MPI_UNSIGNED, MPI_SUM, MPI_COMM_WORLD));
        } else if (form == 4) {
            for (int i = 0; i < size; i++) {
                counts[i] = n / size + (i < n % size);
                first += i < rank ? counts[i] : 0;
            }
            most = counts[rank];
            OK(MPI_Reduce_scatter(operand, out, counts, MPI_UNSIGNED, MPI_SUM, MPI_COMM_WORLD));
        } else {
            OK(MPI_Exscan(operand, out, n, MPI_UNSIGNED, MPI_SUM, MPI_COMM_WORLD));
        }
        for (int i = 0; i < most; i++) {
            unsigned wanted = here ? sum(round, ranks, first + i) : ~0u;
            CHECK(out[i] == wanted, "form %d: element %d is %u instead of %u", form, i, out[i],
                  wanted);
        }
    }
}

int main(int argc, char **argv)
{
    // Bytes beside 96, 2048 and 3072, and parts
    static const int lengths[] = {1, 15, 30, 100, 375, 505, 760};
    start(&argc, &argv);
    MPI_Type_create_resized(MPI_INT, 0, 2 * (MPI_Aint)sizeof(int), &gapped);
    MPI_Type_commit(&gapped);
    for (int round = 0; round < ROUNDS; round++) {
        int n = lengths[round % (int)COUNT_OF(lengths)] + round % 15;
        rooted(round, n, round % size, type_of(round));
        everywhere(round, n, type_of(round));
        uneven(round, n, round % size, type_of(round));
        reductions(round, n, round % size);
    }
    // Now one of a kind after the other, so that ranks run ahead of each other.
    type_of(1);
    for (int round = 0; round < ROUNDS; round++) {
        rooted(round, 1, 0, stride == 2 ? gapped : MPI_INT);
    }
    // The root's blocks in its slot, of which there are few, in a row with others in posts.
    for (int round = 0; round < ROUNDS; round++) {
        int n = round % 8 < 6 ? 400 : 10;
        fill_in(round, n * size);
        OK(MPI_Scatter(from, n, MPI_INT, to, n, MPI_INT, 0, MPI_COMM_WORLD));
        for (int i = 0; i < n; i++) {
            expect("scatter", i, to[i], value(round, 0, rank * n + i));
        }
    }
    MPI_Type_free(&gapped);
    return finish();
}
