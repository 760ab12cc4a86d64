// SPDX-License-Identifier: MIT
// Buffered sends. A message takes a block of the attached buffer: a header, then the packed data.
// An ordinary send of those bytes is started from there; the block is free again when that is
// complete. A message that leaves at once (eager) gives its block back at once.
#include "core/bsend.h"

#include "core/message.h"
#include "core/process.h"
#include "core/progress.h"
#include "core/session.h"

#include <stdlib.h>

struct block {
    struct mp_list link;
    struct mp_request *send; // of the packed bytes; held
    MPI_Count room;          // bytes of the block, this header included
    _Alignas(16) char data[];
};
_Static_assert(sizeof(struct block) + 16 <= MPI_BSEND_OVERHEAD,
               "a block's header and its alignment fit what users are told to add");

struct mp_bsend_buffer *mp_bsend_process_buffer;
static struct mp_list attached = {&attached, &attached}; // all buffers

int mp_bsend_attach(struct mp_bsend_buffer **place, void *memory, MPI_Count size)
{
    if (*place) {
        return mp_fail(MPI_ERR_BUFFER, "a buffer is attached already; detach it first");
    }
    bool automatic = memory == MPI_BUFFER_AUTOMATIC;
    if (!automatic && size < 0) {
        return mp_fail(MPI_ERR_ARG, "size is %lld, must be 0 or more", (long long)size);
    }
    if (!automatic && !memory && size > 0) {
        return mp_fail(MPI_ERR_BUFFER, "buffer is NULL, size is %lld", (long long)size);
    }
    struct mp_bsend_buffer *buffer = malloc(sizeof *buffer);
    if (!buffer) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory to attach a buffer");
    }
    *buffer = (struct mp_bsend_buffer){
        .memory = memory, .size = automatic ? 0 : size, .automatic = automatic};
    mp_list_init(&buffer->blocks);
    mp_list_insert(&attached, &buffer->all);
    *place = buffer;
    return 0;
}

// The send may be the last that holds a communicator which was freed, and whose own buffer this is:
// then the buffer, which has no other block, goes too.
static void free_block(const struct mp_bsend_buffer *buffer, struct block *block)
{
    struct mp_request *send = block->send;
    mp_list_remove(&block->link);
    if (buffer->automatic) {
        free(block);
    }
    if (send) {
        mp_request_release(send);
    }
}

// Gives back the blocks whose messages have left. Returns true if none is left; then the buffer may
// be gone, unless somebody holds the communicator that it is attached to.
static bool reclaim(struct mp_bsend_buffer *buffer)
{
    for (struct mp_list *at = buffer->blocks.next, *next; at != &buffer->blocks; at = next) {
        next = at->next;
        struct block *block = mp_container_of(at, struct block, link);
        if (block->send->complete) {
            bool only = buffer->blocks.next == at && next == &buffer->blocks;
            free_block(buffer, block);
            if (only) {
                return true;
            }
        }
    }
    return mp_list_empty(&buffer->blocks);
}

