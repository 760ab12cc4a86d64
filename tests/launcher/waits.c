// SPDX-License-Identifier: MIT
// Programs that wait for each other for ever, and programs that seem to: `waits CASE`. The last
// rank of `partial...` and of the live ones works on, or sleeps, for a second. See
// deadlocks_are_told.sh, which says what each comes to.
#include <mpi.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define W   MPI_COMM_WORLD
#define IGN MPI_STATUS_IGNORE
enum { LONG = 1 << 20 };
static int rank, size, next, before;
static char *buffer, *other;

static void nap(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&time, &time) != 0) {
    }
}

static void compute(double seconds)
{
    double until = MPI_Wtime() + seconds;
    while (MPI_Wtime() < until) {
    }
}

static void recv_from(int from, int tag, MPI_Comm comm)
{
    MPI_Recv(buffer, LONG, MPI_CHAR, from, tag, comm, IGN);
}

static void *late_complete(void *request)
{
    nap(1);
    MPI_Grequest_complete(*(MPI_Request *)request);
    return NULL;
}

static void *late_send(void *unused)
{
    nap(1);
    MPI_Send(buffer, 1, MPI_CHAR, next, 1, W);
    return unused;
}

static int no_query(void *state, MPI_Status *status)
{
    (void)state;
    MPI_Status_set_elements(status, MPI_BYTE, 0);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = status->MPI_TAG = MPI_UNDEFINED;
    return 0;
}

static int nothing(void *state)
{
    (void)state;
    return 0;
}

static int no_cancel(void *state, int complete)
{
    (void)state;
    (void)complete;
    return 0;
}

static void on_alarm(int signal)
{
    (void)signal;
    nap(1);
}

static void slow_sum(void *in, void *inout, int *length, MPI_Datatype *type)
{
    (void)type;
    nap(0.3);
    for (int i = 0; i < *length; i++) {
        ((int *)inout)[i] += ((int *)in)[i];
    }
}

// Rank 0 receives what nobody sends, and the others are in a collective operation.
static int missing_in(const char *what)
{
    MPI_Comm grid, local, remote;
    MPI_Request r;
    int one[64] = {1}, sum[64], counts[64], dims = size, wrap = 1;

    for (int i = 0; i < 64; i++) {
        counts[i] = 1;
    }
    if (strcmp(what, "in-neighbor") == 0) {
        MPI_Cart_create(W, 1, &dims, &wrap, 0, &grid);
    } else if (strcmp(what, "in-intercomm") == 0) {
        MPI_Comm_split(W, rank % 2, rank, &local);
        MPI_Intercomm_create(local, 0, W, 1 - rank % 2, 3, &remote);
    }
    if (rank == 0) {
        recv_from(1, 7, W);
    } else if (strcmp(what, "in-reduce") == 0) {
        MPI_Reduce(one, sum, 1, MPI_INT, MPI_SUM, 1, W);
        recv_from(0, 8, W);
    } else if (strcmp(what, "in-gather") == 0) {
        MPI_Gather(one, 1, MPI_INT, sum, 1, MPI_INT, 1, W);
        recv_from(0, 8, W);
    } else if (strcmp(what, "in-scatter") == 0) {
        MPI_Scatter(one, 1, MPI_INT, sum, 1, MPI_INT, 0, W);
    } else if (strcmp(what, "in-allgather") == 0) {
        MPI_Allgather(one, 1, MPI_INT, sum, 1, MPI_INT, W);
    } else if (strcmp(what, "in-alltoall") == 0) {
        MPI_Alltoall(one, 1, MPI_INT, sum, 1, MPI_INT, W);
    } else if (strcmp(what, "in-scan") == 0) {
        MPI_Scan(one, sum, 1, MPI_INT, MPI_SUM, W);
    } else if (strcmp(what, "in-reduce-scatter") == 0) {
        MPI_Reduce_scatter(one, sum, counts, MPI_INT, MPI_SUM, W);
    } else if (strcmp(what, "in-allreduce-long") == 0) {
        MPI_Allreduce(buffer, other, LONG, MPI_CHAR, MPI_MAX, W);
    } else if (strcmp(what, "in-alltoall-long") == 0) {
        MPI_Alltoall(buffer, LONG / 64, MPI_CHAR, other, LONG / 64, MPI_CHAR, W);
    } else if (strcmp(what, "in-ibcast") == 0) {
        MPI_Ibcast(buffer, LONG, MPI_CHAR, 0, W, &r);
        MPI_Wait(&r, IGN);
    } else if (strcmp(what, "in-ialltoall") == 0) {
        MPI_Ialltoall(one, 1, MPI_INT, sum, 1, MPI_INT, W, &r);
        MPI_Wait(&r, IGN);
    } else if (strcmp(what, "in-neighbor") == 0) {
        MPI_Neighbor_allgather(one, 1, MPI_INT, sum, 1, MPI_INT, grid);
    } else if (strcmp(what, "in-intercomm") == 0) {
        MPI_Barrier(remote);
    } else if (strcmp(what, "in-idup") == 0) {
        MPI_Comm_idup(W, &grid, &r);
        MPI_Wait(&r, IGN);
    } else if (strcmp(what, "in-create") == 0) {
        MPI_Group all;
        MPI_Comm_group(W, &all);
        MPI_Comm_create(W, all, &grid);
    } else {
        return 0;
    }
    return 1;
}

