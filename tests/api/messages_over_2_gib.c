// SPDX-License-Identifier: MIT
// One message of more than 2 GiB arrives whole: by a count that needs the _c form, and by an int
// count of a large type. Both sides see the bytes at the ends and around 2 GiB and 4 KiB steps.
// ranks: 2
// memory: 8
// timeout: 240
// not under: valgrind asan tsan ubsan
#include "check.h"

#define BYTES ((MPI_Count)0x84000123)

int main(int argc, char **argv)
{
    start(&argc, &argv);
    unsigned char *p = malloc((size_t)BYTES);
    CHECK(p, "no memory for %lld bytes", (long long)BYTES);
    MPI_Datatype block;
    MPI_Status status;
    MPI_Count count;
    int words = -1;
    const size_t step = 4096;
    OK(MPI_Type_contiguous(1 << 20, MPI_BYTE, &block));
    OK(MPI_Type_commit(&block));
    for (int form = 0; form < 2; form++) {
        MPI_Count bytes = form ? (BYTES >> 20) << 20 : BYTES;
        for (size_t i = 0; i < (size_t)bytes; i += step) {
            p[i] = rank ? 0 : byte_of((unsigned)form, i);
        }
        p[bytes - 1] = rank ? 0 : 0x77;
        if (rank == 0 && form == 0) {
            OK(MPI_Send_c(p, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD));
        } else if (rank == 0) {
            OK(MPI_Send(p, (int)(bytes >> 20), block, 1, 2, MPI_COMM_WORLD));
        } else {
            if (form == 0) {
                OK(MPI_Recv_c(p, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &status));
            } else {
                OK(MPI_Recv(p, (int)(bytes >> 20), block, 0, 2, MPI_COMM_WORLD, &status));
                OK(MPI_Get_count(&status, block, &words));
                CHECK(words == (int)(bytes >> 20), "%d blocks", words);
            }
            OK(MPI_Get_count_c(&status, MPI_BYTE, &count));
            CHECK(count == bytes, "%lld bytes", (long long)count);
            OK(MPI_Get_count(&status, MPI_BYTE, &words));
            CHECK(words == MPI_UNDEFINED, "an int cannot hold it, but is %d", words);
            for (size_t i = 0; i < (size_t)bytes; i += step) {
                if (i != (size_t)bytes - 1) {
                    CHECK(p[i] == byte_of((unsigned)form, i), "byte %zu is %d", i, p[i]);
                }
            }
            CHECK(p[bytes - 1] == 0x77, "the last byte is %d", p[bytes - 1]);
        }
    }
    OK(MPI_Type_free(&block));
    free(p);
    return finish();
}
