// SPDX-License-Identifier: MIT
// A rank that has sent what it had to send finalizes its session and exits, or goes on with another
// session, without waiting for those who receive late: short messages in numbers, long ones,
// buffered ones in each kind of buffer, and sends whose requests were freed all arrive whole.
// (Communicators are left for the session to end, so leaks are not looked for.)
// ranks: 2 4
// env: LSAN_OPTIONS=detect_leaks=0
// timeout: 120
// not under: check
#include "sessions.h"

enum { SHORT = 600, LONG = 400000, TAG_SHORT = 1, TAG_LONG, TAG_BUFFERED, TAG_FREED };

static void send_all(MPI_Session session, MPI_Comm comm, unsigned char *memory)
{
    MPI_Request request;
    int last = size - 1;
    for (int i = 0; i < SHORT; i++) {
        // More than a ring or a socket holds: only the receiver makes room.
        OK(MPI_Send(memory + i, 200, MPI_BYTE, last, TAG_SHORT, comm));
    }
    OK(MPI_Session_attach_buffer(session, MPI_BUFFER_AUTOMATIC, 0));
    OK(MPI_Bsend(memory, LONG, MPI_BYTE, last, TAG_BUFFERED, comm));
    OK(MPI_Comm_attach_buffer(comm, MPI_BUFFER_AUTOMATIC, 0));
    OK(MPI_Bsend(memory, LONG, MPI_BYTE, last, TAG_BUFFERED, comm));
    OK(MPI_Isend(memory, LONG, MPI_BYTE, last, TAG_FREED, comm, &request));
    OK(MPI_Request_free(&request));
    OK(MPI_Isend(memory, 100, MPI_BYTE, last, TAG_FREED, comm, &request));
    OK(MPI_Request_free(&request));
}

static void receive_all(MPI_Comm comm, int from, unsigned char *memory)
{
    for (int i = 0; i < SHORT; i++) {
        OK(MPI_Recv(memory, 200, MPI_BYTE, from, TAG_SHORT, comm, MPI_STATUS_IGNORE));
        for (int k = 0; k < 200; k++) {
            CHECK(memory[k] == byte_of((unsigned)from, (size_t)(i + k)), "message %d", i);
        }
    }
    for (int i = 0; i < 2; i++) {
        memset(memory, 0, LONG);
        OK(MPI_Recv(memory, LONG, MPI_BYTE, from, TAG_BUFFERED, comm, MPI_STATUS_IGNORE));
        HOLDS(memory, LONG, (unsigned)from);
    }
    OK(MPI_Recv(memory, LONG, MPI_BYTE, from, TAG_FREED, comm, MPI_STATUS_IGNORE));
    HOLDS(memory, LONG, (unsigned)from);
    OK(MPI_Recv(memory, LONG, MPI_BYTE, from, TAG_FREED, comm, MPI_STATUS_IGNORE));
    HOLDS(memory, 100, (unsigned)from);
}

static void one_session(const char *tag)
{
    MPI_Session session = session_new("MPI_THREAD_SINGLE");
    MPI_Comm comm = session_comm(session, "mpi://WORLD", tag);
    unsigned char *memory = room(LONG + 1000);
    if (rank < size - 1) {
        fill(memory, LONG + 1000, (unsigned)rank);
        send_all(session, comm, memory);
    } else {
        nap(200);
        for (int from = size - 2; from >= 0; from--) {
            receive_all(comm, from, memory);
        }
    }
    // Not freed: the session ends with what is left of the communicator.
    OK(MPI_Session_finalize(&session));
    memset(memory, 0xff, LONG);
    free(memory);
}

int main(void)
{
    whoami();
    one_session("first");
    one_session("second"); // while the last rank may still be at the first
    MPI_Session session = session_new("MPI_THREAD_SINGLE");
    MPI_Comm comm = session_comm(session, "mpi://WORLD", "third");
    int word = 5;
    if (rank == 0) { // leaves at once
        for (int to = 1; to < size; to++) {
            OK(MPI_Send(&word, 1, MPI_INT, to, 0, comm));
        }
        OK(MPI_Comm_free(&comm));
        OK(MPI_Session_finalize(&session));
        return 0;
    }
    nap(300); // rank 0 is gone
    word = 0;
    OK(MPI_Recv(&word, 1, MPI_INT, 0, 0, comm, MPI_STATUS_IGNORE));
    CHECK(word == 5, "received %d", word);
    for (int i = 0; i < 3; i++) { // the others go on
        int got = -1, n = size - 1, me = rank - 1;
        OK(MPI_Sendrecv(&rank, 1, MPI_INT, 1 + (me + 1) % n, 1, &got, 1, MPI_INT,
                        1 + (me + n - 1) % n, 1, comm, MPI_STATUS_IGNORE));
        CHECK(got == 1 + (me + n - 1) % n, "received %d", got);
    }
    OK(MPI_Comm_free(&comm));
    OK(MPI_Session_finalize(&session));
    return 0;
}
