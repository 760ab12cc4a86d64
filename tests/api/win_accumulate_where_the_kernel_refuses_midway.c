// SPDX-License-Identifier: MIT
// An accumulate of many pages through the kernel, which allows no more from some page on: each
// element is combined once all the same, and what is fetched is what was there.
// ranks: 2
// channels: shm
// timeout: 120
#define _GNU_SOURCE
#include "check.h"
#include "filter.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

enum { COUNT = 4 << 20 };

static void refuse(int signal)
{
    (void)signal;
    filter_call(SYS_process_vm_writev, SECCOMP_RET_ERRNO | EPERM, 0);
}

// Where only the kernel reaches it.
static int *mapped(void)
{
    void *memory =
        mmap(NULL, COUNT * sizeof(int), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED, "no memory");
    return memory;
}

int main(int argc, char **argv)
{
    MPI_Win win;
    start(&argc, &argv);
    int *memory = mapped(), *ones = mapped(), *old = mapped(), fetches = getpid() % 2;
    for (int i = 0; i < COUNT; i++) {
        memory[i] = i;
        ones[i] = 1;
    }
    OK(MPI_Bcast(&fetches, 1, MPI_INT, 0, MPI_COMM_WORLD));
    OK(MPI_Win_create(memory, COUNT * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD,
                      &win));
    OK(MPI_Win_fence(0, win));
    if (rank == 0) {
        struct itimerval soon = {.it_value.tv_usec = 3000};
        signal(SIGALRM, refuse);
        setitimer(ITIMER_REAL, &soon, NULL);
        if (fetches) {
            OK(MPI_Get_accumulate(ones, COUNT, MPI_INT, old, COUNT, MPI_INT, 1, 0, COUNT, MPI_INT,
                                  MPI_SUM, win));
        } else {
            OK(MPI_Accumulate(ones, COUNT, MPI_INT, 1, 0, COUNT, MPI_INT, MPI_SUM, win));
        }
    }
    OK(MPI_Win_fence(0, win));
    for (int i = 0; i < COUNT; i++) {
        CHECK(memory[i] == i + rank, "element %d is %d", i, memory[i]);
        CHECK(rank == 1 || !fetches || old[i] == i, "element %d was %d", i, old[i]);
    }
    OK(MPI_Win_free(&win));
    return finish();
}