static void deadlock(const char *what)
{
    MPI_Request r[20];
    MPI_Comm comm, second;
    int index, one = 1, sum;

    if (strcmp(what, "recv") == 0) {
        recv_from(next, 7, W);
    } else if (strcmp(what, "recv-any") == 0) {
        recv_from(MPI_ANY_SOURCE, MPI_ANY_TAG, W);
    } else if (strcmp(what, "probe") == 0) {
        MPI_Probe(next, 7, W, IGN);
    } else if (strcmp(what, "mprobe") == 0) {
        MPI_Message message;
        MPI_Mprobe(MPI_ANY_SOURCE, 7, W, &message, IGN);
    } else if (strcmp(what, "ssend") == 0) {
        MPI_Ssend(buffer, 1, MPI_CHAR, next, 7, W);
    } else if (strcmp(what, "send-long") == 0) {
        MPI_Send(buffer, LONG, MPI_CHAR, next, 7, W);
    } else if (strcmp(what, "self") == 0) {
        MPI_Ssend(buffer, 1, MPI_CHAR, rank, 7, W);
    } else if (strcmp(what, "tag") == 0) { // the message has another tag
        MPI_Send(buffer, 1, MPI_CHAR, next, 8, W);
        recv_from(before, 7, W);
    } else if (strcmp(what, "wait") == 0) {
        MPI_Irecv(buffer, 1, MPI_CHAR, next, 7, W, r);
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "waitall") == 0) {
        for (int i = 0; i < 20; i++) {
            MPI_Irecv(other + i, 1, MPI_CHAR, next, i, W, r + i);
        }
        MPI_Send(buffer, 1, MPI_CHAR, before, 3, W);
        MPI_Waitall(20, r, MPI_STATUSES_IGNORE);
    } else if (strcmp(what, "waitany") == 0) {
        MPI_Irecv(other, 1, MPI_CHAR, next, 1, W, r);
        MPI_Irecv(other + 1, 1, MPI_CHAR, before, 2, W, r + 1);
        MPI_Waitany(2, r, &index, IGN);
    } else if (strcmp(what, "persistent") == 0) {
        MPI_Recv_init(buffer, 1, MPI_CHAR, next, 7, W, r);
        MPI_Start(r);
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "missing-member") == 0) {
        rank == 0 ? recv_from(1, 7, W) : (void)MPI_Barrier(W);
    } else if (strcmp(what, "bcast") == 0) { // the root receives first
        if (rank == 0) {
            recv_from(1, 7, W);
        }
        MPI_Bcast(buffer, LONG, MPI_CHAR, 0, W);
    } else if (strcmp(what, "allreduce") == 0) {
        rank == 0 ? recv_from(1, 7, W) : (void)MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, W);
    } else if (strcmp(what, "ibarrier") == 0) {
        if (rank == 0) {
            recv_from(1, 7, W);
        } else {
            MPI_Ibarrier(W, r);
            MPI_Wait(r, IGN);
        }
    } else if (strcmp(what, "iallreduce-long") == 0) {
        if (rank == 0) {
            recv_from(1, 7, W);
        } else {
            MPI_Iallreduce(buffer, other, LONG, MPI_CHAR, MPI_MAX, W, r);
            MPI_Wait(r, IGN);
        }
    } else if (strcmp(what, "two-communicators") == 0) {
        MPI_Comm_dup(W, &comm);
        MPI_Comm_dup(W, &second);
        MPI_Comm_set_name(second, "the second");
        MPI_Barrier(rank == 0 ? comm : second);
    } else if (strcmp(what, "other-communicator") == 0) {
        MPI_Comm_dup(W, &comm);
        rank == 0 ? (void)MPI_Ssend(buffer, 1, MPI_CHAR, 1, 7, comm) : recv_from(before, 7, W);
    } else if (strcmp(what, "dup") == 0) {
        rank == 0 ? recv_from(1, 7, W) : (void)MPI_Comm_dup(W, &comm);
    } else if (strcmp(what, "split") == 0) {
        rank == 0 ? recv_from(1, 7, W) : (void)MPI_Comm_split(W, 0, 0, &comm);
    } else if (strcmp(what, "split-recv") == 0) {
        int of, at;
        MPI_Comm_split(W, rank < 2, -rank, &comm);
        MPI_Comm_size(comm, &of);
        MPI_Comm_rank(comm, &at);
        recv_from((at + 1) % of, 7, comm);
    } else if (strcmp(what, "intercomm") == 0) {
        int group = rank % 2;
        MPI_Comm_split(W, group, rank, &comm);
        MPI_Intercomm_create(comm, 0, W, 1 - group, 3, &second);
        recv_from(0, 7, second);
    } else if (strcmp(what, "finalize") == 0) {
        if (rank == 0) {
            recv_from(1, 7, W);
        }
    } else if (strcmp(what, "ring-full") == 0) {
        for (int i = 0; rank == 0 && i < 100000; i++) {
            MPI_Ssend(buffer, i < 50 ? 0 : 100, MPI_CHAR, 1, 7, W);
        }
        for (int i = 0; rank == 1 && i < 50; i++) {
            recv_from(0, 7, W);
        }
        recv_from(next, 9, W);
    } else if (strcmp(what, "sendrecv") == 0) {
        MPI_Sendrecv(buffer, 1, MPI_CHAR, next, 1, other, 1, MPI_CHAR, next, 2, W, IGN);
    } else if (strcmp(what, "sendrecv-long") == 0) { // all send on, and nobody receives that tag
        MPI_Sendrecv(buffer, LONG, MPI_CHAR, next, 1, other, LONG, MPI_CHAR, before, 2, W, IGN);
    } else if (strcmp(what, "issend") == 0) {
        MPI_Issend(buffer, 1, MPI_CHAR, next, 7, W, r);
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "ssend-init") == 0) {
        MPI_Ssend_init(buffer, 1, MPI_CHAR, next, 7, W, r);
        MPI_Start(r);
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "waitsome") == 0) {
        int count, which[2];
        MPI_Irecv(other, 1, MPI_CHAR, next, 1, W, r);
        MPI_Issend(buffer, 1, MPI_CHAR, before, 2, W, r + 1);
        MPI_Waitsome(2, r, &count, which, MPI_STATUSES_IGNORE);
    } else if (strcmp(what, "waitall-mixed") == 0) {
        MPI_Irecv(other, 1, MPI_CHAR, before, 1, W, r);
        MPI_Issend(buffer, 1, MPI_CHAR, next, 1, W, r + 1);
        MPI_Irecv(other + 1, 1, MPI_CHAR, next, 2, W, r + 2);
        MPI_Waitall(3, r, MPI_STATUSES_IGNORE);
    } else if (strcmp(what, "self-recv") == 0) {
        recv_from(rank, 7, W);
    } else if (strcmp(what, "chain") == 0) { // to a cycle of the last two
        recv_from(rank == size - 1 ? rank - 1 : next, 7, W);
    } else if (strcmp(what, "any-and-chain") == 0) {
        recv_from(rank == 0 ? MPI_ANY_SOURCE : before, 7, W);
    } else if (strcmp(what, "any-in-split") == 0) {
        MPI_Comm_split(W, rank % 2, rank, &comm);
        recv_from(MPI_ANY_SOURCE, 7, comm);
    } else if (strcmp(what, "late-tag") == 0) { // what went well before does not matter
        for (int i = 0; i < 1000; i++) {
            MPI_Sendrecv(buffer, 100, MPI_CHAR, next, i, other, 100, MPI_CHAR, before, i, W, IGN);
        }
        MPI_Barrier(W);
        recv_from(next, 7, W);
    } else if (strcmp(what, "late-long") == 0) {
        for (int i = 0; i < 20; i++) {
            MPI_Sendrecv(buffer, LONG, MPI_CHAR, next, i, other, LONG, MPI_CHAR, before, i, W, IGN);
        }
        MPI_Ssend(buffer, LONG, MPI_CHAR, next, 7, W);
    } else if (strcmp(what, "bsend-detach") == 0) {
        static char space[1000];
        void *detached;
        int bytes;
        MPI_Buffer_attach(space, sizeof space);
        MPI_Bsend(buffer, 100, MPI_CHAR, next, 1, W);
        recv_from(next, 7, W);
        MPI_Buffer_detach(&detached, &bytes);
    } else if (strcmp(what, "pcoll") == 0) {
        MPI_Barrier_init(W, MPI_INFO_NULL, r);
        if (rank == 0) {
            recv_from(1, 7, W);
        }
        MPI_Start(r);
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "bcast-against-recv") == 0) {
        rank == 1 ? recv_from(0, 7, W) : (void)MPI_Bcast(buffer, 1, MPI_CHAR, 1, W);
    } else if (strcmp(what, "after-ibarrier") == 0) { // it is over without the others' next call
        MPI_Ibarrier(W, r);
        recv_from(next, 7, W);
    } else if (!missing_in(what)) {
        exit(3);
    }
}

