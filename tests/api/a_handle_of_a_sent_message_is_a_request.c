// SPDX-License-Identifier: MIT
// The handle of a short send that has left is as good as any other: copies of it and the integer
// made of it mean the same request, all completion calls take it, and a message that is cancelled
// by one handle is seen cancelled by the others. Handles that are none are told from it.
// ranks: 2
#include "check.h"

#include <string.h>

static MPI_Request sent(int tag)
{
    static int word = 7;
    MPI_Request request;
    OK(MPI_Isend(&word, 1, MPI_INT, 1, tag, MPI_COMM_WORLD, &request));
    CHECK(request != MPI_REQUEST_NULL, "a send has no request");
    return request;
}

static void received(int tag)
{
    int word = -1;
    OK(MPI_Recv(&word, 1, MPI_INT, 0, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    CHECK(word == 7, "tag %d brought %d", tag, word);
}

static void as_integers(void)
{
    MPI_Request request = sent(1), other = sent(1), back;
    int value = MPI_Request_toint(request), again = MPI_Request_toint(request), flag = 0;
    MPI_Status status;
    CHECK(value == again, "two integers for one request: %d and %d", value, again);
    CHECK(value != MPI_Request_toint(other), "two requests have the integer %d", value);
    back = MPI_Request_fromint(value);
    OK(MPI_Request_get_status(back, &flag, &status));
    CHECK(flag, "not complete");
    OK(MPI_Wait(&back, &status));
    CHECK(back == MPI_REQUEST_NULL, "not null");
    OK(MPI_Wait(&other, &status));
    CHECK(MPI_Request_fromint(MPI_Request_toint(MPI_REQUEST_NULL)) == MPI_REQUEST_NULL, "null");
}

// A copy tells the same as the handle that was cancelled: whatever that is.
static void cancelled_copy(void)
{
    MPI_Request request = sent(2), copy = request;
    MPI_Status status;
    int flag = -1;
    OK(MPI_Cancel(&copy));
    OK(MPI_Wait(&request, &status));
    OK(MPI_Test_cancelled(&status, &flag));
    OK(MPI_Send(&flag, 1, MPI_INT, 1, 3, MPI_COMM_WORLD));
}

static void all_calls(void)
{
    MPI_Request requests[6];
    MPI_Status statuses[6];
    int flag, index, count, indices[6];
    for (int i = 0; i < 6; i++) {
        requests[i] = sent(4);
    }
    OK(MPI_Request_free(&requests[0]));
    OK(MPI_Test(&requests[1], &flag, &statuses[0]));
    CHECK(flag && requests[1] == MPI_REQUEST_NULL, "test");
    OK(MPI_Waitany(6, requests, &index, &statuses[0]));
    CHECK(index == 2, "Waitany took %d", index);
    OK(MPI_Testsome(6, requests, &count, indices, statuses));
    CHECK(count == 3 && indices[0] == 3 && indices[2] == 5, "Testsome took %d", count);
    OK(MPI_Waitall(6, requests, statuses));
    for (int i = 0; i < 6; i++) {
        CHECK(requests[i] == MPI_REQUEST_NULL, "request %d is left", i);
    }
}

static void is_none(unsigned char fill)
{
    MPI_Request request;
    int class, error;
    memset(&request, fill, sizeof request);
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    error = MPI_Wait(&request, MPI_STATUS_IGNORE);
    OK(MPI_Error_class(error, &class));
    CHECK(class == MPI_ERR_REQUEST, "a handle of bytes 0x%x: class %d", fill, class);
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Barrier(MPI_COMM_WORLD)); // from here on they are connected: what is sent has left
    if (rank == 0) {
        as_integers();
        cancelled_copy();
        all_calls();
    } else {
        received(1);
        received(1);
        int cancelled, there;
        OK(MPI_Recv(&cancelled, 1, MPI_INT, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        OK(MPI_Iprobe(0, 2, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE));
        CHECK(there == !cancelled, "cancelled %d, and there %d", cancelled, there);
        if (there) {
            received(2);
        }
        for (int i = 0; i < 6; i++) {
            received(4);
        }
    }
    is_none(0xbb);
    is_none(0xff);
    is_none(0x5a);
    return finish();
}
