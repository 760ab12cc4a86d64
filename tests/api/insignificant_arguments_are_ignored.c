// SPDX-License-Identifier: MIT
// Arguments that the standard calls not significant may be anything, even what would be refused
// elsewhere: the receiving side of a gather off the root, what stands beside MPI_IN_PLACE, buffers
// and displacements of nothing, the keys of a colour MPI_UNDEFINED.
// ranks: 1 2 5
#include "check.h"

int main(int argc, char **argv)
{
    enum { MOST = 8 };
    int in[MOST], out[MOST], counts[MOST], displs[MOST], bytes[MOST], zeros[MOST] = {0};
    MPI_Datatype types[MOST], none = MPI_DATATYPE_NULL;
    start(&argc, &argv);
    MPI_Comm comm;
    for (int i = 0; i < MOST; i++) {
        in[i] = 10 * rank + i;
        counts[i] = 1;
        displs[i] = i;
        bytes[i] = 4 * i;
        types[i] = MPI_INT;
    }
    for (int root = 0; root < size; root++) {
        int *wild = (int *)8;
        memset(out, -1, sizeof out);
        if (rank == root) {
            out[rank] = in[0];
            OK(MPI_Gather(MPI_IN_PLACE, -5, none, out, 1, MPI_INT, root, MPI_COMM_WORLD));
            for (int i = 0; i < size; i++) {
                CHECK(out[i] == 10 * i, "gathered %d from %d", out[i], i);
            }
            OK(MPI_Gatherv(MPI_IN_PLACE, -5, none, out, counts, displs, MPI_INT, root,
                           MPI_COMM_WORLD));
            OK(MPI_Scatter(out, 1, MPI_INT, MPI_IN_PLACE, -5, none, root, MPI_COMM_WORLD));
            OK(MPI_Scatterv(out, counts, displs, MPI_INT, MPI_IN_PLACE, -5, none, root,
                            MPI_COMM_WORLD));
            OK(MPI_Reduce(MPI_IN_PLACE, out, 1, MPI_INT, MPI_MAX, root, MPI_COMM_WORLD));
            int largest = size == 1 ? 0 : 10 * (root == size - 1 ? size - 2 : size - 1);
            CHECK(out[0] == largest, "the largest is %d", out[0]); // out[0] was 0 at the root
        } else {
            OK(MPI_Gather(in, 1, MPI_INT, wild, -5, none, root, MPI_COMM_WORLD));
            OK(MPI_Gatherv(in, 1, MPI_INT, wild, NULL, NULL, none, root, MPI_COMM_WORLD));
            OK(MPI_Scatter(wild, -5, none, out, 1, MPI_INT, root, MPI_COMM_WORLD));
            CHECK(out[0] == 10 * rank, "scattered %d", out[0]);
            OK(MPI_Scatterv(wild, NULL, NULL, none, out, 1, MPI_INT, root, MPI_COMM_WORLD));
            CHECK(out[0] == 10 * rank, "scattered %d", out[0]);
            OK(MPI_Reduce(in, NULL, 1, MPI_INT, MPI_MAX, root, MPI_COMM_WORLD));
        }
    }
    // Beside MPI_IN_PLACE.
    for (int i = 0; i < size; i++) {
        out[i] = 100 * rank + i;
    }
    OK(MPI_Alltoall(MPI_IN_PLACE, -5, none, out, 1, MPI_INT, MPI_COMM_WORLD));
    OK(MPI_Alltoallv(MPI_IN_PLACE, NULL, NULL, none, out, counts, displs, MPI_INT, MPI_COMM_WORLD));
    OK(MPI_Alltoallw(MPI_IN_PLACE, NULL, NULL, NULL, out, counts, bytes, types, MPI_COMM_WORLD));
    for (int i = 0; i < size; i++) {
        CHECK(out[i] == 100 * i + rank, "%d from %d", out[i], i); // thrice there and back
    }
    OK(MPI_Allgather(MPI_IN_PLACE, -5, none, out, 1, MPI_INT, MPI_COMM_WORLD));
    OK(MPI_Allgatherv(MPI_IN_PLACE, -5, none, out, counts, displs, MPI_INT, MPI_COMM_WORLD));
    // Buffers of nothing.
    OK(MPI_Bcast(NULL, 0, MPI_INT, 0, MPI_COMM_WORLD));
    OK(MPI_Allreduce(NULL, NULL, 0, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    OK(MPI_Scan(NULL, NULL, 0, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    OK(MPI_Reduce_scatter(NULL, NULL, zeros, MPI_INT, MPI_SUM, MPI_COMM_WORLD));
    OK(MPI_Alltoallv(NULL, zeros, displs, MPI_INT, NULL, zeros, displs, MPI_INT, MPI_COMM_WORLD));
    OK(MPI_Send(NULL, 0, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD));
    // A huge count of nothing is nothing.
    MPI_Datatype empty;
    MPI_Count huge = (MPI_Count)1 << 40, got = -1;
    MPI_Status status;
    OK(MPI_Type_contiguous(0, MPI_INT, &empty));
    OK(MPI_Type_commit(&empty));
    OK(MPI_Sendrecv_c(NULL, huge, empty, rank, 1, NULL, huge, empty, rank, 1, MPI_COMM_WORLD,
                      &status));
    OK(MPI_Get_count_c(&status, empty, &got));
    CHECK(got == 0, "%lld elements", (long long)got);
    OK(MPI_Allgather_c(NULL, huge, empty, NULL, huge, empty, MPI_COMM_WORLD));
    OK(MPI_Bcast_c(NULL, huge, empty, 0, MPI_COMM_WORLD));
    OK(MPI_Type_free(&empty));
    OK(MPI_Comm_split(MPI_COMM_WORLD, MPI_UNDEFINED, -rank, &comm));
    CHECK(comm == MPI_COMM_NULL, "made a communicator");
    return finish();
}
