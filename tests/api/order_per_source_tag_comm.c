// SPDX-License-Identifier: MIT
// Messages with one source, tag and communicator do not overtake each other, short and long mixed,
// while the receiver takes tags and communicators in another order than they were sent in.
// ranks: 2 4
#include "check.h"

enum { ROUNDS = 60, TAGS = 4, COMMS = 3, LARGE = 40000 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm comms[COMMS] = {MPI_COMM_WORLD};
    for (int c = 1; c < COMMS; c++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[c]));
    }
    if (rank == 0) {
        MPI_Request requests[ROUNDS * TAGS * COMMS];
        int *words[ROUNDS * TAGS * COMMS], n = 0;
        for (int to = 1; to < size; to++) {
            n = 0;
            for (int i = 0; i < ROUNDS; i++) {
                for (int k = 0; k < TAGS * COMMS; k++) {
                    int tag = k % TAGS, c = k / TAGS;
                    int count = (i * 31 + k * 17) % 11 == 0 ? LARGE : 1 + (i + k) % 20;
                    words[n] = room((size_t)count * sizeof(int));
                    for (int w = 0; w < count; w++) {
                        words[n][w] = i * 100 + k;
                    }
                    OK(MPI_Isend(words[n], count, MPI_INT, to, tag, comms[c], &requests[n]));
                    n++;
                }
            }
            OK(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
            while (n > 0) {
                free(words[--n]);
            }
        }
    } else {
        int *words = room(LARGE * sizeof(int));
        for (int c = COMMS - 1; c >= 0; c--) {
            for (int half = 0; half < 2; half++) {
                for (int tag = TAGS - 1 - half; tag >= 0; tag -= 2) {
                    for (int i = 0; i < ROUNDS; i++) {
                        int k = c * TAGS + tag, count;
                        MPI_Status status;
                        OK(MPI_Recv(words, LARGE, MPI_INT, i % 2 ? 0 : MPI_ANY_SOURCE, tag,
                                    comms[c], &status));
                        OK(MPI_Get_count(&status, MPI_INT, &count));
                        CHECK(count == ((i * 31 + k * 17) % 11 == 0 ? LARGE : 1 + (i + k) % 20),
                              "comm %d tag %d message %d: count %d", c, tag, i, count);
                        CHECK(words[0] == i * 100 + k && words[count - 1] == i * 100 + k,
                              "comm %d tag %d message %d holds %d", c, tag, i, words[0]);
                    }
                }
            }
        }
        free(words);
    }
    for (int c = 1; c < COMMS; c++) {
        OK(MPI_Comm_free(&comms[c]));
    }
    return finish();
}
