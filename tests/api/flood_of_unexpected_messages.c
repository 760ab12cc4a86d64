// SPDX-License-Identifier: MIT
// A hundred thousand small messages to a rank that does not receive yet, and as many large ones as
// it takes to overflow any buffer, are kept, and received in order later; the sender is not blocked
// for ever by a receiver that waits for the last of them.
// ranks: 2 3
// timeout: 120
#include "check.h"

enum { MESSAGES = 100000 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int sources = size - 1, each = MESSAGES / sources;
    unsigned words[32];
    // The receiver waits for the very last message first: everything before it is unexpected.
    if (rank > 0) {
        for (int i = 0; i < each; i++) {
            int count = 1 + i % 32;
            for (int k = 0; k < count; k++) {
                words[k] = (unsigned)i;
            }
            OK(MPI_Send(words, count, MPI_UNSIGNED, 0, i % 3, MPI_COMM_WORLD));
        }
        OK(MPI_Send(NULL, 0, MPI_UNSIGNED, 0, 99, MPI_COMM_WORLD));
    } else {
        for (int source = sources; source > 0; source--) {
            OK(MPI_Recv(NULL, 0, MPI_UNSIGNED, source, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        }
        for (int source = 1; source <= sources; source++) {
            for (int i = 0; i < each; i++) {
                MPI_Status status;
                int wild = i % 2;
                OK(MPI_Recv(words, 32, MPI_UNSIGNED, source, wild ? MPI_ANY_TAG : i % 3,
                            MPI_COMM_WORLD, &status));
                STATUS_IS(status, source, i % 3, 4 * (1 + i % 32));
                CHECK(words[0] == (unsigned)i && words[i % 32] == (unsigned)i,
                      "message %d of %d holds %u .. %u", i, source, words[0], words[i % 32]);
            }
        }
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    // The receiver sleeps outside of MPI, then takes all in order.
    if (rank > 0) {
        for (int i = 0; i < each; i++) {
            words[0] = (unsigned)i;
            OK(MPI_Send(words, 1, MPI_UNSIGNED, 0, 5, MPI_COMM_WORLD));
        }
    } else {
        nap(200);
        unsigned *next = calloc((size_t)size, sizeof(unsigned));
        for (int n = 0; n < each * sources; n++) {
            MPI_Status status;
            OK(MPI_Recv(words, 1, MPI_UNSIGNED, MPI_ANY_SOURCE, 5, MPI_COMM_WORLD, &status));
            CHECK(words[0] == next[status.MPI_SOURCE], "message %u of %d comes as number %u",
                  words[0], status.MPI_SOURCE, next[status.MPI_SOURCE]);
            next[status.MPI_SOURCE]++;
        }
        free(next);
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    // 30 MB of medium messages, nonblocking, received from the last to the first.
    enum { N = 4000, BYTES = 8000 };
    if (rank == 1) {
        MPI_Request *requests = room(N * sizeof(MPI_Request));
        char *data = room((size_t)N * BYTES);
        for (int i = 0; i < N; i++) {
            fill(data + (size_t)i * BYTES, BYTES, (unsigned)i);
            OK(MPI_Isend(data + (size_t)i * BYTES, BYTES, MPI_BYTE, 0, i, MPI_COMM_WORLD,
                         &requests[i]));
        }
        OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
        free(data);
        free(requests);
    } else if (rank == 0) {
        char *data = room(BYTES);
        for (int i = N - 1; i >= 0; i--) {
            OK(MPI_Recv(data, BYTES, MPI_BYTE, 1, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            HOLDS(data, BYTES, i);
        }
        free(data);
    }
    return finish();
}
