// SPDX-License-Identifier: MIT
// A thread whose message comes while it is about to sleep does not sleep for good, whatever another
// thread of its rank announces meanwhile. The C library's way into the kernel is replaced here, so
// that the first sleeper is held back right there until the second one comes.
// ranks: 1
// channels: shm
#define _GNU_SOURCE
#include "threads.h"
#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>

enum { FIRST = 1, SECOND };

static _Atomic bool first_is_there, second_is_there, held_once;
static _Thread_local bool is_first, is_second;

long syscall(long number, ...);
long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list list;
    long a[6];

    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    }
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT) {
        if (is_first && !atomic_exchange(&held_once, true)) {
            atomic_store(&first_is_there, true);
            while (!atomic_load(&second_is_there)) {
                nap(1);
            }
        } else if (is_second) {
            atomic_store(&second_is_there, true);
        }
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *first(void *unused)
{
    is_first = true;
    OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, FIRST, MPI_COMM_SELF, MPI_STATUS_IGNORE));
    OK(MPI_Send(NULL, 0, MPI_BYTE, 0, SECOND, MPI_COMM_SELF));
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    start_threads(&argc, &argv);
    CHECK(pthread_create(&thread, NULL, first, NULL) == 0, "no thread");
    while (!atomic_load(&first_is_there)) {
        nap(1);
    }
    OK(MPI_Send(NULL, 0, MPI_BYTE, 0, FIRST, MPI_COMM_SELF));
    is_second = true;
    OK(MPI_Recv(NULL, 0, MPI_BYTE, 0, SECOND, MPI_COMM_SELF, MPI_STATUS_IGNORE));
    is_second = false;
    pthread_join(thread, NULL);
    return finish();
}
