// SPDX-License-Identifier: MIT
// The life of a request: made, completed by whoever moves its data, waited for, freed.
#include "message/request.h"

#include "datatype/datatype_signature.h"
#include "message/message.h"
#include "message/message_waits.h"
#include "object/errhandler.h"
#include "object/session.h"
#include "object/status.h"
#include "process/peers.h"
#include "process/process.h"
#include "wait/progress.h"

#include <stdlib.h>

struct mp_request *mp_request_new(enum mp_request_kind kind, struct mp_comm *comm,
                                  struct mp_datatype *type)
{
    struct mp_request *request = mp_request_more();
    if (!request) {
        return NULL;
    }
    mp_list_init(&request->link);
    request->kind = (uint8_t)kind;
    request->active = true;
    request->comm = comm;
    request->type = type;
    if (comm) {
        mp_comm_hold(comm);
    }
    if (type) {
        mp_datatype_hold(type);
    }
    return request;
}

void mp_request_release(struct mp_request *request)
{
    if (request->object.builtin || --request->object.refs > 0) {
        return;
    }
    mp_list_remove(&request->other);
    if (request->ops && request->ops->release) {
        request->ops->release(request);
    }
    free(request->staging);
    if (request->type) {
        mp_datatype_release(request->type);
    }
    if (request->comm) {
        mp_comm_release(request->comm);
    }
    mp_object_delete(request);
}

struct mp_request *mp_request_idle;

struct mp_request *mp_request_more(void)
{
    struct mp_request *request = mp_object_new(MP_KIND_REQUEST, sizeof *request);
    if (!request) {
        mp_fail(MPI_ERR_NO_MEM, "no memory for a request");
        return NULL;
    }
    mp_list_init(&request->other);
    return request;
}

struct mp_request mp_request_sent = {
    .object = {.magic = MP_KIND_REQUEST, .refs = 1, .builtin = 1},
    .link = {&mp_request_sent.link, &mp_request_sent.link},
    .kind = MP_REQUEST_SEND,
    .mode = MP_SEND_STANDARD,
    .complete = true,
    .plain = true,
    .active = true,
    .other = {&mp_request_sent.other, &mp_request_sent.other},
};

struct mp_list mp_sent_kept = {&mp_sent_kept, &mp_sent_kept};

struct mp_request *mp_sent_find(MPI_Request handle)
{
    for (struct mp_list *at = mp_sent_kept.next; at != &mp_sent_kept; at = at->next) {
        struct mp_request *request = mp_container_of(at, struct mp_request, other);
        if (request->buffer == (void *)handle) {
            return request;
        }
    }
    return &mp_request_sent;
}

struct mp_request *mp_sent_object(MPI_Request handle)
{
    struct mp_request *request = mp_request_new(MP_REQUEST_SEND, NULL, NULL);
    if (request) {
        request->mode = MP_SEND_STANDARD;
        request->complete = true;
        request->world = mp_sent_world(handle);
        request->sequence = (uintptr_t)handle >> MP_SENT_NUMBER_SHIFT;
        request->buffer = (void *)handle;
    }
    return request;
}

struct mp_request *mp_sent_keep(MPI_Request handle)
{
    struct mp_request *request = mp_request_get(handle);
    if (request == &mp_request_sent) {
        request = mp_sent_object(handle);
        if (request) {
            mp_list_insert(&mp_sent_kept, &request->other);
        }
    }
    return request;
}

// A session must not end before what was sent on it without looking back has left.
void mp_request_detach(struct mp_request *request)
{
    request->detached = true;
    request->plain = false;
    if (request->kind == MP_REQUEST_SEND && request->comm && request->comm->session) {
        request->awaited = true;
        request->comm->session->detached++;
    }
}

void mp_request_forget(struct mp_request *request)
{
    if (request->complete) {
        mp_request_release(request);
    } else {
        request->detached = true;
        request->plain = false;
    }
}

// ---- Watches

static struct mp_list line = {&line, &line}; // of those that are woken, in order

static int wake_line(struct mp_poller *poller)
{
    int done = 0;
    // What these complete in turn wakes others, which go on here too: each has work to do.
    while (!mp_list_empty(&line)) {
        struct mp_watch *watch = mp_container_of(line.next, struct mp_watch, line);
        mp_list_remove(&watch->line);
        watch->woken(watch); // and may be gone
        done++;
    }
    mp_progress_remove(poller);
    return done;
}

