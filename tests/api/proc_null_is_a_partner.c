// SPDX-License-Identifier: MIT
// Sends to and receives from MPI_PROC_NULL complete at once, in every form, and leave the buffer
// alone; the status says MPI_PROC_NULL, MPI_ANY_TAG and count 0.
// ranks: 1 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int word = 7, flag;
    MPI_Status status;
    MPI_Request r;
    const int none = MPI_PROC_NULL;
    OK(MPI_Send(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD));
    OK(MPI_Ssend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD));
    OK(MPI_Rsend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD));
    OK(MPI_Bsend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD)); // without a buffer
    MPI_Request all[12];
    OK(MPI_Isend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[0]));
    OK(MPI_Issend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[1]));
    OK(MPI_Irsend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[2]));
    OK(MPI_Ibsend(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[3]));
    OK(MPI_Irecv(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[4]));
    OK(MPI_Send_init(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[5]));
    OK(MPI_Ssend_init(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[6]));
    OK(MPI_Rsend_init(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[7]));
    OK(MPI_Bsend_init(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[8]));
    OK(MPI_Recv_init(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &all[9]));
    for (int round = 0; round < 3; round++) {
        OK(MPI_Startall(5, &all[5]));
        memset(&status, 0x5a, sizeof(status));
        OK(MPI_Wait(&all[9], &status));
        STATUS_IS(status, none, MPI_ANY_TAG, 0);
        OK(MPI_Waitall(4, &all[5], MPI_STATUSES_IGNORE));
    }
    for (int i = 5; i < 10; i++) {
        OK(MPI_Request_free(&all[i]));
    }
    for (int i = 0; i < 4; i++) {
        flag = 0;
        for (int tries = 0; tries < 1000 && !flag; tries++) {
            OK(MPI_Test(&all[i], &flag, MPI_STATUS_IGNORE));
        }
        CHECK(flag, "send %d to MPI_PROC_NULL does not complete", i);
    }
    OK(MPI_Wait(&all[4], &status));
    STATUS_IS(status, none, MPI_ANY_TAG, 0);
    memset(&status, 0x5a, sizeof(status));
    OK(MPI_Recv(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &status));
    STATUS_IS(status, none, MPI_ANY_TAG, 0);
    OK(MPI_Recv(NULL, 0, MPI_INT, none, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    OK(MPI_Probe(none, 1, MPI_COMM_WORLD, &status));
    STATUS_IS(status, none, MPI_ANY_TAG, 0);
    flag = 0;
    OK(MPI_Iprobe(none, 1, MPI_COMM_WORLD, &flag, &status));
    CHECK(flag, "Iprobe of MPI_PROC_NULL says no");
    STATUS_IS(status, none, MPI_ANY_TAG, 0);
    OK(MPI_Irecv(&word, 1, MPI_INT, none, 1, MPI_COMM_WORLD, &r));
    OK(MPI_Request_free(&r));
    CHECK(word == 7, "the buffer was written: %d", word);
    return finish();
}
