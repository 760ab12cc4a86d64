// SPDX-License-Identifier: MIT
// Chapter 3: completing requests: Wait and Test of one, any, some and all. Read next:
// requests_other.c (what else is done with them).
#include "api/requests.h"

#include "message/message_waits.h"
#include "wait/progress.h"

static int finish_slow(MPI_Request *handle, MPI_Status *status, struct mp_comm **comm)
{
    struct mp_request *request = mp_request_of(*handle);
    // A communicator that the user has freed may go with the request.
    struct mp_comm *its = request->comm && !request->comm->freed ? request->comm : NULL;
    if (unlikely(mp_process.check)) {
        mp_pending_ended(request);
    }
    int err = mp_request_finish(handle, status);
    if (err) {
        *comm = its;
    }
    return err;
}

// Completes one request; *comm becomes the communicator whose handler an error goes to.
static inline int finish(MPI_Request *handle, MPI_Status *status, struct mp_comm **comm)
{
    struct mp_request *request = mp_request_of(*handle);
    if (request == &mp_request_sent) {
        mp_status_nothing(status);
        *handle = MPI_REQUEST_NULL;
        return 0;
    }
    if (likely(request->plain)) {
        mp_request_status(request, status);
        *handle = MPI_REQUEST_NULL;
        mp_request_recycle(request);
        return 0;
    }
    return finish_slow(handle, status, comm);
}

// Waits for whatever a set of requests waits for; the board shows the first one's peer.
static void begin_wait(struct mp_waiter *waiter, const struct mp_request_set *set)
{
    const MPI_Request *requests = set->requests;
    int count = set->count;
    const struct mp_request *shown = NULL;
    int pending = 0;
    for (int i = 0; i < count; i++) {
        if (mp_request_is_pending(requests[i]) && !mp_request_of(requests[i])->complete) {
            shown = shown ? shown : mp_request_get(requests[i]);
            if (++pending == 2) {
                break; // several: that is all there is to know
            }
        }
    }
    if (pending == 1) {
        mp_waiter_begin(waiter, shown->world, shown->entry.tag, shown->context,
                        (uint64_t)shown->length);
    } else {
        mp_waiter_begin(waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, shown ? shown->context : 0, 0);
    }
    mp_waiter_describe(waiter, mp_describe_requests, set);
}

int PMPI_Wait(MPI_Request *request, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Wait);
    err = err ? err : mp_check_request(request, "request");
    if (!err && !mp_request_is_pending(*request)) {
        mp_status_empty(status);
    } else if (!err) {
        mp_request_wait(mp_request_get(*request));
        err = finish(request, status, &comm);
    }
    return mp_leave(MP_CALL_Wait, comm, err);
}
MP_WEAK(Wait);

int PMPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Test);
    err = err ? err : mp_check_request(request, "request");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && !mp_request_is_pending(*request)) {
        *flag = 1;
        mp_status_empty(status);
    } else if (!err) {
        if (!mp_request_of(*request)->complete) {
            mp_progress_look();
        }
        *flag = mp_request_of(*request)->complete;
        if (*flag) {
            err = finish(request, status, &comm);
        }
    }
    return mp_leave(MP_CALL_Test, comm, err);
}
MP_WEAK(Test);

bool mp_requests_complete(int count, const MPI_Request requests[], int *from)
{
    // Requests before *from were seen complete: do not look at them again.
    for (; *from < count; ++*from) {
        if (mp_request_is_pending(requests[*from]) && !mp_request_of(requests[*from])->complete) {
            return false;
        }
    }
    return true;
}

// Completes all; MPI_ERR_IN_STATUS if any failed, and then every status has its MPI_ERROR.
static int finish_all(int count, MPI_Request requests[], MPI_Status statuses[],
                      struct mp_comm **comm)
{
    int failed = 0;
    for (int i = 0; i < count; i++) {
        MPI_Status *status = mp_status_at(statuses, i);
        int err = 0;
        if (mp_request_is_pending(requests[i])) {
            err = finish(&requests[i], status, comm);
        } else {
            mp_status_empty(status);
        }
        mp_statuses_judge(statuses, i, err, &failed);
    }
    return failed;
}

