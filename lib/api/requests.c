// SPDX-License-Identifier: MIT
// Chapter 3: completing requests: Wait and Test of one, any, some and all, looking without
// completing, cancelling, freeing, and starting persistent ones.
#include "core/request.h"

#include "api/api.h"
#include "core/message.h"
#include "core/partitioned.h"
#include "core/progress.h"

// A request that the wait and test family has to look at: not null, and not inactive (3.7.5).
static inline bool is_pending(MPI_Request handle)
{
    return handle != MPI_REQUEST_NULL && mp_request_of(handle)->active;
}

static int check_request(const MPI_Request *request, const char *name)
{
    int err = mp_check_pointer(request, name);
    if (!err && *request != MPI_REQUEST_NULL && !mp_request_get(*request)) {
        err = mp_fail(MPI_ERR_REQUEST, "%s is no request (%p): freed, or never set", name,
                      (void *)*request);
    }
    return err;
}

static int check_requests(MPI_Count count, const MPI_Request requests[])
{
    int err = mp_check_count(count, "count");
    if (!err && count > 0) {
        err = mp_check_pointer(requests, "array_of_requests");
    }
    for (MPI_Count i = 0; !err && i < count; i++) {
        if (requests[i] != MPI_REQUEST_NULL && !mp_request_get(requests[i])) {
            err = mp_fail(MPI_ERR_REQUEST,
                          "array_of_requests[%lld] is no request (%p): freed, or never set",
                          (long long)i, (void *)requests[i]);
        }
    }
    return err;
}

