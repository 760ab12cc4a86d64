// SPDX-License-Identifier: MIT
// A message on one communicator is never received on another, though source and tag are the same:
// duplicates of the world, of the world with other rank orders, of MPI_COMM_SELF, freed and made
// anew many times.
// ranks: 1 2 4
#include "check.h"

enum { COMMS = 12 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Comm comms[COMMS];
    for (int round = 0; round < 10; round++) {
        int me[COMMS], out[COMMS], in[COMMS], flag;
        MPI_Request requests[COMMS];
        for (int c = 0; c < COMMS; c++) {
            if (c % 3 == 0) {
                OK(MPI_Comm_dup(c ? comms[c - 1] : MPI_COMM_WORLD, &comms[c]));
            } else if (c % 3 == 1) {
                OK(MPI_Comm_split(MPI_COMM_WORLD, 0, (rank * (c + 1) + c) % (size + 1), &comms[c]));
            } else {
                OK(MPI_Comm_dup(MPI_COMM_SELF, &comms[c]));
            }
            OK(MPI_Comm_rank(comms[c], &me[c]));
        }
        // All to the next rank, of each communicator, with one tag; taken in another order.
        for (int c = 0; c < COMMS; c++) {
            int n;
            OK(MPI_Comm_size(comms[c], &n));
            out[c] = round * 1000 + c * 10 + me[c];
            OK(MPI_Isend(&out[c], 1, MPI_INT, (me[c] + 1) % n, 1, comms[c], &requests[c]));
        }
        for (int k = 0; k < COMMS; k++) {
            int c = (k * 5 + round) % COMMS, n;
            MPI_Status status;
            OK(MPI_Comm_size(comms[c], &n));
            OK(MPI_Recv(&in[c], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, comms[c], &status));
            int from = (me[c] + n - 1) % n;
            STATUS_IS(status, from, 1, 4);
            CHECK(in[c] == round * 1000 + c * 10 + from, "communicator %d: received %d", c, in[c]);
            OK(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comms[c], &flag, MPI_STATUS_IGNORE));
            CHECK(!flag, "communicator %d has another message", c);
        }
        OK(MPI_Waitall(COMMS, requests, MPI_STATUSES_IGNORE));
        for (int k = 0; k < COMMS; k++) {
            int c = (k * 7 + round) % COMMS;
            OK(MPI_Comm_free(&comms[c]));
            CHECK(comms[c] == MPI_COMM_NULL, "a freed communicator is not null");
        }
    }
    // A communicator that was freed with a receive outstanding lives until that completes.
    MPI_Comm comm;
    MPI_Request request;
    int word = -1, mine = 50 + rank;
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Irecv(&word, 1, MPI_INT, (rank + 1) % size, 3, comm, &request));
    OK(MPI_Send(&mine, 1, MPI_INT, (rank + size - 1) % size, 3, comm));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    CHECK(word == 50 + (rank + 1) % size, "received %d", word);
    return finish();
}