// How many requests, from the first on, are sends and receives that are over and went well, as
// nearly always all are. Those before `from` were found so.
static int over_and_well(int count, const MPI_Request requests[], int from)
{
    for (; from < count; from++) {
        const struct mp_request *request = mp_request_get(requests[from]);
        if (!request || !request->complete || !request->plain) {
            break;
        }
    }
    return from;
}

// Completes such ones.
static void finish_well(int count, MPI_Request requests[], MPI_Status statuses[])
{
    for (int i = 0; i < count; i++) {
        struct mp_request *request = mp_request_of(requests[i]);
        MPI_Status *status = mp_status_at(statuses, i);
        requests[i] = MPI_REQUEST_NULL;
        if (request == &mp_request_sent) {
            mp_status_nothing(status);
        } else {
            mp_request_status(request, status);
            mp_request_recycle(request);
        }
    }
}

// Waits until all are over. *well is what over_and_well returned, then and now. Returns 0 or an
// error class, when nothing was done.
static int wait_all(int count, const MPI_Request requests[], int *well)
{
    struct mp_waiter waiter;
    int err = mp_check_requests(count, requests);
    int from = *well;
    if (!err && !mp_requests_complete(count, requests, &from)) {
        struct mp_request_set set = {.count = count, .requests = requests};
        begin_wait(&waiter, &set);
        do {
            mp_waiter_step(&waiter);
            *well = over_and_well(count, requests, *well);
            from = *well > from ? *well : from;
        } while (!mp_requests_complete(count, requests, &from));
        mp_waiter_end(&waiter);
    }
    return err;
}

int PMPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Waitall);
    int well = requests && !err ? over_and_well(count, requests, 0) : 0;
    if (!err && (well < count || count < 0)) {
        err = wait_all(count, requests, &well);
    }
    if (!err && well == count) {
        finish_well(count, requests, statuses);
    } else if (!err) {
        err = finish_all(count, requests, statuses, &comm);
    }
    return mp_leave(MP_CALL_Waitall, comm, err);
}
MP_WEAK(Waitall);

int PMPI_Testall(int count, MPI_Request requests[], int *flag, MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    int from = 0;
    int err = mp_enter(MP_CALL_Testall);
    err = err ? err : mp_check_requests(count, requests);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        *flag = mp_requests_complete(count, requests, &from);
        if (*flag) {
            err = finish_all(count, requests, statuses, &comm);
        }
    }
    return mp_leave(MP_CALL_Testall, comm, err);
}
MP_WEAK(Testall);

// Nearly all are requests that are not complete; for these the loop has next to nothing to do.
int mp_requests_look(int count, const MPI_Request requests[], int *found, bool *pending)
{
    bool any = false;
    int i = 0;

    if (unlikely(count < 0 || !requests)) {
        *found = -1;
        *pending = false;
        return mp_check_requests(count, requests);
    }
    struct mp_object_range range = mp_object_range();
    for (; i < count; i++) {
        const struct mp_request *request = (const struct mp_request *)(void *)requests[i];
        if (unlikely(!mp_object_is_in(&range, request, MP_KIND_REQUEST))) {
            if (requests[i] == MPI_REQUEST_NULL) {
                continue;
            }
            request = mp_request_get(requests[i]);
            if (!request) {
                return mp_check_requests(count, requests);
            }
        }
        if (likely(!request->complete)) {
            any = true; // and it is active: inactive ones are complete
        } else if (request->active) {
            any = true;
            break;
        }
    }
    *found = i < count ? i : -1;
    *pending = any;
    for (; i < count; i++) {
        if (requests[i] != MPI_REQUEST_NULL && !mp_request_get(requests[i])) {
            return mp_check_requests(count, requests);
        }
    }
    return 0;
}

// The first complete request, or -1; *pending tells whether any is pending at all. The lowest index
// comes first, as in other implementations: programs have come to expect it.
static int first_complete(int count, const MPI_Request requests[], bool *pending)
{
    *pending = false;
    for (int i = 0; i < count; i++) {
        if (mp_request_is_pending(requests[i])) {
            *pending = true;
            if (mp_request_of(requests[i])->complete) {
                return i;
            }
        }
    }
    return -1;
}

