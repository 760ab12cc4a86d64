// SPDX-License-Identifier: MIT
// Chapter 13: generalized requests: an operation of the user's own behind a request handle, so that
// it can be waited for together with MPI's.
#include "api/api.h"
#include "check/pending.h"
#include "message/request.h"
#include "object/status.h"

#include <stdlib.h>

struct generalized {
    MPI_Grequest_query_function *query;
    MPI_Grequest_free_function *release;
    MPI_Grequest_cancel_function *cancel;
    void *extra_state;
};

static int query(struct mp_request *request, MPI_Status *status)
{
    const struct generalized *g = request->state;
    MPI_Status filled = {.MPI_ERROR = MPI_SUCCESS};

    mp_status_nothing(&filled);
    int call = mp_callback_begin();
    int err = g->query(g->extra_state, &filled);
    mp_callback_end(call);
    if (status != MPI_STATUS_IGNORE) {
        filled.MPI_ERROR = status->MPI_ERROR; // is the caller's business (3.2.5)
        *status = filled;
    }
    return err;
}

static int cancel(struct mp_request *request)
{
    const struct generalized *g = request->state;
    int call = mp_callback_begin();
    int err = g->cancel(g->extra_state, request->complete);
    mp_callback_end(call);
    return err;
}

static int end(struct mp_request *request)
{
    const struct generalized *g = request->state;
    int call = mp_callback_begin();
    int err = g->release(g->extra_state);
    mp_callback_end(call);
    return err;
}

static void release(struct mp_request *request)
{
    free(request->state);
}

static const struct mp_request_ops ops = {
    .query = query, .end = end, .cancel = cancel, .release = release};

int PMPI_Grequest_start(MPI_Grequest_query_function *query_fn, MPI_Grequest_free_function *free_fn,
                        MPI_Grequest_cancel_function *cancel_fn, void *extra_state,
                        MPI_Request *request)
{
    int err = mp_enter(MP_CALL_Grequest_start);
    if (!err && (!query_fn || !free_fn || !cancel_fn)) {
        err = mp_fail(MPI_ERR_ARG, "%s is NULL, must be a function",
                      !query_fn  ? "query_fn"
                      : !free_fn ? "free_fn"
                                 : "cancel_fn");
    }
    err = err ? err : mp_check_pointer(request, "request");
    if (!err) {
        struct generalized *g = malloc(sizeof *g);
        struct mp_request *r = g ? mp_request_new(MP_REQUEST_GENERALIZED, NULL, NULL) : NULL;
        if (r) {
            *g = (struct generalized){query_fn, free_fn, cancel_fn, extra_state};
            r->ops = &ops;
            r->state = g;
            r->world = -1;
            *request = (MPI_Request)(void *)r;
            mp_request_made(r, MP_CALL_Grequest_start, NULL);
        } else {
            free(g);
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for a request");
        }
    }
    return mp_leave(MP_CALL_Grequest_start, NULL, err);
}
MP_WEAK(Grequest_start);

int PMPI_Grequest_complete(MPI_Request request)
{
    int err = mp_enter(MP_CALL_Grequest_complete);
    struct mp_request *r = err ? NULL : mp_request_get(request);
    if (!err && (!r || r->kind != MP_REQUEST_GENERALIZED)) {
        err = mp_fail(MPI_ERR_REQUEST, "request is no generalized request");
    } else if (!err) {
        // Freed before: the user has done with it, and here its free_fn is called (13.2).
        err = r->detached ? mp_request_end(r) : 0;
        mp_request_complete(r, 0);
    }
    return mp_leave(MP_CALL_Grequest_complete, NULL, err);
}
MP_WEAK(Grequest_complete);