static void token(int tag, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        if (i > 0 || rank > 0) {
            char byte;
            MPI_Recv(&byte, 1, MPI_CHAR, before, tag, W, IGN);
        }
        nap(0.02);
        MPI_Send(buffer, 1, MPI_CHAR, next, tag, W);
    }
    if (rank == 0) {
        char byte;
        MPI_Recv(&byte, 1, MPI_CHAR, before, tag, W, IGN);
    }
}

static void *token_thread(void *unused)
{
    token(77, 20);
    return unused;
}

static void *sleeper(void *unused)
{
    nap(1);
    return unused;
}

static void live(const char *what)
{
    MPI_Request r[2];
    int last = rank == size - 1, flag = 0, one = 1, sum;

    if (strcmp(what, "live-compute") == 0 || strcmp(what, "live-sleep") == 0) {
        if (last) {
            strcmp(what, "live-sleep") == 0 ? nap(1) : compute(1);
        }
        MPI_Barrier(W);
    } else if (strcmp(what, "live-poll") == 0) {
        if (last) {
            for (double until = MPI_Wtime() + 1; MPI_Wtime() < until;) {
                MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, W, &flag, IGN);
            }
            MPI_Send(buffer, 1, MPI_CHAR, 0, 7, W);
        } else if (rank == 0) {
            recv_from(size - 1, 7, W);
        }
    } else if (strcmp(what, "live-any") == 0) {
        if (last) {
            nap(1);
            for (int i = 0; i < size - 1; i++) {
                MPI_Send(buffer, 1, MPI_CHAR, i, 7, W);
            }
        } else {
            recv_from(MPI_ANY_SOURCE, 7, W);
        }
    } else if (strcmp(what, "live-waitany") == 0) {
        if (last) {
            nap(1);
            for (int i = 0; i < size - 1; i++) {
                MPI_Send(buffer, 1, MPI_CHAR, i, 7, W);
            }
        } else {
            MPI_Irecv(buffer, 1, MPI_CHAR, rank, 1, W, r);
            MPI_Irecv(other, 1, MPI_CHAR, size - 1, 7, W, r + 1);
            MPI_Waitany(2, r, &flag, IGN);
            MPI_Cancel(r);
            MPI_Wait(r, IGN);
        }
    } else if (strcmp(what, "live-grequest") == 0) {
        pthread_t thread;
        MPI_Grequest_start(no_query, nothing, no_cancel, NULL, r);
        pthread_create(&thread, NULL, late_complete, r);
        r[1] = r[0];
        MPI_Wait(r + 1, IGN);
        pthread_join(thread, NULL);
    } else if (strcmp(what, "live-thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, late_send, NULL);
        recv_from(before, 1, W);
        pthread_join(thread, NULL);
    } else if (strcmp(what, "live-handler") == 0) {
        signal(SIGALRM, on_alarm);
        if (last) {
            alarm(1);
            pause();
        }
        MPI_Barrier(W);
    } else if (strcmp(what, "live-operator") == 0) {
        MPI_Op op;
        MPI_Op_create(slow_sum, 1, &op);
        MPI_Allreduce(&one, &sum, 1, MPI_INT, op, W);
    } else if (strcmp(what, "live-ibarrier") == 0) { // moved on inside while ranks are in receives
        MPI_Ibarrier(W, r);
        if (last) {
            nap(1);
        }
        MPI_Wait(r, IGN);
    } else if (strcmp(what, "live-bcast-inside") == 0) {
        // Rank 1 passes the long message on while it waits for something else.
        MPI_Comm comm;
        MPI_Comm_dup(W, &comm);
        if (last) {
            nap(1);
        }
        MPI_Ibcast(buffer, LONG, MPI_CHAR, size - 1, comm, r);
        if (rank == 0) {
            MPI_Wait(r, IGN);
            MPI_Send(buffer, 1, MPI_CHAR, 1, 7, W);
        } else {
            if (rank == 1) {
                recv_from(0, 7, W);
            }
            MPI_Wait(r, IGN);
        }
    } else if (strcmp(what, "live-long") == 0) { // the receiver of a long message comes late
        if (last) {
            nap(1);
            for (int i = 0; i < size - 1; i++) {
                recv_from(MPI_ANY_SOURCE, 7, W);
            }
        } else {
            MPI_Send(buffer, LONG, MPI_CHAR, size - 1, 7, W);
        }
    } else if (strcmp(what, "live-token") == 0) { // all but one sleep
        token(7, 30);
    } else if (strcmp(what, "live-tokens") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, token_thread, NULL);
        token(7, 20);
        pthread_join(thread, NULL);
    } else if (strcmp(what, "live-sleeper") == 0) { // a thread that may call, and does not
        pthread_t thread;
        pthread_create(&thread, NULL, sleeper, NULL);
        if (rank == 0) {
            pthread_join(thread, NULL);
        }
        MPI_Barrier(W);
        if (rank != 0) {
            pthread_join(thread, NULL);
        }
    } else if (strcmp(what, "live-flood") == 0) { // the receiver comes late to a full ring
        for (int i = 0; !last && i < 3000; i++) {
            MPI_Send(buffer, 1000, MPI_CHAR, size - 1, 7, W);
        }
        if (last) {
            nap(1);
        }
        for (int i = 0; last && i < 3000 * (size - 1); i++) {
            recv_from(MPI_ANY_SOURCE, 7, W);
        }
    } else if (strcmp(what, "live-subgroups") == 0) { // each waits for the one before it in turn
        MPI_Comm comm;
        MPI_Comm_split(W, rank / 2, rank, &comm);
        if (rank % 2) {
            nap(0.3 * (1 + rank / 2));
        }
        MPI_Barrier(comm);
        MPI_Barrier(W);
    } else if (strcmp(what, "live-stop") == 0) {
        if (last) {
            raise(SIGSTOP);
        }
        MPI_Barrier(W);
    } else {
        exit(3);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int provided, multiple = strcmp(what, "live-grequest") == 0 ||
                             strcmp(what, "live-thread") == 0 || strcmp(what, "live-tokens") == 0 ||
                             strcmp(what, "live-sleeper") == 0 || argc > 2;

    MPI_Init_thread(&argc, &argv, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE, &provided);
    MPI_Comm_rank(W, &rank);
    MPI_Comm_size(W, &size);
    next = (rank + 1) % size;
    before = (rank + size - 1) % size;
    buffer = calloc(1, LONG);
    other = calloc(1, LONG);
    if (strncmp(what, "live", 4) == 0) {
        live(what);
    } else if (strncmp(what, "partial", 7) == 0) { // the first two; the others work on
        MPI_Comm pair;
        MPI_Comm_split(W, rank < 2, rank, &pair);
        if (rank < 2 && strcmp(what, "partial-ssend") == 0) {
            MPI_Ssend(buffer, 1, MPI_CHAR, 1 - rank, 7, W);
        } else if (rank < 2 && strcmp(what, "partial-any") == 0) {
            recv_from(MPI_ANY_SOURCE, 7, pair);
        } else if (rank < 2) {
            recv_from(1 - rank, 7, W);
        }
        for (;;) {
            nap(0.01);
        }
    } else {
        deadlock(what);
    }
    MPI_Finalize();
    return 0;
}
