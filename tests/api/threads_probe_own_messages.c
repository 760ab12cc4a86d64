// SPDX-License-Identifier: MIT
// A thread that waits for a message of its own rank gets it from another thread, in whatever way
// that one sends and this one waits.
// ranks: 1 2
// timeout: 120
#include "asleep.h"
#include "threads.h"
#include <stdatomic.h>

enum { LONG = 1 << 20, TAG = 7 };

static MPI_Comm comm;
static int self;
static MPI_Datatype every_other; // two bytes that are not in a row
static _Atomic long waiting_thread;
static char *buffers[2];

// ---- How it is waited for

enum waiter { PROBE, MPROBE, RECV, IRECV, WAITANY, WAITSOME, PERSISTENT, WAITERS };

static int way_to_wait, source, count;
static MPI_Datatype datatype;

static void receive(MPI_Request *requests, int *index)
{
    OK(MPI_Irecv(buffers[1], count, datatype, source, TAG, comm, &requests[0]));
    OK(MPI_Irecv(NULL, 0, MPI_BYTE, self, TAG + 1, comm, &requests[1]));
    if (way_to_wait == WAITANY) {
        OK(MPI_Waitany(2, requests, index, MPI_STATUS_IGNORE));
    } else {
        int done;
        OK(MPI_Waitsome(2, requests, &done, index, MPI_STATUSES_IGNORE));
        CHECK(done == 1, "%d are complete", done);
    }
    CHECK(*index == 0, "request %d is complete", *index);
    OK(MPI_Cancel(&requests[1]));
    OK(MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
}

static void *wait_for_it(void *unused)
{
    MPI_Request requests[2];
    MPI_Message message;
    MPI_Status status;
    int index;

    atomic_store(&waiting_thread, syscall(SYS_gettid));
    switch (way_to_wait) {
    case PROBE:
        OK(MPI_Probe(source, TAG, comm, &status));
        CHECK(status.MPI_SOURCE == self, "it is from rank %d", status.MPI_SOURCE);
        OK(MPI_Recv(buffers[1], count, datatype, source, TAG, comm, MPI_STATUS_IGNORE));
        break;
    case MPROBE:
        OK(MPI_Mprobe(source, TAG, comm, &message, MPI_STATUS_IGNORE));
        OK(MPI_Mrecv(buffers[1], count, datatype, &message, MPI_STATUS_IGNORE));
        break;
    case RECV:
        OK(MPI_Recv(buffers[1], count, datatype, source, TAG, comm, MPI_STATUS_IGNORE));
        break;
    case IRECV:
        OK(MPI_Irecv(buffers[1], count, datatype, source, TAG, comm, requests));
        OK(MPI_Wait(requests, MPI_STATUS_IGNORE));
        break;
    case PERSISTENT:
        OK(MPI_Recv_init(buffers[1], count, datatype, source, TAG, comm, requests));
        OK(MPI_Start(requests));
        OK(MPI_Wait(requests, MPI_STATUS_IGNORE));
        OK(MPI_Request_free(requests));
        break;
    default:
        receive(requests, &index);
    }
    return unused;
}

// Until the other thread most likely sleeps in the library: that is where it has to be woken.
static void let_it_sleep(void)
{
    while (!atomic_load(&waiting_thread)) {
        nap(1);
    }
    until_asleep((long)getpid(), atomic_load(&waiting_thread));
}

// ---- How it is sent

enum sender { SEND, SSEND, BSEND, ISEND, ISSEND, FREED, START, SSTART, SENDERS };

static void complete(MPI_Request *request)
{
    OK(MPI_Wait(request, MPI_STATUS_IGNORE));
}

static void send_it(int way)
{
    MPI_Request request;

    switch (way) {
    case SEND:
        OK(MPI_Send(buffers[0], count, datatype, self, TAG, comm));
        break;
    case SSEND:
        OK(MPI_Ssend(buffers[0], count, datatype, self, TAG, comm));
        break;
    case BSEND:
        OK(MPI_Bsend(buffers[0], count, datatype, self, TAG, comm));
        break;
    case ISEND:
        OK(MPI_Isend(buffers[0], count, datatype, self, TAG, comm, &request));
        complete(&request);
        break;
    case ISSEND:
        OK(MPI_Issend(buffers[0], count, datatype, self, TAG, comm, &request));
        complete(&request);
        break;
    case FREED:
        OK(MPI_Issend(buffers[0], count, datatype, self, TAG, comm, &request));
        OK(MPI_Request_free(&request));
        break;
    default:
        if (way == START) {
            OK(MPI_Send_init(buffers[0], count, datatype, self, TAG, comm, &request));
        } else {
            OK(MPI_Ssend_init(buffers[0], count, datatype, self, TAG, comm, &request));
        }
        OK(MPI_Start(&request));
        complete(&request);
        OK(MPI_Request_free(&request));
    }
}

static void once(int waiter, int sender, int from, int elements, MPI_Datatype type)
{
    pthread_t thread;

    way_to_wait = waiter;
    source = from;
    count = elements;
    datatype = type;
    atomic_store(&waiting_thread, 0);
    memset(buffers[1], 0, LONG);
    CHECK(pthread_create(&thread, NULL, wait_for_it, NULL) == 0, "no thread");
    let_it_sleep();
    send_it(sender);
    pthread_join(thread, NULL);
    CHECK(buffers[1][0] == buffers[0][0], "it did not come");
}

int main(int argc, char **argv)
{
    static char attached[2 * LONG];
    start_threads(&argc, &argv);
    for (int i = 0; i < 2; i++) {
        buffers[i] = room(LONG);
    }
    fill(buffers[0], LONG, 3);
    OK(MPI_Type_vector(2, 1, 2, MPI_BYTE, &every_other));
    OK(MPI_Type_commit(&every_other));
    OK(MPI_Buffer_attach(attached, sizeof attached));
    for (int of_world = 0; of_world < 2; of_world++) {
        comm = of_world ? MPI_COMM_WORLD : MPI_COMM_SELF;
        self = of_world ? rank : 0;
        for (int waiter = 0; waiter < WAITERS; waiter++) {
            for (int sender = 0; sender < SENDERS; sender++) {
                int from = (waiter + sender + of_world) % 2 ? self : MPI_ANY_SOURCE;
                int turn = waiter + sender;
                if (turn % 3 == 0 || waiter == PROBE || waiter == MPROBE) {
                    once(waiter, sender, from, 8, MPI_BYTE);
                }
                if (turn % 3 == 1 || waiter == PROBE || waiter == MPROBE) {
                    once(waiter, sender, from, LONG, MPI_BYTE);
                }
                if (turn % 3 == 2) {
                    once(waiter, sender, from, 1, every_other);
                }
            }
        }
    }
    void *memory;
    int bytes;
    OK(MPI_Buffer_detach(&memory, &bytes));
    OK(MPI_Type_free(&every_other));
    free(buffers[0]);
    free(buffers[1]);
    return finish();
}
