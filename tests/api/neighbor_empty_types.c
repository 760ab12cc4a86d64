// SPDX-License-Identifier: MIT
// In MPI_Neighbor_alltoallw elements of a type without data move nothing, however many they are,
// and the block that follows along the same way is not taken for theirs.
// ranks: 1 2 3
// timeout: 60
#include "check.h"

enum { COUNT = 5 };

static void exchange(MPI_Comm ring, MPI_Datatype type, MPI_Datatype empty)
{
    MPI_Datatype types[2] = {empty, type};
    int counts[2] = {COUNT, COUNT}, in[2 * COUNT], out[2 * COUNT];
    MPI_Aint places[2] = {0, COUNT * sizeof *in};

    for (int i = 0; i < 2 * COUNT; i++) {
        out[i] = rank;
        in[i] = -1;
    }
    OK(MPI_Neighbor_alltoallw(out, counts, places, types, in, counts, places, types, ring));
    int from = (rank + size - 1) % size;
    for (int i = 0; i < 2 * COUNT; i++) {
        int wanted = i < COUNT ? -1 : from;
        CHECK(in[i] == wanted, "element %d is %d instead of %d", i, in[i], wanted);
    }
}

int main(int argc, char **argv)
{
    MPI_Datatype empty;
    MPI_Comm ring;

    start(&argc, &argv);
    int right[2] = {(rank + 1) % size, (rank + 1) % size};
    int left[2] = {(rank + size - 1) % size, (rank + size - 1) % size};
    OK(MPI_Type_contiguous(0, MPI_INT, &empty));
    OK(MPI_Type_commit(&empty));
    OK(MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 2, left, MPI_UNWEIGHTED, 2, right,
                                      MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &ring));
    exchange(ring, MPI_INT, empty);
    OK(MPI_Comm_free(&ring));
    OK(MPI_Type_free(&empty));
    return finish();
}
