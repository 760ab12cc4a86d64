// SPDX-License-Identifier: MIT
// Buffered sends complete without a receive, as many as MPI_BSEND_OVERHEAD says fit into the
// attached buffer; one more fails with MPI_ERR_BUFFER; room comes back when messages have left;
// detaching waits for them; nothing outside of the buffer is written.
// ranks: 2
#include "check.h"

enum { GUARD = 64, N = 20 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    char *data = room(LARGEST);
    for (size_t s = 0; s < COUNT_OF(sizes); s += 2) {
        int bytes = sizes[s], packed, space, count;
        void *detached;
        OK(MPI_Pack_size(bytes, MPI_BYTE, MPI_COMM_WORLD, &packed));
        CHECK(packed >= bytes, "pack size %d of %d bytes", packed, bytes);
        count = bytes > 1 << 20 ? 2 : N;
        space = count * (packed + MPI_BSEND_OVERHEAD);
        if (rank == 0) {
            unsigned char *outer = room((size_t)space + 2 * GUARD);
            memset(outer, 0xaa, (size_t)space + 2 * GUARD);
            OK(MPI_Buffer_attach(outer + GUARD, space));
            for (int i = 0; i < count; i++) {
                fill(data, (size_t)bytes, (unsigned)i);
                OK(MPI_Bsend(data, bytes, MPI_BYTE, 1, i, MPI_COMM_WORLD));
            }
            memset(data, 0, (size_t)bytes);
            OK(MPI_Send(NULL, 0, MPI_BYTE, 1, 1000, MPI_COMM_WORLD)); // all are on the way
            OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 1001, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            // All were received; the room is back.
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < count; i++) {
                    MPI_Request request;
                    fill(data, (size_t)bytes, (unsigned)i);
                    OK(MPI_Ibsend(data, bytes, MPI_BYTE, 1, i, MPI_COMM_WORLD, &request));
                    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
                }
                OK(MPI_Recv(NULL, 0, MPI_BYTE, 1, 1002, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            }
            for (int i = 0; i < count; i++) {
                fill(data, (size_t)bytes, (unsigned)i);
                OK(MPI_Bsend(data, bytes, MPI_BYTE, 1, i, MPI_COMM_WORLD));
            }
            int size_out = -1;
            OK(MPI_Buffer_detach(&detached, &size_out));
            CHECK(detached == outer + GUARD && size_out == space, "detached %p, %d bytes", detached,
                  size_out);
            memset(outer + GUARD, 0, (size_t)space); // it is ours again
            for (int i = 0; i < GUARD; i++) {
                CHECK(outer[i] == 0xaa && outer[GUARD + space + i] == 0xaa,
                      "written outside of the buffer");
            }
            free(outer);
        } else {
            for (int round = 0; round < 5; round++) {
                if (round == 0) {
                    OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, 1000, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                }
                for (int k = 0; k < count; k++) {
                    int i = round % 2 ? k : count - 1 - k;
                    OK(MPI_Recv(data, bytes, MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                    HOLDS(data, bytes, i);
                }
                if (round < 4) {
                    OK(MPI_Send(NULL, 0, MPI_BYTE, 0, round ? 1002 : 1001, MPI_COMM_WORLD));
                }
            }
        }
    }
    // Too small a buffer, or none.
    if (rank == 0) {
        char small[MPI_BSEND_OVERHEAD + 100];
        void *detached;
        int space;
        FAILS(MPI_ERR_BUFFER, MPI_Bsend(data, 1, MPI_BYTE, 1, 1, MPI_COMM_WORLD));
        OK(MPI_Buffer_attach(small, sizeof(small)));
        FAILS(MPI_ERR_BUFFER, MPI_Bsend(data, 1 << 20, MPI_BYTE, 1, 1, MPI_COMM_WORLD));
        data[0] = 'x';
        OK(MPI_Bsend(data, 1, MPI_BYTE, 1, 2, MPI_COMM_WORLD));
        OK(MPI_Buffer_detach(&detached, &space));
    } else {
        OK(MPI_Recv(data, 10, MPI_BYTE, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        CHECK(data[0] == 'x', "got %d", data[0]);
    }
    free(data);
    return finish();
}
