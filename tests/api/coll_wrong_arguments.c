// SPDX-License-Identifier: MIT
// Wrong arguments of collectives raise an error of the right class at the rank that gave them,
// before anything is sent; what is significant at the root only is looked at there only.
// ranks: 1 2 3
#include "check.h"

static int in[64], out[64], counts[8], displs[8];

static void arguments(MPI_Comm w)
{
    MPI_Request request;
    MPI_Datatype loose;
    FAILS(MPI_ERR_COMM, MPI_Barrier(MPI_COMM_NULL));
    FAILS(MPI_ERR_COMM, MPI_Bcast(in, 1, MPI_INT, 0, MPI_COMM_NULL));
    FAILS(MPI_ERR_COUNT, MPI_Bcast(in, -1, MPI_INT, 0, w));
    FAILS(MPI_ERR_TYPE, MPI_Bcast(in, 1, MPI_DATATYPE_NULL, 0, w));
    FAILS(MPI_ERR_ROOT, MPI_Bcast(in, 1, MPI_INT, size, w));
    FAILS(MPI_ERR_ROOT, MPI_Bcast(in, 1, MPI_INT, -1, w));
    FAILS(MPI_ERR_ROOT, MPI_Bcast(in, 1, MPI_INT, MPI_ROOT, w));
    FAILS(MPI_ERR_BUFFER, MPI_Bcast(NULL, 1, MPI_INT, 0, w));
    FAILS(MPI_ERR_BUFFER, MPI_Bcast(MPI_IN_PLACE, 1, MPI_INT, 0, w));
    MPI_Type_contiguous(2, MPI_INT, &loose);
    FAILS(MPI_ERR_TYPE, MPI_Bcast(in, 1, loose, 0, w));
    MPI_Type_free(&loose);

    FAILS(MPI_ERR_OP, MPI_Allreduce(in, out, 1, MPI_INT, MPI_OP_NULL, w));
    FAILS(MPI_ERR_OP, MPI_Allreduce(in, out, 1, MPI_DOUBLE, MPI_BAND, w));
    FAILS(MPI_ERR_OP, MPI_Allreduce(in, out, 1, MPI_INT, MPI_MINLOC, w));
    FAILS(MPI_ERR_OP, MPI_Scan(in, out, 1, MPI_BYTE, MPI_SUM, w));
    FAILS(MPI_ERR_BUFFER, MPI_Allreduce(in, in, 1, MPI_INT, MPI_SUM, w));
    FAILS(MPI_ERR_BUFFER, MPI_Allreduce(NULL, out, 1, MPI_INT, MPI_SUM, w));
    FAILS(MPI_ERR_BUFFER, MPI_Allreduce(in, MPI_IN_PLACE, 1, MPI_INT, MPI_SUM, w));
    FAILS(MPI_ERR_COUNT, MPI_Reduce_scatter_block(in, out, -2, MPI_INT, MPI_SUM, w));
    counts[0] = -1;
    FAILS(MPI_ERR_COUNT, MPI_Reduce_scatter(in, out, counts, MPI_INT, MPI_SUM, w));
    FAILS(MPI_ERR_COUNT, MPI_Allgatherv(in, 1, MPI_INT, out, counts, displs, MPI_INT, w));
    FAILS(MPI_ERR_COUNT,
          MPI_Alltoallv(in, counts, displs, MPI_INT, out, counts, displs, MPI_INT, w));
    counts[0] = 1;
    FAILS(MPI_ERR_ARG, MPI_Allgatherv(in, 1, MPI_INT, out, NULL, displs, MPI_INT, w));
    FAILS(MPI_ERR_COUNT, MPI_Allgather(in, -1, MPI_INT, out, 1, MPI_INT, w));
    FAILS(MPI_ERR_COUNT, MPI_Alltoall(in, 1, MPI_INT, out, -1, MPI_INT, w));
    FAILS(MPI_ERR_BUFFER, MPI_Alltoall(in, 1, MPI_INT, in, 1, MPI_INT, w));
    FAILS(MPI_ERR_BUFFER, MPI_Allgather(out + rank, 1, MPI_INT, out, 1, MPI_INT, w));

    FAILS(MPI_ERR_ARG, MPI_Ibarrier(w, NULL));
    FAILS(MPI_ERR_COUNT, MPI_Iallreduce(in, out, -1, MPI_INT, MPI_SUM, w, &request));
    FAILS(MPI_ERR_OP, MPI_Iscan(in, out, 1, MPI_DOUBLE, MPI_BXOR, w, &request));
    FAILS(MPI_ERR_COUNT, MPI_Bcast_init_c(in, -1, MPI_INT, 0, w, MPI_INFO_NULL, &request));
    FAILS(MPI_ERR_OP, MPI_Reduce_local(in, out, 1, MPI_INT, MPI_OP_NULL));
    FAILS(MPI_ERR_COUNT, MPI_Reduce_local(in, out, -1, MPI_INT, MPI_SUM));
}

static void at_the_root_only(MPI_Comm w)
{
    int root = size - 1;
    if (rank == root) {
        FAILS(MPI_ERR_COUNT, MPI_Gather(in, 1, MPI_INT, out, -1, MPI_INT, root, w));
        FAILS(MPI_ERR_BUFFER, MPI_Gather(in, 1, MPI_INT, NULL, 1, MPI_INT, root, w));
        FAILS(MPI_ERR_TYPE, MPI_Scatter(in, 1, MPI_DATATYPE_NULL, out, 1, MPI_INT, root, w));
        FAILS(MPI_ERR_BUFFER, MPI_Reduce(in, in, 1, MPI_INT, MPI_SUM, root, w));
        OK(MPI_Gather(in, 1, MPI_INT, out, 1, MPI_INT, root, w));
        OK(MPI_Scatter(in, 1, MPI_INT, out, 1, MPI_INT, root, w));
        OK(MPI_Reduce(in, out, 1, MPI_INT, MPI_SUM, root, w));
    } else {
        FAILS(MPI_ERR_BUFFER,
              MPI_Reduce(MPI_IN_PLACE, out, 1, MPI_INT, MPI_SUM, root, w)); // only the root may
        FAILS(MPI_ERR_BUFFER, MPI_Gather(MPI_IN_PLACE, 1, MPI_INT, out, 1, MPI_INT, root, w));
        OK(MPI_Gather(in, 1, MPI_INT, NULL, -1, MPI_DATATYPE_NULL, root, w));
        OK(MPI_Scatter(NULL, -1, MPI_DATATYPE_NULL, out, 1, MPI_INT, root, w));
        OK(MPI_Reduce(in, NULL, 1, MPI_INT, MPI_SUM, root, w));
    }
}

int main(int argc, char **argv)
{
    MPI_Comm w;
    int sum = 0;
    start(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Comm_dup(MPI_COMM_WORLD, &w);
    arguments(w);
    at_the_root_only(w);
    // None of it has left a trace: the communicator still works.
    OK(MPI_Allreduce(&(int){rank + 1}, &sum, 1, MPI_INT, MPI_SUM, w));
    CHECK(sum == size * (size + 1) / 2, "sum is %d", sum);
    MPI_Comm_free(&w);
    return finish();
}
