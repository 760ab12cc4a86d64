// SPDX-License-Identifier: MIT
// Reductions give bit for bit what a serial loop over the ranks gives, from the left, whatever the
// length (all the sizes around which the way of doing it changes), the root and the memory that
// the buffers are in, and however often it is done; so do operations that do not commute, on types
// with gaps. Nothing beyond the buffers is written.
// ranks: 1 2 3 4 5 6 7 13
// timeout: 120
#include "check.h"

#include <sys/mman.h>

enum { MOST = 40009, GUARD = 8 };

static const int lengths[] = {1,    3,    12,   13,   14,   100,   1023,  1024,  1025, 2047,
                              2048, 2049, 4095, 4097, 8192, 12289, 16383, 32771, MOST};

static double variables[MOST + GUARD], *in, *out, expected[MOST], least[MOST];

// Values of all magnitudes, so that every order of additions gives another sum.
static double value(int of_rank, int i, int turn)
{
    uint64_t bits = (uint64_t)(of_rank + 1) * 0x9e3779b97f4a7c15u +
                    (uint64_t)i * 0xbf58476d1ce4e5b9u + (uint64_t)turn * 0x94d049bb133111ebu;
    bits ^= bits >> 31;
    bits *= 0x94d049bb133111ebu;
    bits ^= bits >> 29;
    int power = (int)(bits & 31);
    double mantissa = 1 + (double)(bits >> 12) / 4503599627370496.0;
    return (bits & 32 ? -mantissa : mantissa) * (double)((uint64_t)1 << power);
}

static void expect(int count, int ranks, int turn)
{
    for (int i = 0; i < count; i++) {
        double sum = value(0, i, turn), low = sum;
        for (int r = 1; r < ranks; r++) {
            double v = value(r, i, turn);
            sum = sum + v;
            low = v < low ? v : low;
        }
        expected[i] = sum;
        least[i] = low;
    }
}

static void give(double *buffer, int count, int turn)
{
    for (int i = 0; i < count; i++) {
        buffer[i] = value(rank, i, turn);
    }
    for (int i = count; i < count + GUARD; i++) {
        buffer[i] = -7;
    }
}

static void is(const double *got, const double *want, int count, int guard, const char *what)
{
    for (int i = 0; i < count; i++) {
        CHECK(memcmp(&got[i], &want[i], sizeof(double)) == 0, "%s of %d: element %d is %a, not %a",
              what, count, i, got[i], want[i]);
    }
    for (int i = guard; i < guard + GUARD; i++) {
        CHECK(got[i] == -7, "%s of %d: wrote element %d", what, count, i);
    }
}

