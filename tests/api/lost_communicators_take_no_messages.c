// SPDX-License-Identifier: MIT
// ranks: 2 3
// timeout: 60
// says: all have ended
// Two worlds share a communicator, and one of them dies. What ranks of the other one send to each
// other there, and only the receiver could complete, ends with MPI_ERR_PROC_ABORTED: what had come
// before the receiver learned of the death, what comes later, and what comes when it has freed the
// communicator. What came in whole before can still be received. Their own communicators go on.
#include "check.h"

#include <signal.h>
#include <unistd.h>

enum { LONG = 1 << 20, EARLY = 1, LATE, GONE };

static char data[LONG], got[LONG];

// Both kinds that wait for an answer, begun now.
static void offer(MPI_Comm all, int tag, MPI_Request requests[2])
{
    OK(MPI_Isend(data, LONG, MPI_BYTE, 1, tag, all, &requests[0]));
    OK(MPI_Issend(data, 1, MPI_BYTE, 1, tag + 10, all, &requests[1]));
}

static void fail_both(MPI_Request requests[2])
{
    FAILS(MPI_ERR_PROC_ABORTED, MPI_Wait(&requests[0], MPI_STATUS_IGNORE));
    FAILS(MPI_ERR_PROC_ABORTED, MPI_Wait(&requests[1], MPI_STATUS_IGNORE));
}

// The child's rank in `all` is the last one; that it died is learned from it.
static void learn(MPI_Comm all)
{
    char byte;
    FAILS(MPI_ERR_PROC_ABORTED, MPI_Recv(&byte, 1, MPI_BYTE, size, 99, all, MPI_STATUS_IGNORE));
}

int main(int argc, char **argv)
{
    MPI_Comm parent, inter, all;
    MPI_Request early[2], late[2], gone[2];
    char byte = 0;

    start(&argc, &argv);
    OK(MPI_Comm_get_parent(&parent));
    if (parent != MPI_COMM_NULL) {
        OK(MPI_Intercomm_merge(parent, 1, &all));
        OK(MPI_Recv(&byte, 1, MPI_BYTE, 0, 1, all, MPI_STATUS_IGNORE));
        raise(SIGKILL);
    }
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    OK(MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter,
                      MPI_ERRCODES_IGNORE));
    OK(MPI_Intercomm_merge(inter, 0, &all));
    if (rank == 0) {
        offer(all, EARLY, early);
        byte = 7;
        OK(MPI_Send(&byte, 1, MPI_BYTE, 1, 5, all));
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank == 1) { // all of it is here
        OK(MPI_Probe(0, 5, all, MPI_STATUS_IGNORE));
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    if (rank == 0) {
        OK(MPI_Send(&byte, 1, MPI_BYTE, size, 1, all));
    }
    if (rank == 1) {
        learn(all);
        OK(MPI_Recv(&byte, 1, MPI_BYTE, 0, 5, all, MPI_STATUS_IGNORE));
        CHECK(byte == 7, "%d", byte);
        FAILS(MPI_ERR_PROC_ABORTED,
              MPI_Recv(got, LONG, MPI_BYTE, 0, EARLY, all, MPI_STATUS_IGNORE));
    }
    // Where rank 0 has not learned of it, its sends begin; else they end at once.
    if (rank == 0) {
        int sent = MPI_Isend(data, LONG, MPI_BYTE, 1, LATE, all, &late[0]);
        if (sent == MPI_SUCCESS) {
            FAILS(MPI_ERR_PROC_ABORTED, MPI_Wait(&late[0], MPI_STATUS_IGNORE));
        }
        fail_both(early);
        learn(all);
        FAILS(MPI_ERR_PROC_ABORTED, MPI_Send(data, LONG, MPI_BYTE, 1, LATE, all));
    } else if (rank != 1) {
        learn(all);
    }
    OK(MPI_Barrier(MPI_COMM_WORLD));
    OK(MPI_Comm_free(&all));
    OK(MPI_Comm_disconnect(&inter));

    // Another one, which is freed at once by who learns first. Its death is seen by the others when
    // they come to it: rank 0 sends before.
    OK(MPI_Comm_spawn(argv[0], MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter,
                      MPI_ERRCODES_IGNORE));
    OK(MPI_Intercomm_merge(inter, 0, &all));
    if (rank == 1) {
        OK(MPI_Barrier(MPI_COMM_WORLD));
        learn(all);
        OK(MPI_Comm_free(&all));
        OK(MPI_Barrier(MPI_COMM_WORLD));
    } else {
        if (rank == 0) {
            offer(all, GONE, gone);
            OK(MPI_Send(&byte, 1, MPI_BYTE, size, 1, all));
        }
        OK(MPI_Barrier(MPI_COMM_WORLD));
        OK(MPI_Barrier(MPI_COMM_WORLD));
        if (rank == 0) {
            fail_both(gone);
        }
        OK(MPI_Comm_free(&all));
    }
    OK(MPI_Comm_disconnect(&inter));
    OK(MPI_Sendrecv(data, LONG, MPI_BYTE, (rank + 1) % size, 1, got, LONG, MPI_BYTE,
                    (rank + size - 1) % size, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    if (rank == 0) {
        puts("all have ended");
    }
    return finish();
}
