// SPDX-License-Identifier: MIT
// Threads fill and send their own partitions of one message while others watch theirs arrive, and
// one waits for the whole.
// ranks: 1 2
// timeout: 120
#include "threads.h"

enum { THREADS = 4, EACH = 6, SENT = THREADS * EACH, SEEN = 2 * SENT, BYTES = 3000, ROUNDS = 40 };

static MPI_Request sending, receiving;
static char *out, *in;
static int now;

static unsigned message(int round, int partition)
{
    return (unsigned)(round * 1000 + partition);
}

static void *send_some(void *argument)
{
    int first = *(int *)argument * EACH;
    for (int p = first; p < first + EACH; p++) {
        fill(out + (size_t)p * 2 * BYTES, BYTES, message(now, 2 * p));
        fill(out + (size_t)p * 2 * BYTES + BYTES, BYTES, message(now, 2 * p + 1));
        OK(MPI_Pready(p, sending));
    }
    return NULL;
}

static void *watch_some(void *argument)
{
    int which = *(int *)argument;
    for (int p = which; p < SEEN; p += THREADS) {
        int flag = 0;
        while (!flag) {
            OK(MPI_Parrived(receiving, p, &flag));
        }
        HOLDS(in + (size_t)p * BYTES, BYTES, message(now, p));
    }
    return NULL;
}

static void *wait_for_all(void *unused)
{
    (void)unused;
    OK(MPI_Wait(&sending, MPI_STATUS_IGNORE));
    return NULL;
}

int main(int argc, char **argv)
{
    int numbers[THREADS];
    pthread_t senders[THREADS], watchers[THREADS], waiter;
    start_threads(&argc, &argv);
    int to = (rank + 1) % size;
    out = room((size_t)SEEN * BYTES);
    in = room((size_t)SEEN * BYTES);
    OK(MPI_Psend_init(out, SENT, 2 * BYTES, MPI_BYTE, to, 0, MPI_COMM_WORLD, MPI_INFO_NULL,
                      &sending));
    OK(MPI_Precv_init(in, SEEN, BYTES, MPI_BYTE, to, 0, MPI_COMM_WORLD, MPI_INFO_NULL, &receiving));
    for (now = 0; now < ROUNDS; now++) {
        MPI_Request same_send = sending;
        memset(in, 0, (size_t)SEEN * BYTES);
        OK(MPI_Start(&sending));
        OK(MPI_Start(&receiving));
        for (int t = 0; t < THREADS; t++) {
            numbers[t] = t;
            pthread_create(&watchers[t], NULL, watch_some, &numbers[t]);
        }
        pthread_create(&waiter, NULL, wait_for_all, NULL);
        for (int t = 0; t < THREADS; t++) {
            pthread_create(&senders[t], NULL, send_some, &numbers[t]);
        }
        for (int t = 0; t < THREADS; t++) {
            pthread_join(senders[t], NULL);
            pthread_join(watchers[t], NULL);
        }
        pthread_join(waiter, NULL);
        CHECK(sending == same_send, "a persistent request keeps its handle");
        OK(MPI_Wait(&receiving, MPI_STATUS_IGNORE));
    }
    OK(MPI_Request_free(&sending));
    OK(MPI_Request_free(&receiving));
    free(out);
    free(in);
    return finish();
}
