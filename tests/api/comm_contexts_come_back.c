// SPDX-License-Identifier: MIT
// Communicators may be made and freed for ever, and thousands may live at once, without their
// messages getting mixed up.
// ranks: 1 2 3
// timeout: 120
#include "check.h"

enum { OFTEN = 70000, LIVE = 4500, TOGETHER = 1500 };

int main(int argc, char **argv)
{
    static MPI_Comm comms[LIVE];
    MPI_Comm comm;
    int value;
    start(&argc, &argv);
    for (int i = 0; i < OFTEN; i++) {
        OK(MPI_Comm_dup(MPI_COMM_SELF, &comm));
        OK(MPI_Comm_free(&comm));
    }
    for (int i = 0; i < LIVE; i++) {
        OK(MPI_Comm_dup(MPI_COMM_SELF, &comms[i]));
    }
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &comm));
    OK(MPI_Barrier(comm));
    for (int i = 0; i < LIVE; i += LIVE / 10) {
        MPI_Request request;
        OK(MPI_Irecv(&value, 1, MPI_INT, 0, 0, comms[i], &request));
        OK(MPI_Send(&i, 1, MPI_INT, 0, 0, comms[i]));
        OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
        CHECK(value == i, "got %d on %d", value, i);
    }
    for (int i = 0; i < LIVE; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    OK(MPI_Comm_free(&comm));
    for (int i = 0; i < TOGETHER; i++) {
        OK(MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &comms[0]));
        value = i + rank;
        OK(MPI_Bcast(&value, 1, MPI_INT, size - 1, comms[0])); // world rank 0
        CHECK(value == i, "got %d, expected %d", value, i);
        OK(MPI_Barrier(comms[0]));
        OK(MPI_Barrier(comms[0]));
        OK(MPI_Comm_free(&comms[0]));
    }
    return finish();
}
