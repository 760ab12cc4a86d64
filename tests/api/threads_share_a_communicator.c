// SPDX-License-Identifier: MIT
// Several threads use one communicator with different tags: each thread's messages arrive at the
// same thread of the next rank, in order, whatever the others do.
// ranks: 1 2 3
// timeout: 120
#include "threads.h"

enum { THREADS = 4, ROUNDS = 400 };

static void *talk(void *argument)
{
    int me = (int)(intptr_t)argument;
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    char *out = room(LARGEST), *in = room(LARGEST);
    for (int i = 0; i < ROUNDS; i++) {
        int bytes = i % 50 == 49 ? 200000 : sizes[(size_t)i % 14];
        MPI_Request request;
        MPI_Status status;
        fill(out, (size_t)bytes, (unsigned)(rank * 100 + me * 10 + i));
        if (me % 2) {
            OK(MPI_Issend(out, bytes, MPI_BYTE, right, me, MPI_COMM_WORLD, &request));
            OK(MPI_Probe(left, me, MPI_COMM_WORLD, &status)); // no other thread takes it
            STATUS_IS(status, left, me, bytes);
        } else {
            OK(MPI_Isend(out, bytes, MPI_BYTE, right, me, MPI_COMM_WORLD, &request));
        }
        OK(MPI_Recv(in, bytes, MPI_BYTE, me % 3 ? left : MPI_ANY_SOURCE, me, MPI_COMM_WORLD,
                    &status));
        STATUS_IS(status, left, me, bytes);
        HOLDS(in, bytes, (unsigned)(left * 100 + me * 10 + i));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    }
    free(out);
    free(in);
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    in_threads(THREADS, talk);
    return finish();
}
