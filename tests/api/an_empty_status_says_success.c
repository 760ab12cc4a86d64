// SPDX-License-Identifier: MIT
// Every call that completes requests or looks at them gives the empty status for null and inactive
// ones, and that has MPI_SUCCESS in MPI_ERROR (3.7.3), whatever stood there before. Where several
// complete, those that did say so in MPI_ERROR only if one of them failed (3.2.5).
// ranks: 1 2
// not under: check
#include "check.h"

enum { N = 3, MARK = 4242 };

static MPI_Status statuses[N];

static MPI_Status *marked(void)
{
    for (int i = 0; i < N; i++) {
        statuses[i] = (MPI_Status){.MPI_SOURCE = 7, .MPI_TAG = 7, .MPI_ERROR = MARK};
    }
    return statuses;
}

static void empty(int count, const char *call)
{
    for (int i = 0; i < N; i++) {
        int expected = i < count ? MPI_SUCCESS : MARK;
        CHECK(statuses[i].MPI_ERROR == expected, "%s: MPI_ERROR of %d is %d, not %d", call, i,
              statuses[i].MPI_ERROR, expected);
        if (i < count) {
            STATUS_IS_EMPTY(statuses[i]);
        }
    }
}

#define EMPTY(count, call)   \
    do {                     \
        marked();            \
        OK(call);            \
        empty(count, #call); \
    } while (0)

static void none_active(MPI_Request requests[])
{
    int flag, index, done, indices[N];

    EMPTY(1, MPI_Wait(requests, statuses));
    EMPTY(1, MPI_Test(requests, &flag, statuses));
    EMPTY(1, MPI_Waitany(N, requests, &index, statuses));
    EMPTY(1, MPI_Testany(N, requests, &index, &flag, statuses));
    EMPTY(1, MPI_Waitany(0, requests, &index, statuses));
    EMPTY(1, MPI_Testany(0, requests, &index, &flag, statuses));
    EMPTY(N, MPI_Waitall(N, requests, statuses));
    EMPTY(N, MPI_Testall(N, requests, &flag, statuses));
    EMPTY(0, MPI_Waitsome(N, requests, &done, indices, statuses));
    EMPTY(0, MPI_Testsome(N, requests, &done, indices, statuses));
    EMPTY(1, MPI_Request_get_status(requests[0], &flag, statuses));
    EMPTY(1, MPI_Request_get_status_any(N, requests, &index, &flag, statuses));
    EMPTY(N, MPI_Request_get_status_all(N, requests, &flag, statuses));
    EMPTY(0, MPI_Request_get_status_some(N, requests, &done, indices, statuses));
}

static void started(MPI_Request requests[], MPI_Request *persistent)
{
    int value;
    for (int i = 0; i < N; i++) {
        OK(MPI_Irecv(&value, 1, MPI_INT, MPI_PROC_NULL, i, MPI_COMM_WORLD, &requests[i]));
    }
    requests[1] = persistent ? *persistent : MPI_REQUEST_NULL;
}

// Two that are complete, with one between them that is not active.
static void one_among_others(MPI_Request *persistent)
{
    MPI_Request requests[N];
    int done, flag, indices[N];

    for (int form = 0; form < 3; form++) {
        started(requests, persistent);
        marked();
        if (form == 0) {
            OK(MPI_Waitall(N, requests, statuses));
        } else if (form == 1) {
            OK(MPI_Testall(N, requests, &flag, statuses));
        } else {
            OK(MPI_Request_get_status_all(N, requests, &flag, statuses));
            OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
        }
        for (int i = 0; i < N; i++) {
            CHECK(statuses[i].MPI_ERROR == (i == 1 ? MPI_SUCCESS : MARK),
                  "form %d: %d has error %d", form, i, statuses[i].MPI_ERROR);
        }
        STATUS_IS_EMPTY(statuses[1]);
    }
    for (int form = 0; form < 3; form++) {
        started(requests, persistent);
        marked();
        if (form == 0) {
            OK(MPI_Waitsome(N, requests, &done, indices, statuses));
        } else if (form == 1) {
            OK(MPI_Testsome(N, requests, &done, indices, statuses));
        } else {
            OK(MPI_Request_get_status_some(N, requests, &done, indices, statuses));
            OK(MPI_Waitall(N, requests, MPI_STATUSES_IGNORE));
        }
        CHECK(done == 2, "form %d: %d are complete", form, done);
        for (int i = 0; i < N; i++) {
            CHECK(statuses[i].MPI_ERROR == MARK, "form %d of some: %d has error %d", form, i,
                  statuses[i].MPI_ERROR);
        }
    }
}

int main(int argc, char **argv)
{
    start(&argc, &argv);
    MPI_Request requests[N] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    int value = rank;

    none_active(requests);
    one_among_others(NULL);
    OK(MPI_Recv_init(&value, 1, MPI_INT, rank, 0, MPI_COMM_WORLD, &requests[0]));
    OK(MPI_Send_init(&value, 1, MPI_INT, rank, 0, MPI_COMM_WORLD, &requests[1]));
    OK(MPI_Barrier_init(MPI_COMM_WORLD, MPI_INFO_NULL, &requests[2]));
    none_active(requests);
    for (int i = 0; i < N; i++) {
        one_among_others(&requests[i]);
        OK(MPI_Request_free(&requests[i]));
    }
    return finish();
}
