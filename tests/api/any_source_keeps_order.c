// SPDX-License-Identifier: MIT
// Messages from one source arrive in the order they were sent, however wild the receive is: each
// rank but 0 sends numbered messages with changing tags and sizes, rank 0 takes what comes.
// ranks: 2 3 5
#include "check.h"

enum { MESSAGES = 3000, LONGEST = 3000 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int words[LONGEST];
    if (rank > 0) {
        for (int i = 0; i < MESSAGES; i++) {
            int count = i % 50 == 49 ? LONGEST : 1 + i % 40;
            for (int k = 0; k < count; k++) {
                words[k] = i;
            }
            OK(MPI_Send(words, count, MPI_INT, 0, i % 7, MPI_COMM_WORLD));
        }
    } else {
        int *next = calloc((size_t)size, sizeof(int));
        for (int n = 0; n < MESSAGES * (size - 1); n++) {
            MPI_Status status;
            int count;
            OK(MPI_Recv(words, LONGEST, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD,
                        &status));
            int i = next[status.MPI_SOURCE]++;
            OK(MPI_Get_count(&status, MPI_INT, &count));
            CHECK(status.MPI_TAG == i % 7, "message %d of %d has tag %d", i, status.MPI_SOURCE,
                  status.MPI_TAG);
            CHECK(count == (i % 50 == 49 ? LONGEST : 1 + i % 40), "message %d of %d has count %d",
                  i, status.MPI_SOURCE, count);
            CHECK(words[0] == i && words[count - 1] == i, "message %d of %d holds %d .. %d", i,
                  status.MPI_SOURCE, words[0], words[count - 1]);
        }
        for (int source = 1; source < size; source++) {
            CHECK(next[source] == MESSAGES, "%d messages of %d", next[source], source);
        }
        free(next);
    }
    return finish();
}