void mp_bsend_flush(struct mp_bsend_buffer *buffer)
{
    if (!buffer || reclaim(buffer)) {
        return;
    }
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (!reclaim(buffer)) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

int mp_bsend_detach(struct mp_bsend_buffer **place, void **memory, MPI_Count *size)
{
    struct mp_bsend_buffer *buffer = *place;
    if (!buffer) {
        return mp_fail(MPI_ERR_BUFFER, "no buffer is attached");
    }
    mp_bsend_flush(buffer);
    *memory = buffer->memory;
    *size = buffer->size;
    mp_list_remove(&buffer->all);
    free(buffer);
    *place = NULL;
    return 0;
}

static bool is_in_use(const struct mp_session *session)
{
    for (struct mp_list *a = attached.next, *next; a != &attached; a = next) {
        next = a->next;
        struct mp_bsend_buffer *buffer = mp_container_of(a, struct mp_bsend_buffer, all);
        if (reclaim(buffer)) {
            continue;
        }
        for (struct mp_list *b = buffer->blocks.next; b != &buffer->blocks; b = b->next) {
            if (mp_container_of(b, struct block, link)->send->comm->session == session) {
                return true;
            }
        }
    }
    return false;
}

void mp_bsend_flush_session(const struct mp_session *session)
{
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (is_in_use(session)) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

// What an iflush waits for: the sends that were in the buffer when it began.
struct flush {
    MPI_Count count;
    struct mp_request *sends[];
};

static bool flush_progress(struct mp_request *request)
{
    const struct flush *flush = request->state;
    for (MPI_Count i = 0; i < flush->count; i++) {
        if (!flush->sends[i]->complete) {
            return false;
        }
    }
    mp_progress_remove(request);
    mp_request_complete(request, 0);
    return true;
}

static void flush_release(struct mp_request *request)
{
    struct flush *flush = request->state;
    for (MPI_Count i = 0; i < flush->count; i++) {
        mp_request_release(flush->sends[i]);
    }
    free(flush);
}

int mp_bsend_iflush(struct mp_bsend_buffer *buffer, struct mp_request **request)
{
    static const struct mp_request_ops ops = {.progress = flush_progress, .release = flush_release};
    size_t count = 0;
    if (buffer && !reclaim(buffer)) {
        for (struct mp_list *at = buffer->blocks.next; at != &buffer->blocks; at = at->next) {
            count++;
        }
    }
    struct flush *flush = malloc(sizeof *flush + count * sizeof(struct mp_request *));
    struct mp_request *r = flush ? mp_request_new(MP_REQUEST_OTHER, NULL, NULL) : NULL;
    if (!r) {
        free(flush);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a request");
    }
    flush->count = 0;
    if (count) {
        for (struct mp_list *at = buffer->blocks.next; at != &buffer->blocks; at = at->next) {
            struct block *block = mp_container_of(at, struct block, link);
            block->send->object.refs++;
            flush->sends[flush->count++] = block->send;
        }
    }
    r->ops = &ops;
    r->state = flush;
    r->world = MP_PEER_SEVERAL;
    mp_progress_add(r);
    flush_progress(r);
    *request = r;
    return 0;
}

// The first gap of `room` bytes in the user's buffer, or NULL. Sets *before to the block after it.
static struct block *find_gap(struct mp_bsend_buffer *buffer, MPI_Count room,
                              struct mp_list **before)
{
    uintptr_t start = mp_round_up((uintptr_t)buffer->memory, 16);
    uintptr_t end = (uintptr_t)buffer->memory + (uintptr_t)buffer->size;
    struct mp_list *at = buffer->blocks.next;

    for (;; at = at->next) {
        struct block *used = at == &buffer->blocks ? NULL : mp_container_of(at, struct block, link);
        uintptr_t stop = used ? (uintptr_t)used : end;
        if (stop >= start && (MPI_Count)(stop - start) >= room) {
            *before = at;
            return (struct block *)start;
        }
        if (!used) {
            return NULL;
        }
        start = (uintptr_t)used + (uintptr_t)used->room;
    }
}

static struct block *take_block(struct mp_bsend_buffer *buffer, MPI_Count length)
{
    MPI_Count room = (MPI_Count)mp_round_up(sizeof(struct block) + (size_t)length, 16);
    struct mp_list *before = &buffer->blocks;
    struct block *block;

    reclaim(buffer);
    if (buffer->automatic) {
        block = malloc((size_t)room);
    } else {
        block = find_gap(buffer, room, &before);
        if (!block) {
            mp_progress(); // some may be able to leave
            reclaim(buffer);
            block = find_gap(buffer, room, &before);
        }
    }
    if (block) {
        block->room = room;
        mp_list_insert(before, &block->link);
    }
    return block;
}

// The nearest one (3.6): the communicator's, its session's, the process's.
static struct mp_bsend_buffer *buffer_of(const struct mp_comm *comm)
{
    if (comm->buffer) {
        return comm->buffer;
    }
    return comm->session && comm->session->buffer ? comm->session->buffer : mp_bsend_process_buffer;
}

// The user's request keeps the message's own send, which it may be asked to cancel.
static void forget_send(struct mp_request *request)
{
    struct mp_request *send = request->state;
    if (send) {
        mp_request_release(send);
    }
}

int mp_bsend_start(struct mp_request *request)
{
    static const struct mp_request_ops ops = {.release = forget_send};
    struct mp_bsend_buffer *buffer = buffer_of(request->comm);

    if (!buffer) {
        return mp_fail(MPI_ERR_BUFFER, "a buffered send of %lld bytes, and no buffer is attached",
                       (long long)request->length);
    }
    struct block *block = take_block(buffer, request->length);
    if (!block) {
        return mp_fail(MPI_ERR_BUFFER,
                       "a buffered send of %lld bytes does not fit the attached buffer of %lld "
                       "bytes, as far as it is free (each message takes MPI_BSEND_OVERHEAD more)",
                       (long long)request->length, (long long)buffer->size);
    }
    mp_datatype_pack(request->type, request->buffer, request->count, 0, block->data,
                     request->length);
    struct mp_request *before = request->state;
    MPI_Request handle;
    int error =
        mp_isend(block->data, request->length, mp_datatype_get(MPI_BYTE), request->peer,
                 request->entry.tag, request->comm, request->context, MP_SEND_STANDARD, &handle);
    // One of its own, for this request may be asked to cancel it. Without memory for it the message
    // has left all the same, and cannot be cancelled.
    block->send = mp_is_sent(handle) ? mp_sent_object(handle) : mp_request_get(handle);
    if (error) {
        mp_list_remove(&block->link);
        return error;
    }
    if (before) {
        mp_request_release(before); // of the last start of a persistent request
    }
    request->plain = false;
    request->ops = &ops;
    request->state = block->send;
    if (block->send) {
        block->send->object.refs++;
    }
    if (!block->send || block->send->complete) {
        free_block(buffer, block);
    }
    mp_request_complete(request, 0);
    return 0;
}

// The message's own send was asked to cancel: the user's request follows what becomes of it.
static bool cancel_progress(struct mp_request *request)
{
    const struct mp_request *send = request->state;
    if (send->complete) {
        request->cancelled = send->cancelled;
        mp_progress_remove(request);
        mp_request_complete(request, 0);
        return true;
    }
    return false;
}

void mp_bsend_cancel(struct mp_request *request)
{
    static const struct mp_request_ops ops = {.progress = cancel_progress, .release = forget_send};
    struct mp_request *send = request->state;

    if (!send) {
        return;
    }
    mp_request_cancel(send);
    request->complete = false;
    request->ops = &ops;
    mp_progress_add(request);
    cancel_progress(request);
}
