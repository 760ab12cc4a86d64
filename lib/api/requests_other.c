// SPDX-License-Identifier: MIT
// Chapter 3: what is done with requests besides completing them: looking at them, cancelling,
// freeing, and starting persistent ones.
#include "api/requests.h"

#include "message/message.h"
#include "message/partitioned.h"
#include "wait/progress.h"

// ---- Looking without completing (3.7.6)

// The status that completing the request would give now. Returns the error of a query_fn.
static int look(MPI_Request handle, MPI_Status *status)
{
    struct mp_request *request = mp_request_get(handle);
    if (request->kind == MP_REQUEST_GENERALIZED && request->ops->query) {
        return request->ops->query(request, status);
    }
    mp_request_status(request, status);
    return 0;
}

int PMPI_Request_get_status(MPI_Request request, int *flag, MPI_Status *status)
{
    int err = mp_enter(MP_CALL_Request_get_status);
    err = err ? err : mp_check_request(&request, "request");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && !mp_request_is_pending(request)) {
        *flag = 1;
        mp_status_empty(status);
    } else if (!err) {
        if (!mp_request_of(request)->complete) {
            mp_progress_look();
        }
        *flag = mp_request_of(request)->complete;
        if (*flag) {
            err = look(request, status);
        }
    }
    return mp_leave(MP_CALL_Request_get_status, NULL, err);
}
MP_WEAK(Request_get_status);

int PMPI_Request_get_status_all(int count, const MPI_Request requests[], int *flag,
                                MPI_Status statuses[])
{
    int from = 0;
    int err = mp_enter(MP_CALL_Request_get_status_all);
    err = err ? err : mp_check_requests(count, requests);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        *flag = mp_requests_complete(count, requests, &from);
        for (int i = 0; *flag && i < count; i++) {
            int failed = 0;
            if (mp_request_is_pending(requests[i])) {
                failed = look(requests[i], mp_status_at(statuses, i));
            } else {
                mp_status_empty(mp_status_at(statuses, i));
            }
            mp_statuses_judge(statuses, i, failed, &err);
        }
    }
    return mp_leave(MP_CALL_Request_get_status_all, NULL, err);
}
MP_WEAK(Request_get_status_all);

int PMPI_Request_get_status_any(int count, const MPI_Request requests[], int *indx, int *flag,
                                MPI_Status *status)
{
    bool pending;
    int found;
    int err = mp_enter(MP_CALL_Request_get_status_any);
    if (!err) {
        mp_progress_look();
    }
    err = err ? err : mp_requests_look(count, requests, &found, &pending);
    err = err ? err : mp_check_pointer(indx, "indx");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        *flag = found >= 0 || !pending;
        *indx = found < 0 ? MPI_UNDEFINED : found;
        if (found >= 0) {
            err = look(requests[found], status);
        } else if (*flag) {
            mp_status_empty(status);
        }
    }
    return mp_leave(MP_CALL_Request_get_status_any, NULL, err);
}
MP_WEAK(Request_get_status_any);

int PMPI_Request_get_status_some(int incount, const MPI_Request requests[], int *outcount,
                                 int indices[], MPI_Status statuses[])
{
    int err = mp_enter(MP_CALL_Request_get_status_some);
    err = err ? err : mp_check_requests(incount, requests);
    err = err ? err : mp_check_pointer(outcount, "outcount");
    if (!err && incount > 0) {
        err = mp_check_pointer(indices, "array_of_indices");
    }
    if (!err) {
        bool pending = false;
        int done = 0;
        mp_progress_look();
        for (int i = 0; i < incount; i++) {
            pending = pending || mp_request_is_pending(requests[i]);
            if (mp_request_is_pending(requests[i]) && mp_request_of(requests[i])->complete) {
                int failed = look(requests[i], mp_status_at(statuses, done));
                mp_statuses_judge(statuses, done, failed, &err);
                indices[done++] = i;
            }
        }
        *outcount = pending ? done : MPI_UNDEFINED;
    }
    return mp_leave(MP_CALL_Request_get_status_some, NULL, err);
}
MP_WEAK(Request_get_status_some);