static void everywhere(int count, int turn)
{
    give(in, count, turn);
    give(out, 0, turn);
    for (int i = 0; i < count + GUARD; i++) {
        out[i] = -7;
    }
    OK(MPI_Allreduce(in, out, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    is(out, expected, count, count, "MPI_Allreduce");
    OK(MPI_Allreduce(MPI_IN_PLACE, in, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    is(in, expected, count, count, "MPI_Allreduce in place");
    give(in, count, turn);
    OK(MPI_Allreduce(in, out, count, MPI_DOUBLE, MPI_MIN, MPI_COMM_WORLD));
    is(out, least, count, count, "MPI_Allreduce of MPI_MIN");
}

static void at_root(int count, int turn)
{
    int root = turn % size;
    give(in, count, turn);
    for (int i = 0; i < count + GUARD; i++) {
        out[i] = -7;
    }
    OK(MPI_Reduce(in, out, count, MPI_DOUBLE, MPI_SUM, root, MPI_COMM_WORLD));
    if (rank == root) {
        is(out, expected, count, count, "MPI_Reduce");
    } else {
        is(out, expected, 0, 0, "MPI_Reduce elsewhere");
    }
    OK(MPI_Reduce(rank == root ? MPI_IN_PLACE : in, rank == root ? in : NULL, count, MPI_DOUBLE,
                  MPI_SUM, root, MPI_COMM_WORLD));
    if (rank == root) {
        is(in, expected, count, count, "MPI_Reduce in place");
    }
}

static void scattered(int count, int turn)
{
    int counts[64], start = 0;
    for (int i = 0, left = count; i < size; i++) {
        counts[i] = i == size - 1 ? left : (left / 2 + i) % (left + 1);
        left -= counts[i];
        start += i < rank ? counts[i] : 0;
    }
    give(in, count, turn);
    for (int i = 0; i < count + GUARD; i++) {
        out[i] = -7;
    }
    OK(MPI_Reduce_scatter(in, out, counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    is(out, expected + start, counts[rank], counts[rank], "MPI_Reduce_scatter");
    OK(MPI_Reduce_scatter(MPI_IN_PLACE, in, counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    is(in, expected + start, counts[rank], count, "MPI_Reduce_scatter in place");
}

static void prefixes(int count, int turn)
{
    expect(count, rank + 1, turn);
    give(in, count, turn);
    for (int i = 0; i < count + GUARD; i++) {
        out[i] = -7;
    }
    OK(MPI_Scan(in, out, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    is(out, expected, count, count, "MPI_Scan");
    OK(MPI_Exscan(MPI_IN_PLACE, in, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
    if (rank > 0) {
        expect(count, rank, turn);
        is(in, expected, count, count, "MPI_Exscan in place");
    }
}

// Matrices whose product depends on the order, in elements with a hole.
struct matrix {
    uint32_t a, b, hole, c, d;
};

static void multiply(void *left, void *right, int *count, MPI_Datatype *type)
{
    struct matrix *l = left, *r = right;
    (void)type;
    for (int i = 0; i < *count; i++) {
        struct matrix p = {l[i].a * r[i].a + l[i].b * r[i].c, l[i].a * r[i].b + l[i].b * r[i].d,
                           r[i].hole, l[i].c * r[i].a + l[i].d * r[i].c,
                           l[i].c * r[i].b + l[i].d * r[i].d};
        r[i] = p;
    }
}

static struct matrix matrix_of(int of_rank, int i)
{
    uint32_t seed = (uint32_t)of_rank * 2654435761u + (uint32_t)i * 40503u;
    return (struct matrix){seed | 1, seed >> 3, 77, seed >> 7, seed >> 11 | 1};
}

static void not_commuting(int count)
{
    static struct matrix mine[2000], result[2000];
    MPI_Datatype type, plain;
    MPI_Op op;
    int lengths_of_blocks[2] = {2, 2};
    MPI_Aint places[2] = {0, 12};
    MPI_Datatype types[2] = {MPI_UINT32_T, MPI_UINT32_T};
    OK(MPI_Type_create_struct(2, lengths_of_blocks, places, types, &plain));
    OK(MPI_Type_create_resized(plain, 0, sizeof(struct matrix), &type));
    OK(MPI_Type_commit(&type));
    OK(MPI_Op_create(multiply, 0, &op));
    for (int i = 0; i < count; i++) {
        mine[i] = matrix_of(rank, i);
        result[i] = (struct matrix){5, 5, 5, 5, 5};
    }
    OK(MPI_Allreduce(mine, result, count, type, op, MPI_COMM_WORLD));
    for (int i = 0; i < count; i++) {
        struct matrix product = matrix_of(0, i);
        for (int r = 1; r < size; r++) {
            struct matrix next = matrix_of(r, i);
            int one = 1;
            multiply(&product, &next, &one, &type);
            product = next;
        }
        product.hole = 5;
        CHECK(memcmp(&result[i], &product, sizeof product) == 0, "product %d of %d", i, count);
    }
    OK(MPI_Op_free(&op));
    OK(MPI_Type_free(&type));
    OK(MPI_Type_free(&plain));
}

static void all_lengths(int turn)
{
    for (size_t n = 0; n < COUNT_OF(lengths); n++, turn++) {
        expect(lengths[n], size, turn);
        everywhere(lengths[n], turn);
        at_root(lengths[n], turn);
        scattered(lengths[n], turn);
        prefixes(lengths[n], turn);
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    out = room((MOST + GUARD) * sizeof(double));
    in = room((MOST + GUARD) * sizeof(double));
    all_lengths(0);
    free(in);
    in = variables; // not from malloc, at all ranks but the first
    if (rank == 0) {
        in = room((MOST + GUARD) * sizeof(double));
    } else if (rank % 3 != 2) {
        in = mmap(NULL, sizeof variables, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                  0);
        CHECK(in != MAP_FAILED, "mmap");
    }
    all_lengths(100);
    not_commuting(1);
    not_commuting(30);
    not_commuting(2000);
    if (rank == 0) {
        free(in);
    }
    free(out);
    return finish();
}
