// SPDX-License-Identifier: MIT
// Whatever the order in which a communicator has the ranks of several nodes, every collective gives
// what it should: from every root, in place or not, short and long, and with an operation that does
// not commute. So it does in communicators of some of the ranks, and in one that takes the place of
// one that was freed.
// ranks: 2 3 4 5 7
// channels: shm nodes2 nodes3
#include "check.h"

enum { MOST = 40000 };
static const int lengths[] = {0, 1, 11, 2000, MOST};

static long in[16 * MOST], out[16 * MOST];
static MPI_Comm comm;
static MPI_Op compose;
static int me, members, n;

// An element is the function x -> a x + b, modulo 2^32 each, in the two halves.
static long element(int of, int i)
{
    unsigned a = 2u * (unsigned)(of + i % 7) + 1, b = (unsigned)(31 * of + i + n);
    return (long)((unsigned long)a << 32 | b);
}

static long composed(long left, long right)
{
    unsigned a = (unsigned)(left >> 32), b = (unsigned)left;
    unsigned c = (unsigned)(right >> 32), d = (unsigned)right;
    return (long)((unsigned long)(a * c) << 32 | (c * b + d));
}

static void compose_all(void *left, void *right, int *length, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *length; i++) {
        ((long *)right)[i] = composed(((long *)left)[i], ((long *)right)[i]);
    }
}

static void give(int block, int of)
{
    for (int i = 0; i < n; i++) {
        in[block * n + i] = element(of, i);
        out[block * n + i] = -1;
    }
}

static void expect(const char *what, int root, const long *got, int block, int of)
{
    for (int i = 0; i < n; i++) {
        CHECK(got[block * n + i] == element(of, i), "%s, root %d: element %d of %d", what, root, i,
              n);
    }
}

static void expect_all_composed(const char *what, int root)
{
    for (int i = 0; i < n; i++) {
        long sum = element(0, i);
        for (int of = 1; of < members; of++) {
            sum = composed(sum, element(of, i));
        }
        CHECK(out[i] == sum, "%s, root %d: element %d of %d", what, root, i, n);
    }
}

static void with_root(int root, int in_place)
{
    int at = me == root && in_place;

    give(0, root);
    OK(MPI_Bcast(me == root ? in : out, n, MPI_LONG, root, comm));
    expect("a broadcast", root, me == root ? in : out, 0, root);

    give(0, me);
    memcpy(out, in, at ? (size_t)n * sizeof *in : 0);
    OK(MPI_Reduce(at ? MPI_IN_PLACE : in, out, n, MPI_LONG, compose, root, comm));
    if (me == root) {
        expect_all_composed("a reduction", root);
    }
    give(0, me);
    memcpy(out + me * n, in, at ? (size_t)n * sizeof *in : 0);
    OK(MPI_Gather(at ? MPI_IN_PLACE : in, n, MPI_LONG, out, n, MPI_LONG, root, comm));
    for (int of = 0; of < members && me == root; of++) {
        expect("a gather", root, out, of, of);
    }
    for (int to = 0; to < members; to++) {
        give(to, root + to);
    }
    OK(MPI_Scatter(in, n, MPI_LONG, at ? MPI_IN_PLACE : out, n, MPI_LONG, root, comm));
    if (!at) {
        expect("a scatter", root, out, 0, root + me);
    }
}

static void without_root(int in_place)
{
    give(0, me);
    memcpy(out, in, in_place ? (size_t)n * sizeof *in : 0);
    OK(MPI_Allreduce(in_place ? MPI_IN_PLACE : in, out, n, MPI_LONG, compose, comm));
    expect_all_composed("an all-reduce", 0);

    give(0, me);
    memcpy(out + me * n, in, in_place ? (size_t)n * sizeof *in : 0);
    OK(MPI_Allgather(in_place ? MPI_IN_PLACE : in, n, MPI_LONG, out, n, MPI_LONG, comm));
    for (int of = 0; of < members; of++) {
        expect("an allgather", 0, out, of, of);
    }
    OK(MPI_Barrier(comm));
}

static void in_order(int color, int key)
{
    OK(MPI_Comm_split(MPI_COMM_WORLD, color, key, &comm));
    if (comm == MPI_COMM_NULL) {
        return;
    }
    OK(MPI_Comm_rank(comm, &me));
    OK(MPI_Comm_size(comm, &members));
    for (int l = 0; l < (int)COUNT_OF(lengths); l++) {
        n = lengths[l];
        for (int in_place = 0; in_place < 2; in_place++) {
            without_root(in_place);
            for (int root = 0; root < members; root++) {
                with_root(root, in_place);
            }
        }
    }
    OK(MPI_Comm_free(&comm));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Op_create(compose_all, 0, &compose));
    in_order(0, rank);
    in_order(0, -rank);
    in_order(0, rank % 2 * size + rank);
    in_order(0, (rank + size / 2 + 1) % size);
    in_order(rank == 0 ? MPI_UNDEFINED : 0, rank);
    in_order(rank % 2, -rank);
    OK(MPI_Op_free(&compose));
    return finish();
}
