// SPDX-License-Identifier: MIT
// What the calls on requests have in common (requests.c, requests_other.c).
#ifndef MP_API_REQUESTS_H
#define MP_API_REQUESTS_H

#include "api/api.h"
#include "check/pending.h"
#include "message/request.h"

// A request that the wait and test family has to look at: not null, and not inactive (3.7.5).
static inline bool mp_request_is_pending(MPI_Request handle)
{
    return handle != MPI_REQUEST_NULL && mp_request_of(handle)->active;
}

// The end of a call that makes a request.
static inline int mp_leave_with_request(int call, struct mp_comm *comm, int err,
                                        struct mp_request *made, MPI_Request *request)
{
    if (!err) {
        *request = (MPI_Request)(void *)made;
        mp_request_made(made, call, NULL);
    }
    return mp_leave(call, comm, err);
}

// Checks of one handle and of an array of them (api/check.c): MPI_REQUEST_NULL is good.
int mp_check_request(const MPI_Request *request, const char *name);
int mp_check_requests(MPI_Count count, const MPI_Request requests[]);

// The status at place i of an array that may be MPI_STATUSES_IGNORE.
static inline MPI_Status *mp_status_at(MPI_Status statuses[], MPI_Count i)
{
    return statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
}

// The operation of status i of an array failed or not, those before it having been judged. *failed
// is 0 or becomes MPI_ERR_IN_STATUS; only then the statuses have their MPI_ERROR, all of them
// (3.2.5, 3.7.5).
static inline void mp_statuses_judge(MPI_Status statuses[], int i, int error, int *failed)
{
    if (likely(!error && !*failed)) {
        return;
    }
    if (statuses != MPI_STATUSES_IGNORE) {
        for (int k = 0; k < i && !*failed; k++) {
            statuses[k].MPI_ERROR = MPI_SUCCESS;
        }
        statuses[i].MPI_ERROR = error;
    }
    *failed = MPI_ERR_IN_STATUS;
}

// Whether all are complete; those before *from were seen so, and it is moved on.
bool mp_requests_complete(int count, const MPI_Request requests[], int *from);

// Checks an array and looks through it, in one go where all handles are good: *found is the first
// complete request, or -1, and *pending tells whether any is pending at all. Those behind `found`
// are checked and not looked at. (mp_progress_look before, so that what is there is seen.)
int mp_requests_look(int count, const MPI_Request requests[], int *found, bool *pending);

#endif
