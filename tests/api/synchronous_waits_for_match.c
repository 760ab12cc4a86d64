// SPDX-License-Identifier: MIT
// A synchronous send does not complete before its receive has been posted; it completes when the
// receive was matched, even though the receiver is not in MPI then.
// ranks: 2
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    char *buffer = room(LARGEST);
    for (size_t s = 0; s < COUNT_OF(sizes); s += 3) {
        int bytes = sizes[s];
        double posted;
        fill(buffer, (size_t)bytes, 3);
        if (rank == 0) {
            MPI_Request requests[2];
            int done = 0;
            OK(MPI_Issend(buffer, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &requests[0]));
            OK(MPI_Ssend_init(buffer, bytes, MPI_BYTE, 1, 2, MPI_COMM_WORLD, &requests[1]));
            OK(MPI_Start(&requests[1]));
            for (int i = 0; i < 1000; i++) {
                for (int k = 0; k < 2; k++) {
                    OK(MPI_Test(&requests[k], &done, MPI_STATUS_IGNORE));
                    CHECK(!done, "a synchronous send of %d bytes completed without a receive",
                          bytes);
                }
            }
            OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 9, MPI_COMM_WORLD));
            OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
            OK(MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
            OK(MPI_Request_free(&requests[1]));

            OK(MPI_Ssend(buffer, bytes, MPI_BYTE, 1, 3, MPI_COMM_WORLD));
            double returned = seconds();
            OK(MPI_Recv(&posted, 1, MPI_DOUBLE, 1, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            CHECK(returned >= posted, "Ssend of %d bytes returned %g s before its receive", bytes,
                  posted - returned);
        } else if (rank == 1) {
            OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            OK(MPI_Recv(buffer, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            OK(MPI_Recv(buffer, bytes, MPI_BYTE, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            nap(5);
            posted = seconds();
            OK(MPI_Recv(buffer, bytes, MPI_BYTE, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            HOLDS(buffer, bytes, 3);
            OK(MPI_Send(&posted, 1, MPI_DOUBLE, 0, 4, MPI_COMM_WORLD));
        }
    }
    free(buffer);
    return finish();
}
