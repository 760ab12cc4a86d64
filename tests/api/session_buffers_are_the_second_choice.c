// SPDX-License-Identifier: MIT
// A buffered send takes the buffer of its communicator, else of its communicator's session, else of
// the process: told apart by which one the message fits. Flushing and detaching concern their own.
// ranks: 2
#include "sessions.h"

enum { MESSAGE = 50000, BIG = 8 * MESSAGE, SMALL = 100 + MPI_BSEND_OVERHEAD };

static unsigned char message[MESSAGE], arrived[MESSAGE];

// Whether a message of that size finds room.
static int fits(MPI_Comm comm, int bytes)
{
    int fine = MPI_Bsend(message, bytes, MPI_BYTE, 1 - rank, 3, comm) == MPI_SUCCESS, theirs = -1;
    OK(MPI_Sendrecv(&fine, 1, MPI_INT, 1 - rank, 4, &theirs, 1, MPI_INT, 1 - rank, 4, comm,
                    MPI_STATUS_IGNORE));
    CHECK(theirs == fine, "both ranks do the same");
    if (theirs) {
        memset(arrived, 0, sizeof arrived);
        OK(MPI_Recv(arrived, MESSAGE, MPI_BYTE, 1 - rank, 3, comm, MPI_STATUS_IGNORE));
        HOLDS(arrived, bytes, (unsigned)(1 - rank));
    }
    return fine;
}

int main(void)
{
    static char of_process[BIG], of_session[SMALL], of_comm[BIG];
    whoami();
    fill(message, MESSAGE, (unsigned)rank);
    MPI_Session session = session_new(NULL), other = session_new(NULL);
    MPI_Comm comm = session_comm(session, "mpi://WORLD", "one"), derived;
    MPI_Comm elsewhere = session_comm(other, "mpi://WORLD", "two");
    OK(MPI_Comm_dup(comm, &derived));
    CHECK(!fits(comm, 10), "a buffered send without a buffer");
    OK(MPI_Buffer_attach(of_process, BIG));
    CHECK(fits(comm, MESSAGE) && fits(derived, MESSAGE), "the process's buffer is not used");
    OK(MPI_Session_attach_buffer_c(session, of_session, SMALL));
    FAILS(MPI_ERR_BUFFER, MPI_Session_attach_buffer(session, of_session, SMALL));
    CHECK(!fits(comm, MESSAGE) && !fits(derived, MESSAGE), "the session's buffer is passed over");
    CHECK(fits(comm, 100) && fits(derived, 100), "the session's buffer is not used");
    CHECK(fits(elsewhere, MESSAGE), "another session's buffer is used");
    OK(MPI_Comm_attach_buffer(derived, of_comm, BIG));
    CHECK(fits(derived, MESSAGE), "the communicator's buffer is not used");
    CHECK(!fits(comm, MESSAGE), "another communicator's buffer is used");
    // Flushes.
    MPI_Request request;
    OK(MPI_Bsend(message, 100, MPI_BYTE, 1 - rank, 3, comm));
    OK(MPI_Session_iflush_buffer(session, &request));
    OK(MPI_Recv(arrived, 100, MPI_BYTE, 1 - rank, 3, comm, MPI_STATUS_IGNORE));
    OK(MPI_Wait(&request, MPI_STATUS_IGNORE));
    OK(MPI_Session_flush_buffer(session));
    OK(MPI_Session_flush_buffer(other)); // has none
    void *memory;
    int bytes;
    MPI_Count count;
    OK(MPI_Session_detach_buffer(session, &memory, &bytes));
    CHECK(memory == of_session && bytes == SMALL, "detached %p, %d", memory, bytes);
    CHECK(fits(comm, MESSAGE), "the process's buffer is not used again");
    OK(MPI_Session_attach_buffer(session, MPI_BUFFER_AUTOMATIC, 0));
    CHECK(fits(comm, MESSAGE), "no automatic buffer");
    OK(MPI_Session_detach_buffer_c(session, &memory, &count));
    CHECK(memory == MPI_BUFFER_AUTOMATIC, "detached %p", memory);
    OK(MPI_Buffer_detach(&memory, &bytes));
    CHECK(memory == of_process && bytes == BIG, "detached %p, %d", memory, bytes);
    OK(MPI_Comm_free(&derived));
    OK(MPI_Comm_free(&comm));
    OK(MPI_Comm_free(&elsewhere));
    OK(MPI_Session_finalize(&other));
    OK(MPI_Session_finalize(&session));
    return 0;
}
