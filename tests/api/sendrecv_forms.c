// SPDX-License-Identifier: MIT
// Sendrecv and Sendrecv_replace, and their nonblocking forms, exchange messages of every size, with
// different types, counts and partners on both sides, and with MPI_PROC_NULL on either.
// ranks: 1 2 3
#include "check.h"

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    char *out = room(LARGEST), *in = room(LARGEST);
    MPI_Status status;
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        MPI_Request requests[2];
        for (int form = 0; form < 4; form++) {
            unsigned mine = (unsigned)(rank * 100 + form), theirs = (unsigned)(left * 100 + form);
            fill(out, (size_t)bytes, mine);
            fill(in, (size_t)bytes, mine);
            switch (form) {
            case 0:
                OK(MPI_Sendrecv(out, bytes, MPI_BYTE, right, 1, in, LARGEST, MPI_BYTE, left, 1,
                                MPI_COMM_WORLD, &status));
                break;
            case 1:
                OK(MPI_Sendrecv_replace(in, bytes, MPI_BYTE, right, 1, left, 1, MPI_COMM_WORLD,
                                        &status));
                break;
            case 2:
                OK(MPI_Isendrecv(out, bytes, MPI_BYTE, right, 1, in, LARGEST, MPI_BYTE,
                                 MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &requests[0]));
                OK(MPI_Wait(&requests[0], &status));
                break;
            default:
                OK(MPI_Isendrecv_replace(in, bytes, MPI_BYTE, right, 1, left, MPI_ANY_TAG,
                                         MPI_COMM_WORLD, &requests[0]));
                OK(MPI_Wait(&requests[0], &status));
            }
            STATUS_IS(status, left, 1, bytes);
            HOLDS(in, bytes, theirs);
            OK(MPI_Barrier(MPI_COMM_WORLD)); // wildcards above
        }
        // Two at once, both ways round.
        fill(out, (size_t)bytes, (unsigned)rank);
        fill(in, (size_t)bytes, (unsigned)rank);
        OK(MPI_Isendrecv_replace(in, bytes, MPI_BYTE, right, 1, left, 1, MPI_COMM_WORLD,
                                 &requests[0]));
        OK(MPI_Isendrecv_replace(out, bytes, MPI_BYTE, left, 2, right, 2, MPI_COMM_WORLD,
                                 &requests[1]));
        OK(MPI_Waitall(2, requests, MPI_STATUSES_IGNORE));
        HOLDS(in, bytes, (unsigned)left);
        HOLDS(out, bytes, (unsigned)right);
        // A line, not a ring.
        int up = rank + 1 < size ? rank + 1 : MPI_PROC_NULL, down = rank ? rank - 1 : MPI_PROC_NULL;
        fill(out, (size_t)bytes, (unsigned)rank);
        fill(in, (size_t)bytes, 77);
        OK(MPI_Sendrecv(out, bytes, MPI_BYTE, up, 3, in, bytes, MPI_BYTE, down, 3, MPI_COMM_WORLD,
                        &status));
        if (rank) {
            STATUS_IS(status, down, 3, bytes);
            HOLDS(in, bytes, (unsigned)down);
        } else {
            STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
            HOLDS(in, bytes, 77);
        }
        fill(out, (size_t)bytes, (unsigned)rank);
        OK(MPI_Sendrecv_replace(out, bytes, MPI_BYTE, up, 4, down, 4, MPI_COMM_WORLD, &status));
        HOLDS(out, bytes, (unsigned)(rank ? down : rank));
        OK(MPI_Isendrecv(out, bytes, MPI_BYTE, MPI_PROC_NULL, 5, in, bytes, MPI_BYTE, MPI_PROC_NULL,
                         5, MPI_COMM_WORLD, &requests[0]));
        OK(MPI_Wait(&requests[0], &status));
        STATUS_IS(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
    }
    double value = rank + 0.5;
    char bytes[16];
    OK(MPI_Sendrecv(&value, 1, MPI_DOUBLE, right, 1, bytes, 16, MPI_BYTE, left, 1, MPI_COMM_WORLD,
                    &status));
    memcpy(&value, bytes, sizeof(value));
    CHECK(value == left + 0.5, "got %g", value);
    STATUS_IS(status, left, 1, 8);
    free(out);
    free(in);
    return finish();
}
