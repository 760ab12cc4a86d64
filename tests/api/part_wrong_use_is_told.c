// SPDX-License-Identifier: MIT
// Each wrong use of partitioned communication is an error of the class that fits, and leaves what
// is under way as it was.
// ranks: 1 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm world;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &world));
    OK(MPI_Comm_set_errhandler(world, MPI_ERRORS_RETURN));
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    int to = (rank + 1) % size, flag = -1;
    int out[8], in[8] = {0};
    MPI_Request s, r, none = MPI_REQUEST_NULL, other;
    MPI_Info info = MPI_INFO_NULL;
    MPI_Datatype loose;

    // Making
    OK(MPI_Type_contiguous(2, MPI_INT, &loose));
    FAILS(MPI_ERR_ARG, MPI_Psend_init(out, 0, 1, MPI_INT, to, 0, world, info, &s));
    FAILS(MPI_ERR_ARG, MPI_Psend_init(out, -3, 1, MPI_INT, to, 0, world, info, &s));
    FAILS(MPI_ERR_ARG, MPI_Precv_init(in, 0, 1, MPI_INT, to, 0, world, info, &r));
    FAILS(MPI_ERR_COUNT, MPI_Psend_init(out, 1, -1, MPI_INT, to, 0, world, info, &s));
    FAILS(MPI_ERR_COUNT,
          MPI_Psend_init_c(out, 1 << 20, INT64_MAX / 1024, MPI_INT, to, 0, world, info, &s));
    FAILS(MPI_ERR_TYPE, MPI_Psend_init(out, 1, 1, MPI_DATATYPE_NULL, to, 0, world, info, &s));
    FAILS(MPI_ERR_TYPE, MPI_Precv_init(in, 1, 1, loose, to, 0, world, info, &r));
    FAILS(MPI_ERR_RANK, MPI_Psend_init(out, 1, 1, MPI_INT, size, 0, world, info, &s));
    FAILS(MPI_ERR_RANK, MPI_Precv_init(in, 1, 1, MPI_INT, MPI_ANY_SOURCE, 0, world, info, &r));
    FAILS(MPI_ERR_TAG, MPI_Precv_init(in, 1, 1, MPI_INT, to, MPI_ANY_TAG, world, info, &r));
    FAILS(MPI_ERR_TAG, MPI_Psend_init(out, 1, 1, MPI_INT, to, -5, world, info, &s));
    FAILS(MPI_ERR_COMM, MPI_Psend_init(out, 1, 1, MPI_INT, to, 0, MPI_COMM_NULL, info, &s));
    FAILS(MPI_ERR_BUFFER, MPI_Psend_init(NULL, 1, 1, MPI_INT, to, 0, world, info, &s));
    FAILS(MPI_ERR_ARG, MPI_Psend_init(out, 1, 1, MPI_INT, to, 0, world, info, NULL));
    OK(MPI_Type_free(&loose));

    // Using
    OK(MPI_Psend_init(out, 4, 2, MPI_INT, to, 0, world, info, &s));
    OK(MPI_Precv_init(in, 4, 2, MPI_INT, to, 0, world, info, &r));
    OK(MPI_Send_init(out, 1, MPI_INT, to, 0, world, &other));
    FAILS(MPI_ERR_REQUEST, MPI_Pready(0, s)); // not started
    OK(MPI_Parrived(r, 0, &flag));
    CHECK(flag == 1, "an inactive receive has all it waits for, flag is %d", flag);
    flag = -1;
    OK(MPI_Parrived(none, 0, &flag));
    CHECK(flag == 1, "null request, flag is %d", flag);
    OK(MPI_Start(&s));
    OK(MPI_Start(&r));
    FAILS(MPI_ERR_REQUEST, MPI_Start(&s));
    FAILS(MPI_ERR_ARG, MPI_Pready(4, s));
    FAILS(MPI_ERR_ARG, MPI_Pready(-1, s));
    FAILS(MPI_ERR_REQUEST, MPI_Pready(0, r));
    FAILS(MPI_ERR_REQUEST, MPI_Pready(0, other));
    FAILS(MPI_ERR_REQUEST, MPI_Pready(0, none));
    FAILS(MPI_ERR_ARG, MPI_Pready_range(2, 4, s));
    FAILS(MPI_ERR_ARG, MPI_Pready_range(2, 1, s));
    FAILS(MPI_ERR_COUNT, MPI_Pready_list(-1, out, s));
    FAILS(MPI_ERR_ARG, MPI_Pready_list(1, NULL, s));
    FAILS(MPI_ERR_ARG, MPI_Pready_list(3, ((int[]){1, 2, 4}), s));
    FAILS(MPI_ERR_ARG, MPI_Pready_list(3, ((int[]){1, 2, 1}), s));
    FAILS(MPI_ERR_ARG, MPI_Parrived(r, 4, &flag));
    FAILS(MPI_ERR_ARG, MPI_Parrived(r, -1, &flag));
    FAILS(MPI_ERR_ARG, MPI_Parrived(r, 0, NULL));
    FAILS(MPI_ERR_REQUEST, MPI_Parrived(s, 0, &flag));
    FAILS(MPI_ERR_REQUEST, MPI_Parrived(other, 0, &flag));
    FAILS(MPI_ERR_REQUEST, MPI_Cancel(&s));
    FAILS(MPI_ERR_REQUEST, MPI_Cancel(&r));
    FAILS(MPI_ERR_REQUEST, MPI_Request_free(&r));
    FAILS(MPI_ERR_REQUEST, MPI_Request_free(&s));

    // The lists that were refused marked nothing, and so this is not twice. An empty list is fine.
    OK(MPI_Pready_list(0, NULL, s));
    for (int i = 0; i < 8; i++) {
        out[i] = i + 1;
    }
    OK(MPI_Pready(1, s));
    FAILS(MPI_ERR_ARG, MPI_Pready(1, s));
    FAILS(MPI_ERR_ARG, MPI_Pready_range(0, 3, s));
    FAILS(MPI_ERR_ARG, MPI_Pready_list(2, ((int[]){2, 1}), s));
    OK(MPI_Pready_list(2, ((int[]){2, 0}), s));
    OK(MPI_Test(&s, &flag, MPI_STATUS_IGNORE));
    CHECK(!flag, "complete with a partition that is not ready");
    OK(MPI_Pready(3, s));
    OK(MPI_Wait(&s, MPI_STATUS_IGNORE));
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
    for (int i = 0; i < 8; i++) {
        CHECK(in[i] == i + 1, "in[%d] is %d", i, in[i]);
    }
    FAILS(MPI_ERR_REQUEST, MPI_Pready(0, s));
    OK(MPI_Request_free(&s));
    OK(MPI_Request_free(&r));
    OK(MPI_Request_free(&other));

    // A send too long for its receive: both ends are told, in every round, whoever comes first.
    for (int first = 0; first < 2; first++) {
        MPI_Status status;
        if (first) {
            OK(MPI_Psend_init(out, 4, 2, MPI_INT, to, 5, world, info, &s));
            OK(MPI_Barrier(world));
        }
        OK(MPI_Precv_init(in, 3, 2, MPI_INT, to, 5, world, info, &r));
        if (!first) {
            OK(MPI_Barrier(world));
            OK(MPI_Psend_init(out, 4, 2, MPI_INT, to, 5, world, info, &s));
        }
        for (int round = 0; round < 2; round++) {
            OK(MPI_Start(&s));
            OK(MPI_Start(&r));
            FAILS(MPI_ERR_TRUNCATE, MPI_Wait(&r, &status));
            OK(MPI_Pready_range(0, 3, s));
            FAILS(MPI_ERR_TRUNCATE, MPI_Wait(&s, &status));
        }
        OK(MPI_Request_free(&s));
        OK(MPI_Request_free(&r));
    }
    OK(MPI_Comm_free(&world));
    return finish();
}
