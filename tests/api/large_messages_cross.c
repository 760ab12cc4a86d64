// SPDX-License-Identifier: MIT
// Large messages in both directions at once do not wait for each other: rings of Sendrecv, all to
// all with Isend and Irecv, and rings in which everybody sends first, nonblocking.
// ranks: 1 2 3 4
// timeout: 90
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    MPI_Status status;
    char *out = room(LARGEST), *in = room(LARGEST);
    for (size_t s = 12; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        for (int round = 0; round < 4; round++) {
            fill(out, (size_t)bytes, (unsigned)(rank * 10 + round));
            OK(MPI_Sendrecv(out, bytes, MPI_BYTE, right, round, in, bytes, MPI_BYTE, left, round,
                            MPI_COMM_WORLD, &status));
            STATUS_IS(status, left, round, bytes);
            HOLDS(in, bytes, (unsigned)(left * 10 + round));
        }
        MPI_Request requests[3];
        OK(MPI_Isend(out, bytes, MPI_BYTE, right, 1, MPI_COMM_WORLD, &requests[0]));
        memset(in, 0, (size_t)bytes);
        OK(MPI_Recv(in, bytes, MPI_BYTE, left, 1, MPI_COMM_WORLD, &status));
        HOLDS(in, bytes, (unsigned)(left * 10 + 3));
        OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
    }
    free(out);
    free(in);

    int bytes = 300001;
    MPI_Request *requests = room((size_t)size * 4 * sizeof(MPI_Request));
    char *outs = room((size_t)size * 2 * (size_t)bytes),
         *ins = room((size_t)size * 2 * (size_t)bytes);
    for (int round = 0; round < 3; round++) {
        int n = 0;
        for (int k = 0; k < 2 * size; k++) {
            int peer = (rank + k) % size;
            char *p = outs + (size_t)k * (size_t)bytes;
            fill(p, (size_t)bytes, (unsigned)(rank * 1000 + peer * 10 + k / size));
            OK(MPI_Isend(p, bytes, MPI_BYTE, peer, k / size, MPI_COMM_WORLD, &requests[n++]));
        }
        for (int k = 2 * size - 1; k >= 0; k--) {
            OK(MPI_Irecv(ins + (size_t)k * (size_t)bytes, bytes, MPI_BYTE, k % size, k / size,
                         MPI_COMM_WORLD, &requests[n++]));
        }
        OK(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
        for (int k = 0; k < 2 * size; k++) {
            HOLDS(ins + (size_t)k * (size_t)bytes, bytes,
                  (unsigned)(k % size * 1000 + rank * 10 + k / size));
        }
    }
    free(requests);
    free(outs);
    free(ins);
    return finish();
}
