// SPDX-License-Identifier: MIT
// The _c form of every point-to-point function does what the int form does.
// ranks: 1 2
#include "check.h"

enum { WORDS = 30000 };

int main(int argc, char **argv)
{
    start(&argc, &argv);
    int peer = size == 2 ? 1 - rank : 0, flag;
    const MPI_Count n = WORDS, bytes = WORDS * (MPI_Count)sizeof(int);
    MPI_Comm world = MPI_COMM_WORLD;
    int *out = room((size_t)bytes), *in = room((size_t)bytes);
    MPI_Count space = 2 * (bytes + MPI_BSEND_OVERHEAD), count = -1;
    void *buffer = room((size_t)space), *detached = NULL;
    MPI_Request requests[2], r;
    MPI_Status status;
    MPI_Message message;
    OK(MPI_Buffer_attach_c(buffer, space));
    for (int form = 0; form < 18; form++) {
        fill(out, (size_t)bytes, (unsigned)(rank + form * 2));
        fill(in, (size_t)bytes, (unsigned)(rank + form * 2));
        requests[1] = MPI_REQUEST_NULL;
        if (form < 12) {
            OK(MPI_Irecv_c(in, n, MPI_INT, peer, form, world, &requests[0]));
            OK(MPI_Barrier(world)); // for the ready sends
        }
        switch (form) {
        case 0:
            OK(MPI_Send_c(out, n, MPI_INT, peer, form, world));
            break;
        case 1:
            OK(MPI_Ssend_c(out, n, MPI_INT, peer, form, world));
            break;
        case 2:
            OK(MPI_Bsend_c(out, n, MPI_INT, peer, form, world));
            break;
        case 3:
            OK(MPI_Rsend_c(out, n, MPI_INT, peer, form, world));
            break;
        case 4:
            OK(MPI_Isend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 5:
            OK(MPI_Issend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 6:
            OK(MPI_Ibsend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 7:
            OK(MPI_Irsend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 8:
            OK(MPI_Send_init_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 9:
            OK(MPI_Ssend_init_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 10:
            OK(MPI_Bsend_init_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 11:
            OK(MPI_Rsend_init_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            break;
        case 12:
            OK(MPI_Sendrecv_c(out, n, MPI_INT, peer, form, in, n, MPI_INT, peer, form, world,
                              &status));
            break;
        case 13:
            OK(MPI_Sendrecv_replace_c(in, n, MPI_INT, peer, form, peer, form, world, &status));
            break;
        case 14:
            OK(MPI_Isendrecv_c(out, n, MPI_INT, peer, form, in, n, MPI_INT, peer, form, world,
                               &requests[0]));
            break;
        case 15:
            OK(MPI_Isendrecv_replace_c(in, n, MPI_INT, peer, form, peer, form, world,
                                       &requests[0]));
            break;
        case 16:
            OK(MPI_Isend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            OK(MPI_Mprobe(peer, form, world, &message, MPI_STATUS_IGNORE));
            OK(MPI_Mrecv_c(in, n, MPI_INT, &message, &status));
            break;
        default:
            OK(MPI_Isend_c(out, n, MPI_INT, peer, form, world, &requests[1]));
            OK(MPI_Mprobe(peer, form, world, &message, MPI_STATUS_IGNORE));
            OK(MPI_Imrecv_c(in, n, MPI_INT, &message, &requests[0]));
        }
        if (form >= 8 && form < 12) {
            OK(MPI_Start(&requests[1]));
        }
        if (form < 12 || form == 14 || form == 15 || form == 17) {
            OK(MPI_Wait(&requests[0], &status));
        }
        STATUS_IS(status, peer, form, bytes);
        HOLDS(in, bytes, (unsigned)(peer + form * 2));
        OK(MPI_Get_count_c(&status, MPI_INT, &count));
        CHECK(count == n, "form %d: count %lld", form, (long long)count);
        OK(MPI_Get_elements_c(&status, MPI_INT, &count));
        CHECK(count == n, "form %d: %lld elements", form, (long long)count);
        OK(MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
        if (requests[1] != MPI_REQUEST_NULL) {
            OK(MPI_Request_free(&requests[1]));
        }
    }
    OK(MPI_Recv_init_c(in, n, MPI_INT, peer, 50, world, &r));
    OK(MPI_Start(&r));
    OK(MPI_Barrier(world));
    OK(MPI_Send_c(out, n, MPI_INT, peer, 50, world));
    OK(MPI_Wait(&r, &status));
    OK(MPI_Request_free(&r));
    HOLDS(in, bytes, (unsigned)(peer + 17 * 2));
    OK(MPI_Isend_c(out, 5, MPI_INT, peer, 51, world, &r));
    OK(MPI_Recv_c(in, n, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, world, &status));
    STATUS_IS(status, peer, 51, 20);
    OK(MPI_Wait(&r, MPI_STATUS_IGNORE));
    OK(MPI_Status_set_elements_c(&status, MPI_INT, (MPI_Count)1 << 40));
    OK(MPI_Get_elements_c(&status, MPI_INT, &count));
    CHECK(count == (MPI_Count)1 << 40, "%lld elements", (long long)count);
    OK(MPI_Get_count_c(&status, MPI_INT, &count));
    CHECK(count == (MPI_Count)1 << 40, "count %lld", (long long)count);
    OK(MPI_Pack_size_c(n, MPI_INT, world, &count));
    CHECK(count >= bytes, "pack size %lld", (long long)count);
    OK(MPI_Test_cancelled(&status, &flag));
    OK(MPI_Buffer_detach_c(&detached, &count));
    CHECK(detached == buffer && count == space, "detached %p of %lld", detached, (long long)count);
    free(buffer);
    free(out);
    free(in);
    return finish();
}
