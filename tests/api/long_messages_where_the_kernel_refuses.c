// SPDX-License-Identifier: MIT
// Long messages between memory that ranks cannot reach in each other arrive whole also when the
// kernel stops helping one of them in the middle of the job: first it may not write to others'
// memory any more, then not read it either. (valgrind knows no seccomp.)
// ranks: 2
// timeout: 60
// not under: valgrind
#include "check.h"
#include "filter.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { MOST = 3 << 20, TIMES = 30 };

static const int lengths[] = {16385, 65536, 100001, 1 << 20, MOST - 64};
static char *out, *in;

static void *mapped(void)
{
    void *memory = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "mmap");
    return memory;
}

// From now on that system call is refused to this process.
static void refuse(unsigned call)
{
    CHECK(filter_call(call, SECCOMP_RET_ERRNO | EPERM, 0), "errno %d", errno);
}

static void exchange(void)
{
    for (size_t l = 0; l < COUNT_OF(lengths); l++) {
        for (int k = 0; k < TIMES; k++) {
            int bytes = lengths[l], off = k % 7;
            unsigned seed = (unsigned)k * 10;
            fill(out + off, (size_t)bytes, seed + (unsigned)rank);
            if (k % 3 == 0) {
                OK(MPI_Sendrecv(out + off, bytes, MPI_BYTE, 1 - rank, 0, in, bytes, MPI_BYTE,
                                1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                HOLDS(in, bytes, seed + 1 - (unsigned)rank);
            } else if (k % 3 - 1 == rank) {
                OK(MPI_Send(out + off, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD));
            } else {
                OK(MPI_Recv(in, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                HOLDS(in, bytes, seed + 1 - (unsigned)rank);
            }
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    out = mapped();
    in = mapped();
    exchange();
    if (rank == 1) {
        refuse(SYS_process_vm_writev);
    }
    exchange();
    if (rank == 1) {
        refuse(SYS_process_vm_readv);
    }
    exchange();
    return finish();
}
