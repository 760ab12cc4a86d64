// SPDX-License-Identifier: MIT
// A thread that begins and ends sessions in a loop does not keep the library from a thread that
// waits for messages: once that one waits for the lock, it has its turn before the loop's next
// round is over. When it waits for the lock is seen by a function in front of the C library's.
// ranks: 1
// channels: shm socket
// timeout: 60
// not under: asan tsan ubsan valgrind
#define _GNU_SOURCE
#include "check.h"
#include "threads.h"

#include <dlfcn.h>
#include <stdatomic.h>

enum { MESSAGES = 200 }; // the receiver has to wait for the lock in some of them

static atomic_int waiting;  // the number of the receiver's wait for the lock; 0: it does not wait
static atomic_int waits;    // how many there were
static atomic_int received; // messages
static _Thread_local int is_receiver;

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*_Atomic real)(pthread_mutex_t *);
    if (!real) {
        real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    }
    if (!is_receiver) {
        return real(mutex);
    }
    if (pthread_mutex_trylock(mutex) == 0) {
        return 0;
    }
    waiting = ++waits;
    int result = real(mutex);
    waiting = 0;
    return result;
}

static void *receive(void *argument)
{
    int word = 0;
    is_receiver = 1;
    while (word >= 0) {
        OK(MPI_Recv(&word, 1, MPI_INT, 0, 0, MPI_COMM_SELF, MPI_STATUS_IGNORE));
        received++;
    }
    return argument;
}

// True if the receiver waited for the lock from before the round until after it.
static int one_round(void)
{
    int before = waiting;
    MPI_Session session;
    OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session));
    OK(MPI_Session_finalize(&session));
    return before != 0 && waiting == before;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    long rounds = 0, overtaken = 0;

    start_threads(&argc, &argv);
    CHECK(pthread_create(&thread, NULL, receive, NULL) == 0, "no thread");
    for (int i = 0, last = 0; !last; i++) {
        last = i + 1 == MESSAGES;
        int word = last ? -1 : i;
        OK(MPI_Send(&word, 1, MPI_INT, 0, 0, MPI_COMM_SELF));
        while (received <= i) {
            overtaken += one_round();
            rounds++;
        }
    }
    pthread_join(thread, NULL);
    CHECK(overtaken <= 2, "in %ld of %ld rounds the receiver's turn was passed over", overtaken,
          rounds);
    return finish();
}
