// SPDX-License-Identifier: MIT
// A thread that is blocked in a receive does not keep the others from sending and receiving, nor
// from ending its wait; requests started by one thread may be completed by another.
// ranks: 1 2
// timeout: 120
#include "threads.h"

enum { THREADS = 3, ROUNDS = 200 };
static MPI_Request shared[THREADS];
static int words[THREADS];
static pthread_barrier_t together;

// Thread 0 waits for what only thread 1 of the neighbour sends after thread 2 got its own.
static void *talk(void *argument)
{
    int me = (int)(intptr_t)argument;
    int peer = size == 1 ? 0 : 1 - rank;
    for (int i = 0; i < ROUNDS; i++) {
        int word = i, got = -1;
        switch (me) {
        case 0:
            OK(MPI_Recv(&got, 1, MPI_INT, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            CHECK(got == i, "received %d, expected %d", got, i);
            break;
        case 1:
            OK(MPI_Recv(&got, 1, MPI_INT, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            CHECK(got == i, "received %d, expected %d", got, i);
            OK(MPI_Ssend(&got, 1, MPI_INT, peer, 0, MPI_COMM_WORLD));
            break;
        default:
            OK(MPI_Ssend(&word, 1, MPI_INT, peer, 1, MPI_COMM_WORLD));
        }
    }
    // Started by one, completed by the next.
    for (int i = 0; i < ROUNDS; i++) {
        int out = i * 10 + me;
        OK(MPI_Irecv(&words[me], 1, MPI_INT, peer, 10 + me, MPI_COMM_WORLD, &shared[me]));
        pthread_barrier_wait(&together);
        OK(MPI_Send(&out, 1, MPI_INT, peer, 10 + me, MPI_COMM_WORLD));
        int next = (me + 1) % THREADS;
        OK(MPI_Wait(&shared[next], MPI_STATUS_IGNORE));
        CHECK(words[next] == i * 10 + next, "received %d", words[next]);
        pthread_barrier_wait(&together);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    pthread_barrier_init(&together, NULL, THREADS);
    in_threads(THREADS, talk);
    pthread_barrier_destroy(&together);
    return finish();
}
