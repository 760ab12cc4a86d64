// SPDX-License-Identifier: MIT
// Partitioned communication with MPI_PROC_NULL, and of messages without bytes: these still wait for
// each other.
// ranks: 1 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Request s, r;
    MPI_Status status;
    int data[4] = {1, 2, 3, 4}, flag;
    int to = (rank + 1) % size;

    OK(MPI_Psend_init(data, 4, 1, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &s));
    OK(MPI_Precv_init(data, 2, 2, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &r));
    for (int round = 0; round < 2; round++) {
        OK(MPI_Start(&s));
        OK(MPI_Start(&r));
        OK(MPI_Pready_range(1, 3, s));
        OK(MPI_Pready(0, s));
        OK(MPI_Parrived(r, 1, &flag));
        CHECK(flag, "nothing comes from MPI_PROC_NULL, and that at once");
        OK(MPI_Wait(&s, MPI_STATUS_IGNORE));
        OK(MPI_Wait(&r, &status));
        STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
        CHECK(data[0] == 1 && data[3] == 4, "the buffer was touched");
    }
    OK(MPI_Request_free(&s));
    OK(MPI_Request_free(&r));

    // No bytes: a count of 0 at one end, an empty type at the other; a null pointer is a buffer.
    MPI_Datatype empty;
    OK(MPI_Type_contiguous(0, MPI_INT, &empty));
    OK(MPI_Type_commit(&empty));
    OK(MPI_Psend_init(NULL, 3, 0, MPI_INT, to, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &s));
    OK(MPI_Precv_init(NULL, 5, 7, empty, to, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &r));
    for (int round = 0; round < 3; round++) {
        OK(MPI_Start(&r));
        OK(MPI_Start(&s));
        OK(MPI_Pready_list(2, ((int[]){2, 0}), s));
        OK(MPI_Barrier(MPI_COMM_WORLD));
        OK(MPI_Test(&r, &flag, &status));
        CHECK(!flag, "received before all partitions were ready");
        OK(MPI_Parrived(r, 4, &flag));
        CHECK(!flag, "arrived before all partitions were ready");
        OK(MPI_Barrier(MPI_COMM_WORLD));
        OK(MPI_Pready(1, s));
        OK(MPI_Wait(&r, &status));
        STATUS_IS(status, to, 0, 0);
        OK(MPI_Wait(&s, &status));
    }
    OK(MPI_Request_free(&s));
    OK(MPI_Request_free(&r));
    OK(MPI_Type_free(&empty));
    return finish();
}
