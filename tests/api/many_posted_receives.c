// SPDX-License-Identifier: MIT
// Ten thousand outstanding receives, posted in the reverse of the order in which messages come, and
// then in the same order; ten thousand outstanding sends.
// ranks: 2 3
// timeout: 90
#include "check.h"

enum { N = 10000 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    MPI_Request *recvs = room(N * sizeof(MPI_Request)), *sends = room(N * sizeof(MPI_Request));
    int *in = room(N * sizeof(int)), *out = room(N * sizeof(int));
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < N; k++) {
            int tag = round == 0 ? N - 1 - k : round == 1 ? k : k % 10;
            in[k] = -1;
            OK(MPI_Irecv(&in[k], 1, MPI_INT, k % 100 == 7 ? MPI_ANY_SOURCE : left, tag,
                         MPI_COMM_WORLD, &recvs[k]));
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
        for (int k = 0; k < N; k++) {
            out[k] = rank * N + k;
            OK(MPI_Isend(&out[k], 1, MPI_INT, right, round == 2 ? k % 10 : k, MPI_COMM_WORLD,
                         &sends[k]));
        }
        OK(MPI_Waitall(N, recvs, MPI_STATUSES_IGNORE));
        OK(MPI_Waitall(N, sends, MPI_STATUSES_IGNORE));
        for (int k = 0; k < N; k++) {
            int expected = left * N + (round == 0 ? N - 1 - k : k);
            CHECK(in[k] == expected, "round %d: receive %d got %d, expected %d", round, k, in[k],
                  expected);
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
    }
    free(recvs);
    free(sends);
    free(in);
    free(out);
    return finish();
}
