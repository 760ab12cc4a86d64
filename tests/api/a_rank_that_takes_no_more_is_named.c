// SPDX-License-Identifier: MIT
// When a job ends while a rank has as many messages as it keeps, the report says so: senders wait
// for it then, in a program that may well have run elsewhere.
// ranks: 2 3
// env: MPRUN_UNEXPECTED=1M
// expect: exit 3
// says: mprun: rank 0
// says: had as many messages unreceived as it keeps (MPRUN_UNEXPECTED): senders waited
#include "check.h"

int main(int argc, char **argv)
{
    enum { N = 4000, BYTES = 1024 };
    static MPI_Request requests[N];
    static char data[BYTES];
    start(&argc, &argv);
    if (rank == 1) {
        for (int i = 0; i < N; i++) {
            OK(MPI_Isend(data, BYTES, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &requests[i]));
        }
        OK(MPI_Ssend(NULL, 0, MPI_BYTE, 0, 2, MPI_COMM_WORLD)); // those before it are there
        MPI_Abort(MPI_COMM_WORLD, 3);
    } else if (rank == 0) {
        OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    }
    OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    return finish();
}
