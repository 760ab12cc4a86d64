// SPDX-License-Identifier: MIT
// A thread that waits is named with the call that it waits in, whatever another thread of its rank
// calls meanwhile. (Over sockets it looks up every few milliseconds, and is not blocked then.)
// ranks: 2
// channels: shm
// expect: exit 3
// says: rank 0 was waiting for it in MPI_Recv (tag 7)
#include "asleep.h"
#include "threads.h"
#include <stdatomic.h>

static _Atomic long waiting;

static void *wait_for_it(void *unused)
{
    atomic_store(&waiting, syscall(SYS_gettid));
    OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    return unused;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    if (rank == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, wait_for_it, NULL) == 0, "no thread");
        while (!atomic_load(&waiting)) {
            nap(1);
        }
        until_asleep((long)getpid(), atomic_load(&waiting));
        OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 0, MPI_COMM_WORLD));
        pthread_join(thread, NULL);
    } else {
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
    return finish();
}
