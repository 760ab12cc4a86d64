// SPDX-License-Identifier: MIT
// A thread that polls lets a waiting one have its turn: a message that it has sent is received by
// the other thread within few polls, in most cases. (Else it polls for as long as the system
// lets it have the core, some ten thousand times.)
// ranks: 1
// channels: shm
// not under: valgrind
#include "threads.h"
#include <stdatomic.h>

enum { MESSAGES = 300, FEW = 50 };

static atomic_int received;

static void *wait_for_them(void *unused)
{
    for (int i = 0; i < MESSAGES; i++) {
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_SELF, MPI_STATUS_IGNORE));
        atomic_store(&received, i + 1);
    }
    return unused;
}

static int once(int i, MPI_Request *never)
{
    int polls = 0, flag;
    OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 1, MPI_COMM_SELF));
    while (atomic_load(&received) == i) {
        if (i % 2) {
            OK(MPI_Iprobe(0, 2, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE));
        } else {
            OK(MPI_Test(never, &flag, MPI_STATUS_IGNORE));
        }
        polls++;
    }
    return polls;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    MPI_Request never;
    int slow = 0;

    start_threads(&argc, &argv);
    OK(MPI_Irecv(NULL, 0, MPI_BYTE, 0, 3, MPI_COMM_SELF, &never));
    CHECK(pthread_create(&thread, NULL, wait_for_them, NULL) == 0, "no thread");
    for (int i = 0; i < MESSAGES; i++) {
        slow += once(i, &never) > FEW;
    }
    pthread_join(thread, NULL);
    CHECK(slow < MESSAGES / 2, "%d of %d messages took more than %d polls", slow, MESSAGES, FEW);
    OK(MPI_Cancel(&never));
    OK(MPI_Wait(&never, MPI_STATUS_IGNORE));
    return finish();
}
