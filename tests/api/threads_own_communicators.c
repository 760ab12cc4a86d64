// SPDX-License-Identifier: MIT
// With MPI_THREAD_MULTIPLE several threads exchange messages, each on a communicator of its own,
// blocking and nonblocking, small and large.
// ranks: 1 2 3
// timeout: 120
#include "threads.h"

enum { THREADS = 4, ROUNDS = 300 };
static MPI_Comm comms[THREADS];

static void *talk(void *argument)
{
    int me = (int)(intptr_t)argument;
    MPI_Comm comm = comms[me];
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    char *out = room(LARGEST), *in = room(LARGEST);
    for (int i = 0; i < ROUNDS; i++) {
        int bytes = i % 50 == 49 ? 300000 : sizes[(size_t)i % 14];
        MPI_Request requests[2];
        MPI_Status status;
        fill(out, (size_t)bytes, (unsigned)(rank * 100 + me * 10 + i));
        if (i % 3 == 0) {
            OK(MPI_Sendrecv(out, bytes, MPI_BYTE, right, 1, in, bytes, MPI_BYTE, left, 1, comm,
                            &status));
        } else if (i % 3 == 1) {
            OK(MPI_Isend(out, bytes, MPI_BYTE, right, 1, comm, &requests[0]));
            OK(MPI_Recv(in, bytes, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &status));
            OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
        } else {
            MPI_Status statuses[2];
            OK(MPI_Irecv(in, bytes, MPI_BYTE, left, 1, comm, &requests[0]));
            OK(MPI_Isend(out, bytes, MPI_BYTE, right, 1, comm, &requests[1]));
            OK(MPI_Waitall(2, requests, statuses));
            status = statuses[0];
        }
        STATUS_IS(status, left, 1, bytes);
        HOLDS(in, bytes, (unsigned)(left * 100 + me * 10 + i));
        if (i % 100 == 50) {
            OK(MPI_Barrier(comm));
        }
    }
    free(out);
    free(in);
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    in_threads(THREADS, talk);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    return finish();
}
