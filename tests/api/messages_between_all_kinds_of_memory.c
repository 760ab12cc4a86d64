// SPDX-License-Identifier: MIT
// A message arrives whole whatever memory it comes from and goes to, heap, MPI_Alloc_mem, static,
// stack, mapped; whether either side is contiguous or not; received before or after it was sent.
// ranks: 2 3
// timeout: 90
#include "check.h"

#include <sys/mman.h>

enum { KINDS = 5, MOST = 1 << 20, ROOM = 3 * MOST };

static char in_data[ROOM];
static const int lengths[] = {4096, 16384, 20000, 40000, 65536, 100000, 300001, MOST};

int main(int argc, char **argv)
{
    char on_stack[ROOM];
    char *kinds[KINDS];
    MPI_Datatype types[2];

    start(&argc, &argv);
    kinds[0] = room(ROOM);
    OK(MPI_Alloc_mem(ROOM, MPI_INFO_NULL, &kinds[1]));
    kinds[2] = in_data;
    kinds[3] = on_stack;
    kinds[4] = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(kinds[4] != MAP_FAILED, "mmap");
    char *packed = room(MOST);
    int to = (rank + 1) % size, from = (rank + size - 1) % size;
    for (size_t l = 0; l < COUNT_OF(lengths); l++) {
        int bytes = lengths[l] / 4 * 4;
        types[0] = MPI_BYTE;
        OK(MPI_Type_vector(bytes / 4, 4, 10, MPI_BYTE, &types[1]));
        OK(MPI_Type_commit(&types[1]));
        for (int k = 0; k < KINDS * KINDS * 4; k++) {
            char *out = kinds[k / 4 % KINDS], *in = kinds[k / 4 / KINDS];
            MPI_Datatype sent = types[k % 2], received = types[k / 2 % 2];
            int position = 0, own = out == in;
            unsigned seed = (unsigned)(k * 10 + rank);
            MPI_Request request;
            fill(packed, (size_t)bytes, seed);
            if (sent == MPI_BYTE)
                memcpy(out, packed, (size_t)bytes);
            else
                OK(MPI_Unpack(packed, bytes, &position, out, 1, sent, MPI_COMM_WORLD));
            if (own) { // the same memory: what is sent is gone before it is received
                char *copy = memcpy(room(ROOM), out, ROOM);
                OK(MPI_Isend(copy, sent == MPI_BYTE ? bytes : 1, sent, to, 0, MPI_COMM_WORLD,
                             &request));
                OK(MPI_Recv(in, received == MPI_BYTE ? bytes : 1, received, from, 0, MPI_COMM_WORLD,
                            MPI_STATUS_IGNORE));
                OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
                free(copy);
            } else {
                if (k % 3 == 0)
                    nap(k % 30 == 0);
                OK(MPI_Isend(out, sent == MPI_BYTE ? bytes : 1, sent, to, 0, MPI_COMM_WORLD,
                             &request));
                OK(MPI_Recv(in, received == MPI_BYTE ? bytes : 1, received, from, 0, MPI_COMM_WORLD,
                            MPI_STATUS_IGNORE));
                OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
            }
            position = 0;
            if (received != MPI_BYTE) {
                OK(MPI_Pack(in, 1, received, packed, bytes, &position, MPI_COMM_WORLD));
                in = packed;
            }
            HOLDS(in, bytes, (unsigned)(k * 10 + from));
        }
        OK(MPI_Type_free(&types[1]));
    }
    free(kinds[0]);
    OK(MPI_Free_mem(kinds[1]));
    free(packed);
    return finish();
}