// Waits until one is complete, if any is pending. Takes and returns `found` of mp_requests_look.
static int wait_for_first(int found, bool *pending, int count, const MPI_Request requests[])
{
    if (found < 0 && *pending) {
        struct mp_waiter waiter;
        struct mp_request_set set = {.count = count, .requests = requests, .any = true};
        begin_wait(&waiter, &set);
        while ((found = first_complete(count, requests, pending)) < 0) {
            mp_waiter_step(&waiter);
        }
        mp_waiter_end(&waiter);
    }
    return found;
}

int PMPI_Waitany(int count, MPI_Request requests[], int *indx, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    bool pending;
    int found;
    int err = mp_enter(MP_CALL_Waitany);
    err = err ? err : mp_requests_look(count, requests, &found, &pending);
    err = err ? err : mp_check_pointer(indx, "indx");
    if (!err) {
        found = wait_for_first(found, &pending, count, requests);
        *indx = found < 0 ? MPI_UNDEFINED : found;
        if (found < 0) {
            mp_status_empty(status);
        } else {
            err = finish(&requests[found], status, &comm);
        }
    }
    return mp_leave(MP_CALL_Waitany, comm, err);
}
MP_WEAK(Waitany);

int PMPI_Testany(int count, MPI_Request requests[], int *indx, int *flag, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    bool pending;
    int err = mp_enter(MP_CALL_Testany);
    if (err) {
        return mp_leave(MP_CALL_Testany, NULL, err);
    }
    int found;
    mp_progress_look();
    err = mp_requests_look(count, requests, &found, &pending);
    err = err ? err : mp_check_pointer(indx, "indx");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = found >= 0 || !pending;
        *indx = found < 0 ? MPI_UNDEFINED : found;
        if (found >= 0) {
            err = finish(&requests[found], status, &comm);
        } else if (*flag) {
            mp_status_empty(status);
        }
    }
    return mp_leave(MP_CALL_Testany, comm, err);
}
MP_WEAK(Testany);

// Completes those of the requests that are complete, of which the one at `first` is the first (-1:
// none is). Returns their number; *err becomes MPI_ERR_IN_STATUS if one failed.
static int finish_some(int first, int count, MPI_Request requests[], int indices[],
                       MPI_Status statuses[], struct mp_comm **comm, int *err)
{
    int done = 0;
    for (int i = first < 0 ? count : first; i < count; i++) {
        if (mp_request_is_pending(requests[i]) && mp_request_of(requests[i])->complete) {
            int failed = finish(&requests[i], mp_status_at(statuses, done), comm);
            mp_statuses_judge(statuses, done, failed, err);
            indices[done++] = i;
        }
    }
    return done;
}

static int some(int call, bool wait, int incount, MPI_Request requests[], int *outcount,
                int indices[], MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    bool pending;
    int found;
    int err = mp_enter(call);
    if (!err && !wait) {
        mp_progress_look();
    }
    err = err ? err : mp_requests_look(incount, requests, &found, &pending);
    err = err ? err : mp_check_pointer(outcount, "outcount");
    if (!err && incount > 0) {
        err = mp_check_pointer(indices, "array_of_indices");
    }
    if (!err) {
        found = wait ? wait_for_first(found, &pending, incount, requests) : found;
        int done = finish_some(found, incount, requests, indices, statuses, &comm, &err);
        *outcount = pending ? done : MPI_UNDEFINED;
    }
    return mp_leave(call, comm, err);
}

int PMPI_Waitsome(int incount, MPI_Request requests[], int *outcount, int indices[],
                  MPI_Status statuses[])
{
    return some(MP_CALL_Waitsome, true, incount, requests, outcount, indices, statuses);
}
MP_WEAK(Waitsome);

int PMPI_Testsome(int incount, MPI_Request requests[], int *outcount, int indices[],
                  MPI_Status statuses[])
{
    return some(MP_CALL_Testsome, false, incount, requests, outcount, indices, statuses);
}
MP_WEAK(Testsome);
