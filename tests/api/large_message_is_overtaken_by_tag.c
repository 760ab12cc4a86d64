// SPDX-License-Identifier: MIT
// A large message that waits for its receive does not block those behind it with other tags, nor
// those from the other side; received in reverse order, all arrive.
// ranks: 2
#include "check.h"

enum { N = 12 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *out[N], *in = room(LARGEST);
    static const int mix[] = {LARGEST, 1,    300000, 20000, 0,      48,
                              1 << 20, 5000, 65536,  17,    200000, 8};
    MPI_Request requests[N];
    for (int i = 0; i < N; i++) {
        out[i] = room((size_t)mix[i]);
        fill(out[i], (size_t)mix[i], (unsigned)(i + rank * 100));
        OK(MPI_Isend(out[i], mix[i], MPI_BYTE, 1 - rank, i, MPI_COMM_WORLD, &requests[i]));
    }
    for (int k = 0; k < N; k++) {
        int i = rank ? (k * 5 + 3) % N : N - 1 - k;
        MPI_Status status;
        OK(MPI_Recv(in, LARGEST, MPI_BYTE, 1 - rank, i, MPI_COMM_WORLD, &status));
        STATUS_IS(status, 1 - rank, i, mix[i]);
        HOLDS(in, mix[i], (unsigned)(i + (1 - rank) * 100));
    }
    OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
    for (int i = 0; i < N; i++) {
        free(out[i]);
    }
    free(in);
    return finish();
}
