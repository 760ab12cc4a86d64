// SPDX-License-Identifier: MIT
// A rank to which alone membarrier is refused, and that comes when others talk already, does not
// make those stop fencing for each other when they go to sleep: their shortest way of a send has no
// fence of its own, so a wake-up could be lost. Whether they do is counted by a filter that traps
// the system call.
// ranks: 3
// channels: shm
// timeout: 60
// not under: valgrind
#define _GNU_SOURCE
#include "check.h"
#include "filter.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TIMES = 200, LATE = 2 };

static volatile sig_atomic_t fences;

// In place of the system call: it has worked.
static void trapped(int signal, siginfo_t *info, void *context)
{
    ucontext_t *at = context;
    (void)signal, (void)info, (void)at;
    fences++;
#if defined(__x86_64__)
    at->uc_mcontext.gregs[REG_RAX] = 0;
#elif defined(__aarch64__)
    at->uc_mcontext.regs[0] = 0;
#endif
}

static void skip(const char *why)
{
    puts(why);
    exit(77);
}

// Sleeps in a receive, sooner or later: each message comes a little later than the one before.
static void sleep_once(void)
{
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
    int more = 1, word;

    sigaction(SIGSYS, &action, NULL);
    CHECK(filter_call(SYS_membarrier, SECCOMP_RET_TRAP, 0), "errno %d", errno);
    for (int i = 0; more; i++) {
        OK(MPI_Recv(&word, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        more = !fences && i < TIMES;
        OK(MPI_Send(&more, 1, MPI_INT, 1, 0, MPI_COMM_WORLD));
    }
    CHECK(fences > 0, "no membarrier in %d receives that come late", TIMES);
}

int main(int argc, char **argv)
{
    const char *early = getenv("MPRUN_RANK"); // known before MPI_Init
    int more = 1;

#if !defined(__x86_64__) && !defined(__aarch64__)
    skip("no way to answer a trapped system call here");
#endif
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) != 0) {
        skip("no membarrier here");
    }
    if (early && atoi(early) == LATE &&
        !filter_call(SYS_membarrier, SECCOMP_RET_ERRNO | EPERM, 0)) {
        skip("no system call filters here");
    }
    start(&argc, &argv);
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank == 0) {
        sleep_once();
    } else if (rank == 1) {
        for (int i = 0; more; i++) {
            nap(i / 4);
            OK(MPI_Send(&i, 1, MPI_INT, 0, 0, MPI_COMM_WORLD));
            OK(MPI_Recv(&more, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        }
    }
    return finish();
}
