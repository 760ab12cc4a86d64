// SPDX-License-Identifier: MIT
// With MPI_THREAD_MULTIPLE several threads are in collectives, each on a communicator of its own:
// blocking ones, and more nonblocking ones under way than a board has posts for, completed in
// another order by each rank; the communicator is freed while they are under way.
// ranks: 1 2 3 5
// timeout: 120
#include "threads.h"

#include <stdbool.h>

enum { THREADS = 3, ROUNDS = 12, MOST = 100, VALUES = 20, LONG = 3000 };
static MPI_Comm comms[THREADS];

struct operation {
    int kind, root, count;
    long in[LONG], sum[LONG];
    MPI_Request request;
};

static int draw(unsigned *state, int below)
{
    *state = *state * 1664525u + 1013904223u;
    return (int)((*state >> 8) % (unsigned)below);
}

static long value(int number, int from, int i)
{
    return number * 1000L + from * 10 + i % 7;
}

static void begin(struct operation *o, int number, MPI_Comm comm, bool blocking)
{
    for (int i = 0; i < o->count; i++) {
        o->in[i] = value(number, rank, i);
        o->sum[i] = -1;
    }
    long *in = o->in, *sum = o->sum;
    if (o->kind == 0) {
        OK(blocking ? MPI_Bcast(in, o->count, MPI_LONG, o->root, comm)
                    : MPI_Ibcast(in, o->count, MPI_LONG, o->root, comm, &o->request));
    } else if (o->kind == 1) {
        OK(blocking ? MPI_Allreduce(in, sum, o->count, MPI_LONG, MPI_SUM, comm)
                    : MPI_Iallreduce(in, sum, o->count, MPI_LONG, MPI_SUM, comm, &o->request));
    } else {
        OK(blocking
               ? MPI_Reduce(in, sum, o->count, MPI_LONG, MPI_SUM, o->root, comm)
               : MPI_Ireduce(in, sum, o->count, MPI_LONG, MPI_SUM, o->root, comm, &o->request));
    }
}

static void check(const struct operation *o, int number)
{
    for (int i = 0; i < o->count; i++) {
        long sum = 0;
        for (int from = 0; from < size; from++) {
            sum += value(number, from, i);
        }
        if (o->kind == 0) {
            CHECK(o->in[i] == value(number, o->root, i), "%d: %ld", number, o->in[i]);
        } else if (o->kind == 1 || o->root == rank) {
            CHECK(o->sum[i] == sum, "%d: %ld, not %ld", number, o->sum[i], sum);
        }
    }
}

static void *collect(void *argument)
{
    int me = (int)(intptr_t)argument;
    unsigned shared = (unsigned)me + 1, own = (unsigned)(me * 100 + rank);
    struct operation *operations = room(MOST * sizeof *operations);
    int places[MOST];
    MPI_Comm comm = comms[me];

    for (int round = 0; round < ROUNDS; round++) {
        MPI_Comm next;
        int count = 0;
        OK(MPI_Comm_dup(comm, &next));
        for (int i = 0; i < MOST; i++) {
            struct operation *o = &operations[i];
            bool blocking = draw(&shared, 4) == 0;
            o->kind = draw(&shared, 3);
            o->root = draw(&shared, size);
            o->count = draw(&shared, 10) == 0 ? LONG : draw(&shared, VALUES);
            o->request = MPI_REQUEST_NULL;
            begin(o, i, comm, blocking);
            places[count++] = i;
        }
        OK(MPI_Comm_free(&comm));
        comm = next;
        while (count > 0) {
            int k = draw(&own, count), done = 1;
            struct operation *o = &operations[places[k]];
            if (draw(&own, 2)) {
                OK(MPI_Test(&o->request, &done, MPI_STATUS_IGNORE));
            } else {
                OK(MPI_Wait(&o->request, MPI_STATUS_IGNORE));
            }
            if (done) {
                check(o, places[k]);
                places[k] = places[--count];
            }
        }
    }
    comms[me] = comm;
    free(operations);
    return NULL;
}

int main(int argc, char **argv)
{
    start_threads(&argc, &argv);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]));
    }
    in_threads(THREADS, collect);
    for (int i = 0; i < THREADS; i++) {
        OK(MPI_Comm_free(&comms[i]));
    }
    return finish();
}
