// SPDX-License-Identifier: MIT
// A message longer than its receive is MPI_ERR_TRUNCATE at the receiver, in every form; nothing is
// written behind the buffer, the sender does not notice, and the next messages arrive unharmed.
// ranks: 2
#include "check.h"

enum { GUARD = 64 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    unsigned char *buffer = room(LARGEST), *in = room(LARGEST + GUARD);
    MPI_Status status, statuses[3];
    MPI_Request requests[3];
    for (size_t s = 2; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s], less = bytes - 1 - bytes / 5;
        for (int form = 0; form < 7; form++) {
            for (int early = 0; early < 2; early++) {
                fill(buffer, (size_t)bytes, 1);
                memset(in, 0xdd, (size_t)bytes + GUARD);
                if (rank == 0) {
                    if (early) {
                        OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                    }
                    OK(MPI_Isend(buffer, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &requests[0]));
                    OK(MPI_Isend(buffer, bytes, MPI_BYTE, 1, 2, MPI_COMM_WORLD, &requests[1]));
                    OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 3, MPI_COMM_WORLD));
                    OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
                    continue;
                }
                if (early) {
                    OK(MPI_Irecv(in, less, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &requests[0]));
                    OK(MPI_Send(NULL, 0, MPI_BYTE, 0, 9, MPI_COMM_WORLD));
                } else {
                    OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                    if (form > 0) {
                        OK(MPI_Irecv(in, less, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &requests[0]));
                    }
                }
                requests[1] = MPI_REQUEST_NULL;
                int index = -1, flag = 0, count = 0, indices[3], err;
                switch (form) {
                case 0:
                    if (early) {
                        FAILS(MPI_ERR_TRUNCATE, MPI_Wait(&requests[0], &status));
                    } else {
                        FAILS(MPI_ERR_TRUNCATE,
                              MPI_Recv(in, less, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &status));
                    }
                    break;
                case 1:
                    FAILS(MPI_ERR_TRUNCATE, MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
                    break;
                case 2:
                    while ((err = MPI_Test(&requests[0], &flag, &status)) == MPI_SUCCESS && !flag) {
                    }
                    FAILS(MPI_ERR_TRUNCATE, err);
                    break;
                case 3:
                    OK(MPI_Irecv(buffer, bytes, MPI_BYTE, 0, 2, MPI_COMM_WORLD, &requests[1]));
                    requests[2] = MPI_REQUEST_NULL;
                    FAILS(MPI_ERR_IN_STATUS, MPI_Waitall(3, requests, statuses));
                    FAILS(MPI_ERR_TRUNCATE, statuses[0].MPI_ERROR);
                    CHECK(statuses[1].MPI_ERROR == MPI_SUCCESS ||
                              statuses[1].MPI_ERROR == MPI_ERR_PENDING,
                          "the second has error %d", statuses[1].MPI_ERROR);
                    CHECK(statuses[2].MPI_ERROR == MPI_SUCCESS, "the null one has error %d",
                          statuses[2].MPI_ERROR);
                    if (statuses[1].MPI_ERROR == MPI_ERR_PENDING) {
                        OK(MPI_Wait(&requests[1], &statuses[1]));
                    }
                    break;
                case 4:
                    FAILS(MPI_ERR_TRUNCATE, MPI_Waitany(2, requests, &index, &status));
                    CHECK(index == 0, "index %d", index);
                    break;
                case 5:
                    FAILS(MPI_ERR_IN_STATUS, MPI_Waitsome(2, requests, &count, indices, statuses));
                    CHECK(count == 1 && indices[0] == 0, "count %d index %d", count, indices[0]);
                    FAILS(MPI_ERR_TRUNCATE, statuses[0].MPI_ERROR);
                    break;
                default:
                    while ((err = MPI_Testall(2, requests, &flag, statuses)) == MPI_SUCCESS &&
                           !flag) {
                    }
                    FAILS(MPI_ERR_IN_STATUS, err);
                    FAILS(MPI_ERR_TRUNCATE, statuses[0].MPI_ERROR);
                }
                for (int i = 0; i < GUARD; i++) {
                    CHECK(in[less + i] == 0xdd, "byte %d after a buffer of %d was written", i,
                          less);
                }
                if (form != 3) {
                    memset(buffer, 0, (size_t)bytes);
                    OK(MPI_Recv(buffer, bytes, MPI_BYTE, 0, 2, MPI_COMM_WORLD, &status));
                    STATUS_IS(status, 0, 2, bytes);
                }
                HOLDS(buffer, bytes, 1);
                if (early) {
                    OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                }
            }
        }
    }
    // With Mrecv, Sendrecv and to self.
    MPI_Message message;
    int word = 1, other = 0;
    OK(MPI_Isend(buffer, 100, MPI_BYTE, rank, 1, MPI_COMM_WORLD, &requests[0]));
    OK(MPI_Mprobe(rank, 1, MPI_COMM_WORLD, &message, &status));
    FAILS(MPI_ERR_TRUNCATE, MPI_Mrecv(in, 99, MPI_BYTE, &message, &status));
    OK(MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
    FAILS(MPI_ERR_TRUNCATE, MPI_Sendrecv(buffer, 100, MPI_BYTE, 1 - rank, 2, in, 50, MPI_BYTE,
                                         1 - rank, 2, MPI_COMM_WORLD, &status));
    OK(MPI_Sendrecv(&word, 1, MPI_INT, 1 - rank, 3, &other, 1, MPI_INT, 1 - rank, 3, MPI_COMM_WORLD,
                    &status));
    CHECK(other == 1, "received %d", other);
    free(buffer);
    free(in);
    return finish();
}
