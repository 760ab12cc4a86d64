// SPDX-License-Identifier: MIT
// A rank may send to itself, on any communicator: small messages even with a blocking standard send
// before the receive, all others nonblocking, synchronous and buffered ones too, in either order.
// ranks: 1 3
#include "check.h"

static void both_orders(MPI_Comm comm, int me, char *out, char *in, int bytes)
{
    MPI_Request requests[4];
    MPI_Status status;
    int done;
    fill(out, (size_t)bytes, (unsigned)bytes);
    memset(in, 0, (size_t)bytes);
    OK(MPI_Isend(out, bytes, MPI_BYTE, me, 1, comm, &requests[0]));
    OK(MPI_Recv(in, bytes, MPI_BYTE, me, 1, comm, &status));
    STATUS_IS(status, me, 1, bytes);
    HOLDS(in, bytes, bytes);
    OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));

    memset(in, 0, (size_t)bytes);
    OK(MPI_Irecv(in, bytes, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &requests[0]));
    OK(MPI_Ssend(out, bytes, MPI_BYTE, me, 2, comm));
    OK(MPI_Wait(&requests[0], &status));
    STATUS_IS(status, me, 2, bytes);
    HOLDS(in, bytes, bytes);

    memset(in, 0, (size_t)bytes);
    OK(MPI_Issend(out, bytes, MPI_BYTE, me, 3, comm, &requests[0]));
    OK(MPI_Test(&requests[0], &done, MPI_STATUS_IGNORE));
    CHECK(!done, "Issend to self completed without a receive");
    OK(MPI_Probe(me, 3, comm, &status));
    STATUS_IS(status, me, 3, bytes);
    OK(MPI_Recv(in, bytes, MPI_BYTE, me, 3, comm, MPI_STATUS_IGNORE));
    HOLDS(in, bytes, bytes);
    OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));

    memset(in, 0, (size_t)bytes);
    OK(MPI_Bsend(out, bytes, MPI_BYTE, me, 4, comm));
    OK(MPI_Recv(in, bytes, MPI_BYTE, me, 4, comm, MPI_STATUS_IGNORE));
    HOLDS(in, bytes, bytes);

    memset(in, 0, (size_t)bytes);
    OK(MPI_Sendrecv(out, bytes, MPI_BYTE, me, 5, in, bytes, MPI_BYTE, me, 5, comm, &status));
    STATUS_IS(status, me, 5, bytes);
    HOLDS(in, bytes, bytes);
    OK(MPI_Sendrecv_replace(in, bytes, MPI_BYTE, me, 6, me, 6, comm, &status));
    STATUS_IS(status, me, 6, bytes);
    HOLDS(in, bytes, bytes);

    // Three on the way at once, taken in another order.
    for (int i = 0; i < 3; i++) {
        OK(MPI_Isend(out, bytes, MPI_BYTE, me, 10 + i, comm, &requests[i]));
    }
    for (int i = 2; i >= 0; i--) {
        memset(in, 0, (size_t)bytes);
        OK(MPI_Recv(in, bytes, MPI_BYTE, me, 10 + i, comm, &status));
        STATUS_IS(status, me, 10 + i, bytes);
        HOLDS(in, bytes, bytes);
    }
    OK(MPI_Waitall(3, requests, MPI_STATUSES_IGNORE));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *out = room(LARGEST), *in = room(LARGEST);
    int space = LARGEST + MPI_BSEND_OVERHEAD;
    void *buffer = room((size_t)space);
    OK(MPI_Buffer_attach(buffer, space));
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        both_orders(MPI_COMM_WORLD, rank, out, in, sizes[s]);
        both_orders(MPI_COMM_SELF, 0, out, in, sizes[s]);
    }
    for (int i = 0; i < 500; i++) {
        int number = i, tag = i % 3;
        OK(MPI_Send(&number, 1, MPI_INT, rank, tag, MPI_COMM_WORLD));
    }
    for (int tag = 0; tag < 3; tag++) {
        for (int i = tag; i < 500; i += 3) {
            int number = -1;
            OK(MPI_Recv(&number, 1, MPI_INT, rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            CHECK(number == i, "got %d, expected %d", number, i);
        }
    }
    OK(MPI_Buffer_detach(&buffer, &space));
    free(buffer);
    free(out);
    free(in);
    return finish();
}
