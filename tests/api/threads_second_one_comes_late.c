// SPDX-License-Identifier: MIT
// At MPI_THREAD_MULTIPLE the library may let a thread in without a lock while it is the only one
// that calls. Here one is, and then a second thread comes at any moment: while the first makes
// short calls, is in a callback that calls MPI itself, or waits for a message that only comes when
// the second one is done. Neither stops nor disturbs the other.
// ranks: 1 2 3
// timeout: 90
#include "threads.h"

#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = 60, WAYS = 4, MESSAGES = 40, LONGEST = 3000, ALONE = 200 };

static MPI_Comm own; // the second thread's
static atomic_int asked, answered;

static void relax(int turns)
{
    for (volatile int i = 0; i < turns; i++) {
    }
}

// To the next rank and from the one before, in every length.
static void pass(MPI_Comm comm, int salt, int number)
{
    unsigned char out[LONGEST], in[LONGEST];
    int next = (rank + 1) % size, before = (rank + size - 1) % size;
    int length = number * 97 % LONGEST;
    MPI_Status status;
    MPI_Request request;
    int got;

    memset(out, rank + salt + number, (size_t)length);
    memset(in, 0, sizeof in);
    OK(MPI_Isend(out, length, MPI_BYTE, next, number, comm, &request));
    OK(MPI_Recv(in, LONGEST, MPI_BYTE, before, number, comm, &status));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    OK(MPI_Get_count(&status, MPI_BYTE, &got));
    CHECK(got == length, "%d bytes, not %d", got, length);
    for (int i = 0; i < length; i++) {
        CHECK(in[i] == (unsigned char)(before + salt + number), "byte %d is %d", i, in[i]);
    }
}

static void *second(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        while (atomic_load(&asked) <= round) {
            sched_yield();
        }
        relax(round * 7919 % 20000);
        for (int i = 0; i < MESSAGES; i++) {
            pass(own, 100, i);
        }
        atomic_store(&answered, round + 1);
    }
    return argument;
}

// An operation that calls MPI.
static void add(void *in, void *inout, int *count, MPI_Datatype *type)
{
    const int *from = in;
    int *to = inout, bytes;
    OK(MPI_Type_size(*type, &bytes));
    CHECK(bytes == sizeof(int), "%d bytes", bytes);
    for (int i = 0; i < *count; i++) {
        to[i] += from[i];
        relax(300);
    }
}

// What the first thread does meanwhile.
static void one_round(int round, MPI_Op op)
{
    int way = round % WAYS, values[20], sums[20], word = round;

    if (way == 3) { // wait for what comes last of all
        for (int k = 0; k < 2; k++) {
            if (size == 1 || rank == 1 - k) {
                while (atomic_load(&answered) <= round) {
                    sched_yield();
                }
            }
            if (size > 1 && rank == 1 - k) {
                OK(MPI_Send(&word, 1, MPI_INT, k, round, MPI_COMM_WORLD));
            } else if (size > 1 && rank == k) {
                OK(MPI_Recv(&word, 1, MPI_INT, 1 - k, round, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
                CHECK(word == round, "received %d", word);
            }
        }
    }
    for (int i = 0; i < MESSAGES; i++) {
        if (way == 0) {
            pass(MPI_COMM_WORLD, 0, i);
        } else if (way == 1) {
            for (int k = 0; k < 20; k++) {
                values[k] = rank + k;
            }
            OK(MPI_Allreduce(values, sums, 20, MPI_INT, op, MPI_COMM_WORLD));
            CHECK(sums[3] == size * (size - 1) / 2 + 3 * size, "sum %d", sums[3]);
        } else if (way == 2) {
            OK(MPI_Sendrecv(&round, 1, MPI_INT, rank, 9, &word, 1, MPI_INT, rank, 9, MPI_COMM_WORLD,
                            MPI_STATUS_IGNORE));
            CHECK(word == round, "received %d", word);
        }
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;
    MPI_Op op;

    start_threads(&argc, &argv);
    OK(MPI_Comm_dup(MPI_COMM_WORLD, &own));
    OK(MPI_Op_create(add, 1, &op));
    CHECK(!pthread_create(&thread, NULL, second, NULL), "no thread");
    for (int round = 0; round < ROUNDS; round++) {
        MPI_Session session;
        // A new user of MPI, and gone again: a moment at which a library may change its mind.
        OK(MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_RETURN, &session));
        OK(MPI_Session_finalize(&session));
        for (int i = 0; i < ALONE; i++) {
            pass(MPI_COMM_WORLD, 50, i % 50);
        }
        atomic_store(&asked, round + 1);
        one_round(round, op);
        while (atomic_load(&answered) <= round) {
            sched_yield();
        }
    }
    pthread_join(thread, NULL);
    OK(MPI_Op_free(&op));
    OK(MPI_Comm_free(&own));
    return finish();
}
