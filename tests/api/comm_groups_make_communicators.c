// SPDX-License-Identifier: MIT
// MPI_Comm_create and MPI_Comm_create_group: members get a communicator in the group's order,
// others MPI_COMM_NULL; create with disjoint groups at once; create_group is called by members
// only, also for overlapping groups one after the other.
// ranks: 1 2 3 5 8
#include "check.h"

static MPI_Group world;

// Members are the multiples of `step` below size, downwards.
static MPI_Group multiples(int step, int *count)
{
    MPI_Group group;
    int ranks[64], n = 0;
    for (int r = (size - 1) / step * step; r >= 0; r -= step) {
        ranks[n++] = r;
    }
    MPI_Group_incl(world, n, ranks, &group);
    *count = n;
    return group;
}

static void right(MPI_Comm comm, int step, int count)
{
    int me, n, sum = 0;
    MPI_Comm_rank(comm, &me);
    MPI_Comm_size(comm, &n);
    CHECK(n == count && me == count - 1 - rank / step, "rank %d of %d for step %d", me, n, step);
    OK(MPI_Allreduce(&(int){rank}, &sum, 1, MPI_INT, MPI_SUM, comm));
    CHECK(sum == step * count * (count - 1) / 2, "sum is %d", sum);
}

int main(int argc, char **argv)
{
    MPI_Comm comm, half;
    MPI_Group group, part;
    int count, result;
    start(&argc, &argv);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    for (int step = 1; step <= size; step++) {
        group = multiples(step, &count);
        OK(MPI_Comm_create(MPI_COMM_WORLD, group, &comm));
        CHECK((comm == MPI_COMM_NULL) == (rank % step != 0), "member or not, step %d", step);
        if (comm != MPI_COMM_NULL) {
            right(comm, step, count);
            MPI_Comm_compare(comm, MPI_COMM_WORLD, &result);
            CHECK(result == (count < size ? MPI_UNEQUAL
                             : size > 1   ? MPI_SIMILAR
                                          : MPI_CONGRUENT),
                  "compare gives %d", result);
            MPI_Comm_free(&comm);
        }
        if (rank % step == 0) {
            OK(MPI_Comm_create_group(MPI_COMM_WORLD, group, step, &comm));
            right(comm, step, count);
            MPI_Comm_free(&comm);
        }
        MPI_Group_free(&group);
    }
    // Each half its own group, in one call.
    int low = rank < (size + 1) / 2;
    int range[1][3] = {{low ? 0 : (size + 1) / 2, low ? (size - 1) / 2 : size - 1, 1}};
    MPI_Group_range_incl(world, 1, range, &part);
    OK(MPI_Comm_create(MPI_COMM_WORLD, part, &half));
    MPI_Comm_size(half, &count);
    CHECK(count == range[0][1] - range[0][0] + 1, "half has %d", count);
    OK(MPI_Barrier(half));
    MPI_Comm_free(&half);
    MPI_Group_free(&part);
    OK(MPI_Comm_create(MPI_COMM_WORLD, MPI_GROUP_EMPTY, &comm));
    CHECK(comm == MPI_COMM_NULL, "a communicator of nobody");
    MPI_Group_free(&world);
    return finish();
}