static struct mp_poller line_poller = {.link = {&line_poller.link, &line_poller.link},
                                       .poll = wake_line};

static void unwatch(struct mp_watch *watch)
{
    struct mp_watch **at = watch->request ? &watch->request->watches : NULL;
    while (at && *at != watch) {
        at = &(*at)->next;
    }
    if (at) {
        *at = watch->next;
        watch->request = NULL;
    }
}

void mp_watch_set(struct mp_watch *watch, struct mp_request *request)
{
    if (watch->request != request) {
        unwatch(watch);
        watch->request = request;
        watch->next = request->watches;
        request->watches = watch;
        request->plain = false;
    }
}

void mp_watch_wake(struct mp_watch *watch)
{
    if (mp_list_empty(&watch->line)) {
        mp_list_insert(&line, &watch->line);
        mp_progress_add(&line_poller);
        mp_wake_threads();
    }
}

void mp_watch_end(struct mp_watch *watch)
{
    unwatch(watch);
    mp_list_remove(&watch->line);
}

// ---- Completion

void mp_request_complete_slow(struct mp_request *request, int error)
{
    if (unlikely(request->cancelling)) {
        request->answered = true;
        return;
    }
    request->error = error;
    request->plain = request->plain && !error;
    request->complete = true;
    mp_wake_threads();
    while (request->watches) {
        struct mp_watch *watch = request->watches;
        request->watches = watch->next;
        watch->request = NULL;
        mp_watch_wake(watch);
    }
    if (unlikely(request->detached)) {
        if (request->awaited) {
            request->comm->session->detached--;
        }
        mp_request_release(request);
    }
}

void mp_request_wait(struct mp_request *request)
{
    if (request->complete) {
        return;
    }
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, request->world, request->entry.tag, request->context,
                    (uint64_t)request->length);
    mp_waiter_describe(&waiter, mp_describe_request, request);
    while (!request->complete) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

// A message that ends within a basic element of the receive's type.
static int cut(const struct mp_request *request)
{
    return mp_fail(MPI_ERR_TYPE,
                   "the message from rank %d with tag %d has %lld bytes, which is no whole number "
                   "of the receive's basic elements: the types of send and receive differ",
                   request->source, request->result_tag, (long long)request->total);
}

// Under `mprun --check`: one of a type that contradicts the receive's.
static int contradiction(const struct mp_request *request)
{
    char given[MP_SIGNATURE_TEXT], taken[MP_SIGNATURE_TEXT];
    return mp_fail(
        MPI_ERR_TYPE, "the message from rank %d with tag %d consists of %s, the receive of %s",
        request->source, request->result_tag, mp_signature_words(request->signature, given),
        mp_datatype_words(request->type, taken));
}

static int truncation(const struct mp_request *request)
{
    return mp_fail(MPI_ERR_TRUNCATE,
                   "the message from rank %d with tag %d has %lld bytes, the receive buffer only "
                   "%lld",
                   request->source, request->result_tag, (long long)request->total,
                   (long long)request->length);
}

int mp_request_end(struct mp_request *request)
{
    return request->ops && request->ops->end ? request->ops->end(request) : 0;
}

int mp_request_finish(MPI_Request *handle, MPI_Status *status)
{
    struct mp_request *request = mp_request_get(*handle);
    int error = request->error;

    if (request->kind == MP_REQUEST_GENERALIZED && request->ops->query) {
        int failed = request->ops->query(request, status);
        error = error ? error : failed;
    } else {
        mp_request_status(request, status);
    }
    // The last callback's error is that of the call (13.2); one of the others is not lost for it.
    int ended = mp_request_end(request);
    error = ended ? ended : error;
    if (error == MPI_ERR_TRUNCATE && request->kind == MP_REQUEST_RECV) {
        truncation(request);
    } else if (error == MPI_ERR_TYPE && request->kind == MP_REQUEST_RECV) {
        if (unlikely(mp_process.check) && request->signature != MP_DATA_ANY) {
            contradiction(request);
        } else {
            cut(request);
        }
    } else if (error && request->ops && request->ops->explain) {
        request->ops->explain(request);
    }
    if (request->persistent) {
        request->active = false;
        request->error = 0;
    } else {
        *handle = MPI_REQUEST_NULL;
        mp_request_release(request);
    }
    return error;
}