static int finish_slow(MPI_Request *handle, MPI_Status *status, struct mp_comm **comm)
{
    struct mp_request *request = mp_request_of(*handle);
    // A communicator that the user has freed may go with the request.
    struct mp_comm *its = request->comm && !request->comm->freed ? request->comm : NULL;
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
        mp_status_empty(status);
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

// The status at place i of an array that may be MPI_STATUSES_IGNORE.
static MPI_Status *status_at(MPI_Status statuses[], MPI_Count i)
{
    return statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
}

// Waits for whatever a set of requests waits for; the board shows the first one's peer.
static void begin_wait(struct mp_waiter *waiter, int count, const MPI_Request requests[])
{
    const struct mp_request *shown = NULL;
    int pending = 0;
    for (int i = 0; i < count; i++) {
        if (is_pending(requests[i]) && !mp_request_of(requests[i])->complete) {
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
}

int PMPI_Wait(MPI_Request *request, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Wait);
    if (err) {
        return err;
    }
    err = check_request(request, "request");
    if (!err && !is_pending(*request)) {
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
    if (err) {
        return err;
    }
    err = check_request(request, "request");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && !is_pending(*request)) {
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

static bool all_complete(int count, const MPI_Request requests[], int *from)
{
    // Requests before *from were seen complete: do not look at them again.
    for (; *from < count; ++*from) {
        if (is_pending(requests[*from]) && !mp_request_of(requests[*from])->complete) {
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
        if (is_pending(requests[i]) && mp_request_of(requests[i])->error) {
            failed = MPI_ERR_IN_STATUS;
        }
    }
    for (int i = 0; i < count; i++) {
        MPI_Status *status = status_at(statuses, i);
        int err = 0;
        if (is_pending(requests[i])) {
            err = finish(&requests[i], status, comm);
            failed = err ? MPI_ERR_IN_STATUS : failed;
        } else {
            mp_status_empty(status);
        }
        if (failed && status != MPI_STATUS_IGNORE) {
            status->MPI_ERROR = err;
        }
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
        MPI_Status *status = status_at(statuses, i);
        requests[i] = MPI_REQUEST_NULL;
        if (request == &mp_request_sent) {
            mp_status_empty(status);
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
    int err = check_requests(count, requests);
    int from = *well;
    if (!err && !all_complete(count, requests, &from)) {
        begin_wait(&waiter, count, requests);
        do {
            mp_waiter_step(&waiter);
            *well = over_and_well(count, requests, *well);
            from = *well > from ? *well : from;
        } while (!all_complete(count, requests, &from));
        mp_waiter_end(&waiter);
    }
    return err;
}

int PMPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Waitall);
    if (err) {
        return err;
    }
    int well = requests ? over_and_well(count, requests, 0) : 0;
    if (well < count || count < 0) {
        err = wait_all(count, requests, &well);
    }
    if (well == count) {
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
    if (err) {
        return err;
    }
    err = check_requests(count, requests);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        *flag = all_complete(count, requests, &from);
        if (*flag) {
            err = finish_all(count, requests, statuses, &comm);
        }
    }
    return mp_leave(MP_CALL_Testall, comm, err);
}
MP_WEAK(Testall);

// The first complete request, or -1; *pending tells whether any is pending at all. The lowest index
// comes first, as in other implementations: programs have come to expect it.
static int find_complete(int count, const MPI_Request requests[], bool *pending)
{
    *pending = false;
    for (int i = 0; i < count; i++) {
        if (is_pending(requests[i])) {
            *pending = true;
            if (mp_request_of(requests[i])->complete) {
                return i;
            }
        }
    }
    return -1;
}

int PMPI_Waitany(int count, MPI_Request requests[], int *indx, MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    bool pending;
    int err = mp_enter(MP_CALL_Waitany);
    if (err) {
        return err;
    }
    err = check_requests(count, requests);
    err = err ? err : mp_check_pointer(indx, "indx");
    if (!err) {
        int found = find_complete(count, requests, &pending);
        if (found < 0 && pending) {
            struct mp_waiter waiter;
            begin_wait(&waiter, count, requests);
            while ((found = find_complete(count, requests, &pending)) < 0) {
                mp_waiter_step(&waiter);
            }
            mp_waiter_end(&waiter);
        }
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
        return err;
    }
    err = check_requests(count, requests);
    err = err ? err : mp_check_pointer(indx, "indx");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        int found = find_complete(count, requests, &pending);
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

// Completes those of the requests that are complete. Returns their number, MPI_UNDEFINED when none
// is pending; *err becomes MPI_ERR_IN_STATUS if one failed.
static int finish_some(int count, MPI_Request requests[], int indices[], MPI_Status statuses[],
                       struct mp_comm **comm, int *err)
{
    int done = 0;
    bool pending = false;
    for (int i = 0; i < count; i++) {
        if (!is_pending(requests[i])) {
            continue;
        }
        pending = true;
        if (mp_request_of(requests[i])->complete) {
            MPI_Status *status = status_at(statuses, done);
            int failed = finish(&requests[i], status, comm);
            if (status != MPI_STATUS_IGNORE) {
                status->MPI_ERROR = failed;
            }
            *err = failed ? MPI_ERR_IN_STATUS : *err;
            indices[done++] = i;
        }
    }
    return pending ? done : MPI_UNDEFINED;
}

int PMPI_Waitsome(int incount, MPI_Request requests[], int *outcount, int indices[],
                  MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    bool pending;
    int err = mp_enter(MP_CALL_Waitsome);
    if (err) {
        return err;
    }
    err = check_requests(incount, requests);
    err = err ? err : mp_check_pointer(outcount, "outcount");
    if (!err && incount > 0) {
        err = mp_check_pointer(indices, "array_of_indices");
    }
    if (!err) {
        if (find_complete(incount, requests, &pending) < 0 && pending) {
            struct mp_waiter waiter;
            begin_wait(&waiter, incount, requests);
            while (find_complete(incount, requests, &pending) < 0) {
                mp_waiter_step(&waiter);
            }
            mp_waiter_end(&waiter);
        }
        *outcount = finish_some(incount, requests, indices, statuses, &comm, &err);
    }
    return mp_leave(MP_CALL_Waitsome, comm, err);
}
MP_WEAK(Waitsome);

int PMPI_Testsome(int incount, MPI_Request requests[], int *outcount, int indices[],
                  MPI_Status statuses[])
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Testsome);
    if (err) {
        return err;
    }
    err = check_requests(incount, requests);
    err = err ? err : mp_check_pointer(outcount, "outcount");
    if (!err && incount > 0) {
        err = mp_check_pointer(indices, "array_of_indices");
    }
    if (!err) {
        mp_progress_look();
        *outcount = finish_some(incount, requests, indices, statuses, &comm, &err);
    }
    return mp_leave(MP_CALL_Testsome, comm, err);
}
MP_WEAK(Testsome);

// ---- Looking without completing (3.7.6)

// The status that completing the request would give now.
static void look(MPI_Request handle, MPI_Status *status)
{
    const struct mp_request *request = mp_request_get(handle);
    if (request->kind == MP_REQUEST_GENERALIZED && request->ops->query) {
        request->ops->query((struct mp_request *)(void *)handle, status);
    } else {
        mp_request_status(request, status);
    }
}

int PMPI_Request_get_status(MPI_Request request, int *flag, MPI_Status *status)
{
    int err = mp_enter(MP_CALL_Request_get_status);
    if (err) {
        return err;
    }
    err = check_request(&request, "request");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err && !is_pending(request)) {
        *flag = 1;
        mp_status_empty(status);
    } else if (!err) {
        if (!mp_request_of(request)->complete) {
            mp_progress_look();
        }
        *flag = mp_request_of(request)->complete;
        if (*flag) {
            look(request, status);
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
    if (err) {
        return err;
    }
    err = check_requests(count, requests);
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        *flag = all_complete(count, requests, &from);
        for (int i = 0; *flag && i < count; i++) {
            if (is_pending(requests[i])) {
                look(requests[i], status_at(statuses, i));
            } else {
                mp_status_empty(status_at(statuses, i));
            }
        }
    }
    return mp_leave(MP_CALL_Request_get_status_all, NULL, err);
}
MP_WEAK(Request_get_status_all);

int PMPI_Request_get_status_any(int count, const MPI_Request requests[], int *indx, int *flag,
                                MPI_Status *status)
{
    bool pending;
    int err = mp_enter(MP_CALL_Request_get_status_any);
    if (err) {
        return err;
    }
    err = check_requests(count, requests);
    err = err ? err : mp_check_pointer(indx, "indx");
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        mp_progress_look();
        int found = find_complete(count, requests, &pending);
        *flag = found >= 0 || !pending;
        *indx = found < 0 ? MPI_UNDEFINED : found;
        if (found >= 0) {
            look(requests[found], status);
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
    if (err) {
        return err;
    }
    err = check_requests(incount, requests);
    err = err ? err : mp_check_pointer(outcount, "outcount");
    if (!err && incount > 0) {
        err = mp_check_pointer(indices, "array_of_indices");
    }
    if (!err) {
        bool pending = false;
        int done = 0;
        mp_progress_look();
        for (int i = 0; i < incount; i++) {
            pending = pending || is_pending(requests[i]);
            if (is_pending(requests[i]) && mp_request_of(requests[i])->complete) {
                look(requests[i], status_at(statuses, done));
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
    if (err) {
        return err;
    }
    err = check_request(request, "request");
    if (!err && *request == MPI_REQUEST_NULL) {
        err = mp_fail(MPI_ERR_REQUEST, "request is MPI_REQUEST_NULL");
    }
    if (!err && mp_is_partitioned(mp_request_get(*request)) && !mp_request_of(*request)->complete) {
        comm = mp_request_of(*request)->comm;
        err = mp_fail(MPI_ERR_REQUEST, "request is partitioned and active: complete it first");
    }
    if (!err) {
        struct mp_request *freed = mp_request_get(*request);
        *request = MPI_REQUEST_NULL;
        if (freed->complete) {
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
    if (err) {
        return err;
    }
    err = check_request(request, "request");
    if (!err && !is_pending(*request)) {
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
    return mp_request_start(request);
}

int PMPI_Start(MPI_Request *request)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Start);
    if (err) {
        return err;
    }
    err = check_request(request, "request");
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
    if (err) {
        return err;
    }
    err = check_requests(count, requests);
    for (int i = 0; !err && i < count; i++) {
        comm = requests[i] != MPI_REQUEST_NULL ? mp_request_of(requests[i])->comm : NULL;
        err = start(requests[i]);
    }
    return mp_leave(MP_CALL_Startall, comm, err);
}
MP_WEAK(Startall);
