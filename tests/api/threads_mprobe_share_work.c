// SPDX-License-Identifier: MIT
// Threads of one rank take messages of unknown size from one queue with Mprobe: each message is
// taken exactly once.
// ranks: 2 3
// timeout: 120
#include "threads.h"
#include <stdatomic.h>

enum { THREADS = 4, EACH = 2000 };
static atomic_int taken[64][EACH], total;

static void *work(void *argument)
{
    (void)argument;
    char *in = room(1 << 16);
    for (;;) {
        MPI_Message message;
        MPI_Status status;
        int bytes;
        OK(MPI_Mprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &message, &status));
        OK(MPI_Get_count(&status, MPI_BYTE, &bytes));
        OK(MPI_Mrecv(in, bytes, MPI_BYTE, &message, &status));
        if (status.MPI_TAG == EACH) {
            break;
        }
        CHECK(status.MPI_TAG < EACH && bytes == status.MPI_TAG * 37 % 20000, "tag %d, %d bytes",
              status.MPI_TAG, bytes);
        HOLDS(in, bytes, (unsigned)(status.MPI_SOURCE + status.MPI_TAG));
        int times = atomic_fetch_add(&taken[status.MPI_SOURCE][status.MPI_TAG], 1);
        CHECK(times == 0, "message %d of %d was taken again", status.MPI_TAG, status.MPI_SOURCE);
        atomic_fetch_add(&total, 1);
    }
    free(in);
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    if (rank == 0) {
        in_threads(THREADS, work);
        // A word that ends a thread may overtake another source's messages: take what is left.
        while (total < EACH * (size - 1)) {
            MPI_Status status;
            char byte[20000];
            OK(MPI_Recv(byte, sizeof(byte), MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD,
                        &status));
            CHECK(taken[status.MPI_SOURCE][status.MPI_TAG]++ == 0, "taken again");
            total++;
        }
    } else {
        char *out = room(1 << 16);
        for (int i = 0; i < EACH; i++) {
            int bytes = i * 37 % 20000;
            fill(out, (size_t)bytes, (unsigned)(rank + i));
            OK(MPI_Send(out, bytes, MPI_BYTE, 0, i, MPI_COMM_WORLD));
        }
        free(out);
        // When all have sent, the last rank ends the threads.
        int token = 0;
        if (rank > 1) {
            OK(MPI_Recv(&token, 1, MPI_INT, rank - 1, EACH + 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        }
        if (rank + 1 < size) {
            OK(MPI_Ssend(&token, 1, MPI_INT, rank + 1, EACH + 1, MPI_COMM_WORLD));
        } else {
            for (int i = 0; i < THREADS; i++) {
                OK(MPI_Send(NULL, 0, MPI_BYTE, 0, EACH, MPI_COMM_WORLD));
            }
        }
    }
    return finish();
}