// ---- Freeing, cancelling, starting

int PMPI_Request_free(MPI_Request *request)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Request_free);
    err = err ? err : mp_check_request(request, "request");
    if (!err && *request == MPI_REQUEST_NULL) {
        err = mp_fail(MPI_ERR_REQUEST, "request is MPI_REQUEST_NULL");
    }
    if (!err && mp_is_partitioned(mp_request_get(*request)) && !mp_request_of(*request)->complete) {
        comm = mp_request_of(*request)->comm;
        err = mp_fail(MPI_ERR_REQUEST, "request is partitioned and active: complete it first");
    }
    // Nobody would learn of its end, and each member waits for all (6.12, 6.13).
    if (!err && mp_request_of(*request)->kind == MP_REQUEST_SCHEDULE &&
        mp_request_of(*request)->active && !mp_request_of(*request)->complete) {
        comm = mp_request_of(*request)->comm;
        err = mp_fail(MPI_ERR_REQUEST, "request is of a collective operation, which may not be "
                                       "freed: wait for it, or test it until it is complete");
    }
    if (!err) {
        struct mp_request *freed = mp_request_get(*request);
        *request = MPI_REQUEST_NULL;
        if (unlikely(mp_process.check)) {
            mp_pending_freed(freed, MP_CALL_Request_free);
        }
        if (freed->complete) {
            err = mp_request_end(freed);
            mp_request_release(freed);
        } else {
            mp_request_detach(freed);
        }
    }
    return mp_leave(MP_CALL_Request_free, comm, err);
}
MP_WEAK(Request_free);

int PMPI_Cancel(MPI_Request *request)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Cancel);
    err = err ? err : mp_check_request(request, "request");
    if (!err && !mp_request_is_pending(*request)) {
        err = mp_fail(MPI_ERR_REQUEST, "request is %s, and there is nothing to cancel",
                      *request == MPI_REQUEST_NULL ? "MPI_REQUEST_NULL" : "not active");
    }
    if (!err) {
        struct mp_request *cancelled =
            mp_is_sent(*request) ? mp_sent_keep(*request) : mp_request_of(*request);
        comm = cancelled ? cancelled->comm : NULL;
        err = cancelled ? mp_request_cancel(cancelled) : MPI_ERR_NO_MEM;
    }
    return mp_leave(MP_CALL_Cancel, comm, err);
}
MP_WEAK(Cancel);

static int start(MPI_Request handle)
{
    struct mp_request *request = mp_request_get(handle);
    if (!request || !request->persistent) {
        return mp_fail(MPI_ERR_REQUEST, "request is not a persistent one");
    }
    if (request->active) {
        return mp_fail(MPI_ERR_REQUEST, "request is active already: complete it first");
    }
    int err = mp_request_start(request);
    if (!err && unlikely(mp_process.check)) {
        mp_pending_started(request);
    }
    return err;
}

int PMPI_Start(MPI_Request *request)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Start);
    err = err ? err : mp_check_request(request, "request");
    if (!err) {
        comm = *request != MPI_REQUEST_NULL ? mp_request_of(*request)->comm : NULL;
        err = start(*request);
    }
    return mp_leave(MP_CALL_Start, comm, err);
}
MP_WEAK(Start);

int PMPI_Startall(int count, MPI_Request requests[])
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Startall);
    err = err ? err : mp_check_requests(count, requests);
    for (int i = 0; !err && i < count; i++) {
        comm = requests[i] != MPI_REQUEST_NULL ? mp_request_of(requests[i])->comm : NULL;
        err = start(requests[i]);
    }
    return mp_leave(MP_CALL_Startall, comm, err);
}
MP_WEAK(Startall);
