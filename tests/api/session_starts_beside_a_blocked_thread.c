// SPDX-License-Identifier: MIT
// While the main thread waits in a call of the World Model, at a thread level below
// MPI_THREAD_MULTIPLE, another thread starts a session and works with it; only then comes what the
// main thread waits for. Neither stops nor disturbs the other.
// ranks: 2 3
// args: funneled
// timeout: 90
#include "sessions.h"

#include <pthread.h>

enum { ROUNDS = 15 };

static void *work(void *argument)
{
    const char *level = argument;
    for (int i = 0; i < 3; i++) {
        MPI_Session session = session_new(level);
        MPI_Comm comm = session_comm(session, "mpi://WORLD", "beside");
        for (int k = 0; k < 5; k++) {
            try_out(comm);
        }
        OK(MPI_Comm_free(&comm));
        OK(MPI_Session_finalize(&session));
    }
    return NULL;
}

static void one_round(int round)
{
    static const char *const levels[] = {NULL, "MPI_THREAD_FUNNELED", "MPI_THREAD_SERIALIZED"};
    pthread_t thread;
    int word = round, got = -1;
    CHECK(!pthread_create(&thread, NULL, work, (void *)(uintptr_t)levels[round % 3]), "no thread");
    if (rank == 0) {
        if (round % 2) {
            nap(20); // or the thread comes before the call
        }
        OK(MPI_Recv(&got, 1, MPI_INT, 1, round, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(got == round, "received %d", got);
        pthread_join(thread, NULL);
    } else if (rank == 1) {
        pthread_join(thread, NULL); // done with ours, and so is rank 0's
        OK(MPI_Send(&word, 1, MPI_INT, 0, round, MPI_COMM_WORLD));
    } else {
        for (int i = 0; i < 200; i++) { // calls that come and go
            OK(MPI_Sendrecv(&word, 1, MPI_INT, rank, 0, &got, 1, MPI_INT, rank, 0, MPI_COMM_WORLD,
                            MPI_STATUS_IGNORE));
        }
        pthread_join(thread, NULL);
    }
    // The world by itself again, and fast.
    for (int i = 0; i < 100; i++) {
        OK(MPI_Sendrecv(&word, 1, MPI_INT, (rank + 1) % size, 1, &got, 1, MPI_INT,
                        (rank + size - 1) % size, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(got == round, "received %d", got);
    }
}

int main(int argc, char **argv)
{
    int level = argc > 1 && strcmp(argv[1], "serialized") == 0 ? MPI_THREAD_SERIALIZED
                                                               : MPI_THREAD_FUNNELED;
    int provided;
    MPI_Init_thread(&argc, &argv, level, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (int round = 0; round < ROUNDS; round++) {
        one_round(round);
    }
    return finish();
}
