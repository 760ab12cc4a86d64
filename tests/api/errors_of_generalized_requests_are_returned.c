// SPDX-License-Identifier: MIT
// What query_fn and free_fn of a generalized request return is returned by the call that calls
// them (13.2): by Wait and Test of one or any; in the statuses of all and some, where every one has
// its MPI_ERROR then; by MPI_Request_free and MPI_Grequest_complete, of which the later one calls
// free_fn; and by those that only look. If both fail the error is free_fn's, the last one.
// ranks: 1
// channels: shm
#include "check.h"

enum { MARK = 4242 };

static int query_error, free_error, freed;

static int query(void *state, MPI_Status *status)
{
    (void)state;
    OK(MPI_Status_set_elements(status, MPI_INT, 3));
    OK(MPI_Status_set_cancelled(status, 0));
    status->MPI_SOURCE = 5;
    status->MPI_TAG = 6;
    return query_error;
}

static int release(void *state)
{
    (void)state;
    freed++;
    return free_error;
}

static int cancel(void *state, int complete)
{
    (void)state, (void)complete;
    return MPI_SUCCESS;
}

static MPI_Request begin(void)
{
    MPI_Request request;
    OK(MPI_Grequest_start(query, release, cancel, NULL, &request));
    freed = 0;
    return request;
}

static MPI_Request completed(void)
{
    MPI_Request request = begin();
    OK(MPI_Grequest_complete(request));
    CHECK(!freed, "free_fn was called %d times", freed);
    return request;
}

// `expected` by the one call that completes it, after which it is gone.
#define ENDS(expected, request, call)                                      \
    do {                                                                   \
        FAILS(expected, call);                                             \
        CHECK(freed == 1, "free_fn was called %d times", freed);           \
        CHECK((request) == MPI_REQUEST_NULL, "the handle is still there"); \
    } while (0)

static void in_statuses(int expected, int form)
{
    MPI_Request requests[3] = {MPI_REQUEST_NULL, completed(), MPI_REQUEST_NULL};
    MPI_Status statuses[3];
    int flag = 1, done = 1, indices[3], at = 1, given = 3;
    int class = expected ? MPI_ERR_IN_STATUS : MPI_SUCCESS;

    for (int i = 0; i < 3; i++) {
        statuses[i] = (MPI_Status){.MPI_ERROR = MARK};
    }
    if (form < 2) {
        OK(MPI_Irecv(NULL, 0, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_SELF, &requests[0]));
        OK(MPI_Irecv(NULL, 0, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_SELF, &requests[2]));
    }
    if (form == 0) {
        ENDS(class, requests[1], MPI_Waitall(3, requests, statuses));
    } else if (form == 1) {
        ENDS(class, requests[1], MPI_Testall(3, requests, &flag, statuses));
    } else if (form == 2) {
        ENDS(class, requests[1], MPI_Waitsome(3, requests, &done, indices, statuses));
    } else {
        ENDS(class, requests[1], MPI_Testsome(3, requests, &done, indices, statuses));
    }
    CHECK(flag && done == 1, "flag %d, %d done", flag, done);
    if (form >= 2) {
        at = 0;
        given = 1;
    }
    STATUS_IS(statuses[at], 5, 6, 3 * (int)sizeof(int));
    for (int i = 0; i < 3; i++) {
        int error = i >= given || !expected ? MARK : i == at ? expected : MPI_SUCCESS;
        CHECK(statuses[i].MPI_ERROR == error, "form %d: status %d has error %d, not %d", form, i,
              statuses[i].MPI_ERROR, error);
    }
}

static void looked_at(void)
{
    MPI_Request requests[2] = {MPI_REQUEST_NULL, completed()};
    MPI_Status statuses[2];
    int flag, index, done, indices[2], kept = free_error;
    int class = query_error ? MPI_ERR_IN_STATUS : MPI_SUCCESS;

    FAILS(query_error, MPI_Request_get_status(requests[1], &flag, MPI_STATUS_IGNORE));
    FAILS(query_error, MPI_Request_get_status_any(2, requests, &index, &flag, MPI_STATUS_IGNORE));
    FAILS(class, MPI_Request_get_status_all(2, requests, &flag, statuses));
    CHECK(!class || (statuses[0].MPI_ERROR == 0 && statuses[1].MPI_ERROR == query_error),
          "errors %d and %d", statuses[0].MPI_ERROR, statuses[1].MPI_ERROR);
    FAILS(class, MPI_Request_get_status_some(2, requests, &done, indices, statuses));
    CHECK(!class || statuses[0].MPI_ERROR == query_error, "error %d", statuses[0].MPI_ERROR);
    CHECK(!freed, "free_fn was called %d times", freed);
    ENDS(kept, requests[1], MPI_Request_free(&requests[1]));
}

static void freed_first(void)
{
    MPI_Request request = begin(), handle = request;
    OK(MPI_Request_free(&request));
    CHECK(!freed, "free_fn was called %d times", freed);
    ENDS(free_error, request, MPI_Grequest_complete(handle));
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    OK(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    OK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    for (int both = 0; both < 4; both++) {
        int flag, index;
        query_error = both & 1 ? MPI_ERR_ARG : MPI_SUCCESS;
        free_error = both & 2 ? MPI_ERR_OTHER : MPI_SUCCESS;
        int expected = free_error ? free_error : query_error;
        MPI_Request request = completed();
        MPI_Status status = {.MPI_ERROR = MARK};
        ENDS(expected, request, MPI_Wait(&request, &status));
        CHECK(status.MPI_ERROR == MARK, "MPI_Wait set MPI_ERROR to %d", status.MPI_ERROR);
        request = completed();
        ENDS(expected, request, MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
        request = completed();
        ENDS(expected, request, MPI_Waitany(1, &request, &index, MPI_STATUS_IGNORE));
        request = completed();
        ENDS(expected, request, MPI_Testany(1, &request, &index, &flag, MPI_STATUS_IGNORE));
        for (int form = 0; form < 4; form++) {
            in_statuses(expected, form);
        }
        looked_at();
        freed_first();
    }
    return finish();
}
