// SPDX-License-Identifier: MIT
// Long collective operations of several threads give the right data also when one of the threads
// takes the right to copy through the kernel from all of its process, while the others are in the
// middle of theirs: first to others' memory, later from it.
// ranks: 2 3
// channels: shm
// timeout: 120
#define _GNU_SOURCE
#include "check.h"
#include "filter.h"
#include "threads.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COUNT = 100000, THREADS = 3, TIMES = 40, WRITE_AT = 10, READ_AT = 20 };
static MPI_Comm comms[THREADS];

// From now on that system call is refused to all threads.
static void refuse(unsigned call)
{
    if (!filter_call(call, SECCOMP_RET_ERRNO | EPERM, 1)) {
        puts("no system call filters for all threads here");
        fflush(stdout);
        MPI_Abort(MPI_COMM_WORLD, 77);
    }
}

static int *mapped(void)
{
    int *memory = mmap(NULL, COUNT * sizeof *memory, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "mmap");
    return memory;
}

static void *work(void *argument)
{
    int me = (int)(intptr_t)argument, *in = mapped(), *out = mapped();

    for (int k = 0; k < TIMES; k++) {
        int root = k % size, sum = size * (size - 1) / 2 * 7;
        for (int i = 0; i < COUNT; i++) {
            out[i] = rank * 7 + me + k + i;
        }
        OK(MPI_Allreduce(out, in, COUNT, MPI_INT, MPI_SUM, comms[me]));
        for (int i = 0; i < COUNT; i++) {
            CHECK(in[i] == sum + size * (me + k + i), "sum %d of round %d is %d", i, k, in[i]);
        }
        OK(MPI_Bcast(rank == root ? out : in, COUNT, MPI_INT, root, comms[me]));
        for (int i = 0; i < COUNT && rank != root; i++) {
            CHECK(in[i] == root * 7 + me + k + i, "element %d of round %d is %d", i, k, in[i]);
        }
        if (rank == size - 1 && me == 0 && k == WRITE_AT) {
            refuse(SYS_process_vm_writev);
        } else if (rank == size - 1 && me == 1 && k == READ_AT) {
            refuse(SYS_process_vm_readv);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    in_threads(THREADS, work);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    return finish();
}
