// SPDX-License-Identifier: MIT
// A buffered send for which there is no memory fails, and the block that an automatic buffer has
// made for it is given back. Memory for requests runs out by way of a function in front of the C
// library's, by which the library opens more of it.
// ranks: 1
// not under: asan tsan ubsan valgrind
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Long enough to be only offered: the block stays until the message is received.
enum { BYTES = 20000, MOST = 20000, FAILURES = 50 };

static int scarce;

int mprotect(void *address, size_t bytes, int protection)
{
    if (scarce) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_mprotect, address, bytes, protection);
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

int main(int argc, char **argv)
{
    static char out[BYTES], in[BYTES];
    int sent = 0, size_of_buffer;
    void *buffer;

    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    size_t before = in_use();
    OK(MPI_Buffer_attach(MPI_BUFFER_AUTOMATIC, 0));
    fill(out, BYTES, 1);
    scarce = 1;
    while (MPI_Bsend(out, BYTES, MPI_BYTE, 0, sent, MPI_COMM_SELF) == MPI_SUCCESS) {
        sent++;
        CHECK(sent < MOST, "memory does not run out");
    }
    size_t full = in_use();
    for (int i = 0; i < FAILURES; i++) {
        FAILS(MPI_ERR_NO_MEM, MPI_Bsend(out, BYTES, MPI_BYTE, 0, 0, MPI_COMM_SELF));
    }
    size_t after = in_use();
    scarce = 0;
    CHECK(after < full + FAILURES / 2 * BYTES, "%d failures keep %zu bytes", FAILURES,
          after - full);
    for (int i = 0; i < sent; i++) {
        OK(MPI_Recv(in, BYTES, MPI_BYTE, 0, i, MPI_COMM_SELF, MPI_STATUS_IGNORE));
        HOLDS(in, BYTES, 1);
    }
    OK(MPI_Buffer_detach(&buffer, &size_of_buffer));
    CHECK(in_use() < before + FAILURES / 2 * BYTES, "%zu bytes are left of %zu", in_use(), full);
    return finish();
}
