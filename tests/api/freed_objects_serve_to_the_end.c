// SPDX-License-Identifier: MIT
// A datatype, an operation or a communicator that is freed while requests use it serves them to
// their end (5.1.9, 6.9.5, 7.4.3), persistent ones for as many starts as come; so does a
// communicator that was freed while its duplicate was being made.
// ranks: 1 2 5
#include "check.h"

enum { N = 1000 };

static void sum(void *left, void *right, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < 2 * *n; i++) {
        ((int *)right)[i] += ((int *)left)[i];
    }
}

int main(int argc, char **argv)
{
    static int in[2 * N], out[2 * N], again[2 * N], got[2 * N];
    start(&argc, &argv);
    int next = (rank + 1) % size, before = (rank + size - 1) % size;
    MPI_Comm comm, copy;
    MPI_Datatype pair;
    MPI_Op op;
    MPI_Request requests[5], persistent, receive, send;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Type_contiguous(2, MPI_INT, &pair));
    OK(MPI_Type_commit(&pair));
    OK(MPI_Op_create(sum, 1, &op));
    for (int i = 0; i < 2 * N; i++) {
        in[i] = i + rank;
    }
    OK(MPI_Irecv(got, N, pair, before, 1, comm, &requests[0]));
    OK(MPI_Iallreduce(in, out, N, pair, op, comm, &requests[1]));
    OK(MPI_Isend(in, N, pair, next, 1, comm, &requests[2]));
    OK(MPI_Ibarrier(comm, &requests[3]));
    OK(MPI_Comm_idup(comm, &copy, &requests[4]));
    OK(MPI_Allreduce_init(in, again, N, pair, op, comm, MPI_INFO_NULL, &persistent));
    OK(MPI_Recv_init(got, N, pair, before, 2, comm, &receive));
    OK(MPI_Send_init(in, N, pair, next, 2, comm, &send));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Type_free(&pair));
    OK(MPI_Op_free(&op));
    // Others that may get their memory or their context.
    MPI_Comm other;
    MPI_Datatype another;
    OK(MPI_Type_contiguous(7, MPI_DOUBLE, &another));
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &other));
    OK(MPI_Waitall(5, requests, MPI_STATUSES_IGNORE));
    int ranks = size * (size - 1) / 2;
    for (int i = 0; i < 2 * N; i++) {
        CHECK(got[i] == i + before, "received %d at %d", got[i], i);
        CHECK(out[i] == i * size + ranks, "reduced %d at %d", out[i], i);
    }
    for (int round = 0; round < 3; round++) {
        memset(again, 0, sizeof again);
        memset(got, 0, sizeof got);
        OK(MPI_Start(&receive));
        OK(MPI_Start(&persistent));
        OK(MPI_Start(&send));
        OK(MPI_Wait(&persistent, MPI_STATUS_IGNORE));
        OK(MPI_Wait(&send, MPI_STATUS_IGNORE));
        OK(MPI_Wait(&receive, MPI_STATUS_IGNORE));
        CHECK(memcmp(again, out, sizeof out) == 0, "another sum in round %d", round);
        CHECK(got[2 * N - 1] == 2 * N - 1 + before, "received %d in round %d", got[2 * N - 1],
              round);
    }
    OK(MPI_Request_free(&persistent));
    OK(MPI_Request_free(&receive));
    OK(MPI_Request_free(&send));
    OK(MPI_Barrier(copy));
    OK(MPI_Comm_free(&copy));
    OK(MPI_Comm_free(&other));
    OK(MPI_Type_free(&another));
    return finish();
}
