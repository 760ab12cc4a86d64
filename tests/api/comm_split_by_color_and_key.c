// SPDX-License-Identifier: MIT
// MPI_Comm_split sorts each color by key and, where keys are equal, by old rank; MPI_UNDEFINED
// gives MPI_COMM_NULL; the parts talk apart from each other and from their parent.
// ranks: 1 2 3 5 8
#include "check.h"

static int color_of(int round, int r)
{
    unsigned h = (unsigned)(round * 31 + r) * 2654435761u;
    int color = (int)(h >> 20) % (1 + round % 4);
    return h % 7 == 0 ? MPI_UNDEFINED : color;
}

static int key_of(int round, int r)
{
    unsigned h = (unsigned)(round * 17 + r * 3) * 2246822519u;
    return (int)(h >> 16) % 3 - 1;
}

// Rank that old rank r gets in its part, and the part's size.
static int new_rank(int round, int r, int *part)
{
    int before = 0;
    *part = 0;
    for (int i = 0; i < size; i++) {
        if (color_of(round, i) == color_of(round, r)) {
            int a = key_of(round, i), b = key_of(round, r);
            before += a < b || (a == b && i < r);
            ++*part;
        }
    }
    return before;
}

static void types(void)
{
    MPI_Comm node;
    MPI_Info info;
    int n, result;
    OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, -rank, MPI_INFO_NULL, &node));
    MPI_Comm_size(node, &n);
    CHECK(n == sharing(), "size of the node is %d", n);
    MPI_Comm_compare(node, MPI_COMM_WORLD, &result);
    CHECK(result == (size == 1   ? MPI_CONGRUENT
                     : n == size ? MPI_SIMILAR
                                 : MPI_UNEQUAL),
          "compare gives %d", result);
    MPI_Comm_free(&node);
    OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_UNDEFINED, 0, MPI_INFO_NULL, &node));
    CHECK(node == MPI_COMM_NULL, "a communicator of undefined type");
#ifndef OPEN_MPI
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpi_hw_resource_type", "mpi_shared_memory");
    OK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, 0, info, &node));
    MPI_Info_free(&info);
    MPI_Comm_compare(node, MPI_COMM_WORLD, &result);
    CHECK(result == (n == size ? MPI_CONGRUENT : MPI_UNEQUAL), "compare gives %d", result);
    MPI_Comm_free(&node);
#else
    (void)info;
#endif
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    for (int round = 0; round < 40; round++) {
        MPI_Comm part, parent = MPI_COMM_WORLD;
        int color = color_of(round, rank), n, me, expected_n, sum = 0, all = 0;
        int expected = new_rank(round, rank, &expected_n);
        OK(MPI_Comm_split(parent, color, key_of(round, rank), &part));
        if (color == MPI_UNDEFINED) {
            CHECK(part == MPI_COMM_NULL, "round %d: a communicator of no color", round);
            OK(MPI_Allreduce(&(int){1}, &all, 1, MPI_INT, MPI_SUM, parent));
            continue;
        }
        MPI_Comm_rank(part, &me);
        MPI_Comm_size(part, &n);
        CHECK(me == expected && n == expected_n, "round %d: rank %d of %d, expected %d of %d",
              round, me, n, expected, expected_n);
        OK(MPI_Allreduce(&(int){color + 1}, &sum, 1, MPI_INT, MPI_SUM, part));
        OK(MPI_Allreduce(&(int){1}, &all, 1, MPI_INT, MPI_SUM, parent));
        CHECK(sum == n * (color + 1) && all == size, "round %d: sums are %d and %d", round, sum,
              all);
        OK(MPI_Comm_free(&part));
        CHECK(part == MPI_COMM_NULL, "the handle is still there");
    }
    types();
    return finish();
}
