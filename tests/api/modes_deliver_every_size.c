// SPDX-License-Identifier: MIT
// Every mode of sending, blocking, nonblocking and persistent, delivers messages of every size
// unharmed, whether the receive was posted before or after the message came.
// ranks: 1 2 3
#include "check.h"

enum { MODES = 4, FORMS = 3 };

static void send_one(int mode, int form, void *buffer, int bytes, int to, int tag, MPI_Request *r)
{
    *r = MPI_REQUEST_NULL;
    switch (form * MODES + mode) {
    case 0:
        OK(MPI_Send(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD));
        return;
    case 1:
        OK(MPI_Ssend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD));
        return;
    case 2:
        OK(MPI_Bsend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD));
        return;
    case 3:
        OK(MPI_Rsend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD));
        return;
    case 4:
        OK(MPI_Isend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        return;
    case 5:
        OK(MPI_Issend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        return;
    case 6:
        OK(MPI_Ibsend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        return;
    case 7:
        OK(MPI_Irsend(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        return;
    case 8:
        OK(MPI_Send_init(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        break;
    case 9:
        OK(MPI_Ssend_init(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        break;
    case 10:
        OK(MPI_Bsend_init(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        break;
    default:
        OK(MPI_Rsend_init(buffer, bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, r));
        break;
    }
    OK(MPI_Start(r));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    char *out = room(LARGEST), *in = room(LARGEST + 8);
    int space = 2 * (LARGEST + MPI_BSEND_OVERHEAD);
    void *attached = room((size_t)space), *detached;
    OK(MPI_Buffer_attach(attached, space));
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        int bytes = sizes[s];
        for (int mode = 0; mode < MODES; mode++) {
            for (int form = 0; form < FORMS; form++) {
                for (int early = 0; early < 2; early++) {
                    // Ready needs a posted receive; a blocking Ssend around a ring does too, and
                    // a large standard send may.
                    if (!early && form == 0 && mode != 2 && (mode > 0 || bytes > 64)) {
                        continue;
                    }
                    if (!early && mode == 3) {
                        continue;
                    }
                    int tag = (int)s * 100 + mode * 10 + form;
                    MPI_Request send = MPI_REQUEST_NULL, recv = MPI_REQUEST_NULL;
                    MPI_Status status;
                    fill(out, (size_t)bytes, (unsigned)(tag + rank));
                    memset(in, 0xee, (size_t)bytes + 8);
                    if (early) {
                        OK(MPI_Irecv(in, bytes + 4, MPI_BYTE, from, tag, MPI_COMM_WORLD, &recv));
                        OK(MPI_Barrier(MPI_COMM_WORLD));
                    }
                    send_one(mode, form, out, bytes, to, tag, &send);
                    if (early) {
                        OK(MPI_Wait(&recv, &status));
                    } else {
                        OK(MPI_Recv(in, bytes + 4, MPI_BYTE, from, tag, MPI_COMM_WORLD, &status));
                    }
                    STATUS_IS(status, from, tag, bytes);
                    HOLDS(in, bytes, (unsigned)(tag + from));
                    for (int i = 0; i < 8; i++) {
                        CHECK((unsigned char)in[bytes + i] == 0xee,
                              "byte %d after a message of %d was written", i, bytes);
                    }
                    OK(MPI_Wait(&send, MPI_STATUS_IGNORE));
                    if (send != MPI_REQUEST_NULL) {
                        OK(MPI_Request_free(&send));
                    }
                    CHECK(wrong_byte(out, (size_t)bytes, (unsigned)(tag + rank)) < 0,
                          "the send changed its buffer, size %d mode %d form %d", bytes, mode,
                          form);
                }
            }
        }
    }
    OK(MPI_Buffer_detach(&detached, &space));
    CHECK(detached == attached, "another buffer was detached");
    free(attached);
    free(out);
    free(in);
    return finish();
}
