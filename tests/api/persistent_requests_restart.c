// SPDX-License-Identifier: MIT
// Persistent requests can be started again and again, in any order, alone or with Startall, and mix
// with ordinary messages; between completion and the next start they are inactive.
// ranks: 1 2 3
#include "check.h"

enum { N = 6, ROUNDS = 60 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    static const int bytes[N] = {0, 8, 48, 3000, 20000, 200000};
    char *out[N], *in[N];
    MPI_Request requests[2 * N];                                // sends, receives
    int space = (size + 1) * (200048 + 2 * MPI_BSEND_OVERHEAD); // a neighbour may lag
    void *buffer = room((size_t)space);
    OK(MPI_Buffer_attach(buffer, space));
    for (int i = 0; i < N; i++) {
        out[i] = room((size_t)bytes[i]);
        in[i] = room((size_t)bytes[i]);
        switch (i % 3) {
        case 0:
            OK(MPI_Send_init(out[i], bytes[i], MPI_BYTE, to, i, MPI_COMM_WORLD, &requests[i]));
            break;
        case 1:
            OK(MPI_Ssend_init(out[i], bytes[i], MPI_BYTE, to, i, MPI_COMM_WORLD, &requests[i]));
            break;
        default:
            OK(MPI_Bsend_init(out[i], bytes[i], MPI_BYTE, to, i, MPI_COMM_WORLD, &requests[i]));
        }
        OK(MPI_Recv_init(in[i], bytes[i], MPI_BYTE, i % 2 ? MPI_ANY_SOURCE : from, i,
                         MPI_COMM_WORLD, &requests[N + i]));
    }
    for (int round = 0; round < ROUNDS; round++) {
        MPI_Status statuses[2 * N];
        for (int i = 0; i < N; i++) {
            fill(out[i], (size_t)bytes[i], (unsigned)(round * 100 + rank * 10 + i));
        }
        if (round % 3 == 0) {
            OK(MPI_Startall(2 * N, requests));
        } else {
            for (int k = 0; k < 2 * N; k++) {
                OK(MPI_Start(&requests[(k * 5 + round) % (2 * N)]));
            }
        }
        if (round % 2) {
            OK(MPI_Waitall(2 * N, requests, statuses));
        } else {
            for (int left = 2 * N; left > 0; left--) {
                int index;
                MPI_Status status;
                OK(MPI_Waitany(2 * N, requests, &index, &status));
                CHECK(index >= 0 && index < 2 * N, "index %d", index);
                CHECK(requests[index] != MPI_REQUEST_NULL, "request %d is null", index);
                statuses[index] = status;
            }
        }
        for (int i = 0; i < N; i++) {
            STATUS_IS(statuses[N + i], from, i, bytes[i]);
            HOLDS(in[i], bytes[i], (unsigned)(round * 100 + from * 10 + i));
        }
        int flag = 0, index = 0;
        MPI_Status status;
        OK(MPI_Test(&requests[round % (2 * N)], &flag, &status));
        CHECK(flag, "an inactive request is not complete");
        STATUS_IS_EMPTY(status);
        OK(MPI_Waitany(2 * N, requests, &index, &status));
        CHECK(index == MPI_UNDEFINED, "index %d of inactive requests", index);
        STATUS_IS_EMPTY(status);
    }
    for (int i = 0; i < 2 * N; i++) {
        OK(MPI_Request_free(&requests[i]));
        CHECK(requests[i] == MPI_REQUEST_NULL, "a freed request is not null");
    }
    OK(MPI_Buffer_detach(&buffer, &space));
    free(buffer);
    for (int i = 0; i < N; i++) {
        free(out[i]);
        free(in[i]);
    }
    return finish();
}
