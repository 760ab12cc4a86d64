// SPDX-License-Identifier: MIT
// Buffered sends. A message takes a block of the attached buffer: a header, then the packed data.
// An ordinary send of those bytes is started from there; the block watches it and is free again
// when it is complete. A message that leaves at once (eager) gives its block back at once.
#include "message/bsend.h"

#include "message/message.h"
#include "message/message_waits.h"
#include "object/session.h"
#include "process/process.h"
#include "wait/progress.h"

#include <stdlib.h>

struct block {
    struct mp_list link; // by address
    struct mp_list age;  // by number
    struct mp_watch watch;
    struct mp_bsend_buffer *buffer;
    struct mp_request *send; // of the packed bytes; held
    uint64_t number;
    MPI_Count room; // bytes of the block, this header included
    _Alignas(16) char data[];
};
_Static_assert(sizeof(struct block) + 16 <= MPI_BSEND_OVERHEAD,
               "a block's header and its alignment fit what users are told to add");

struct mp_bsend_buffer *mp_bsend_process_buffer;
static int in_world; // blocks of messages on communicators of the World Model

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
    mp_list_init(&buffer->ages);
    mp_list_init(&buffer->flushes);
    buffer->last = &buffer->blocks;
    *place = buffer;
    return 0;
}

// What an iflush waits for: that the blocks that were in the buffer when it began are gone.
struct flush {
    struct mp_list link; // in the buffer's list, in order
    struct mp_request *request;
    uint64_t until; // number of the last of them
};

static void end_flushes(struct mp_bsend_buffer *buffer)
{
    uint64_t oldest = UINT64_MAX;
    if (!mp_list_empty(&buffer->ages)) {
        oldest = mp_container_of(buffer->ages.next, struct block, age)->number;
    }
    while (!mp_list_empty(&buffer->flushes)) {
        struct flush *flush = mp_container_of(buffer->flushes.next, struct flush, link);
        if (flush->until >= oldest) {
            return;
        }
        mp_list_remove(&flush->link);
        mp_request_complete(flush->request, 0);
    }
}

static void free_block(struct block *block)
{
    struct mp_bsend_buffer *buffer = block->buffer;

    if (buffer->last == &block->link) {
        buffer->last = block->link.prev;
    }
    mp_list_remove(&block->link);
    mp_list_remove(&block->age);
    end_flushes(buffer);
    if (buffer->automatic) {
        free(block);
    }
}

static void count(const struct mp_request *send, int by)
{
    if (send->comm->session) {
        send->comm->session->detached += by;
    } else {
        in_world += by;
    }
}

// Its message has left. The send may be the last that holds a communicator which was freed, and
// whose own buffer this is: then the buffer, which has no other block, goes too.
static void block_woken(struct mp_watch *watch)
{
    struct block *block = mp_container_of(watch, struct block, watch);
    struct mp_request *send = block->send;

    if (!send->complete) {
        mp_watch_set(watch, send); // it was asked to cancel, and will be complete again
        return;
    }
    free_block(block);
    count(send, -1);
    mp_request_release(send);
}

static void describe_blocks(const void *waits, struct mp_wait_record *record)
{
    const struct mp_bsend_buffer *buffer = waits;
    for (struct mp_list *at = buffer->blocks.next; at != &buffer->blocks; at = at->next) {
        mp_describe_request(mp_container_of(at, struct block, link)->send, record);
    }
}

void mp_bsend_flush(struct mp_bsend_buffer *buffer)
{
    if (!buffer || mp_list_empty(&buffer->blocks)) {
        return;
    }
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    mp_waiter_describe(&waiter, describe_blocks, buffer);
    while (!mp_list_empty(&buffer->blocks)) {
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
    free(buffer);
    *place = NULL;
    return 0;
}

void mp_bsend_flush_world(void)
{
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    while (in_world > 0) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

static void flush_release(struct mp_request *request)
{
    free(request->state);
}

int mp_bsend_iflush(struct mp_bsend_buffer *buffer, struct mp_request **request)
{
    static const struct mp_request_ops ops = {.release = flush_release};
    struct flush *flush = malloc(sizeof *flush);
    struct mp_request *r = flush ? mp_request_new(MP_REQUEST_OTHER, NULL, NULL) : NULL;
    if (!r) {
        free(flush);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a request");
    }
    flush->request = r;
    r->ops = &ops;
    r->state = flush;
    r->world = MP_PEER_SEVERAL;
    *request = r;
    if (!buffer) {
        mp_request_complete(r, 0);
        return 0;
    }
    flush->until = buffer->number;
    mp_list_insert(&buffer->flushes, &flush->link);
    end_flushes(buffer);
    return 0;
}

// The gap behind a block, or behind the head: at the start. NULL if it has not so much room.
static struct block *gap(struct mp_bsend_buffer *buffer, struct mp_list *at, MPI_Count room)
{
    uintptr_t start = mp_round_up((uintptr_t)buffer->memory, 16);
    uintptr_t stop = (uintptr_t)buffer->memory + (uintptr_t)buffer->size;

    if (at != &buffer->blocks) {
        struct block *used = mp_container_of(at, struct block, link);
        start = (uintptr_t)used + (uintptr_t)used->room;
    }
    if (at->next != &buffer->blocks) {
        stop = (uintptr_t)mp_container_of(at->next, struct block, link);
    }
    return stop >= start && (MPI_Count)(stop - start) >= room ? (struct block *)start : NULL;
}

// A gap in the user's buffer, or NULL. Sets *behind to the block before it. The one behind the
// block that was taken last is tried first, where it is nearly always; then all.
static struct block *find_gap(struct mp_bsend_buffer *buffer, MPI_Count room,
                              struct mp_list **behind)
{
    struct block *found = gap(buffer, buffer->last, room);
    *behind = buffer->last;
    if (found) {
        return found;
    }
    struct mp_list *at = &buffer->blocks;
    do {
        found = gap(buffer, at, room);
        *behind = at;
        at = at->next;
    } while (!found && at != &buffer->blocks);
    return found;
}

static struct block *take_block(struct mp_bsend_buffer *buffer, MPI_Count length)
{
    MPI_Count room = (MPI_Count)mp_round_up(sizeof(struct block) + (size_t)length, 16);
    struct mp_list *behind = buffer->blocks.prev;
    struct block *block;

    if (buffer->automatic) {
        block = malloc((size_t)room);
    } else {
        block = find_gap(buffer, room, &behind);
        if (!block) {
            mp_progress(); // some may be able to leave
            block = find_gap(buffer, room, &behind);
        }
    }
    if (block) {
        block->room = room;
        block->buffer = buffer;
        block->number = ++buffer->number;
        mp_watch_init(&block->watch, block_woken);
        mp_list_insert(behind->next, &block->link);
        mp_list_insert(&buffer->ages, &block->age);
        buffer->last = &block->link;
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
    if (error) {
        free_block(block);
        return error;
    }
    // One of its own, for this request may be asked to cancel it. Without memory for it the message
    // has left all the same, and cannot be cancelled.
    struct mp_request *send = mp_is_sent(handle) ? mp_sent_object(handle) : mp_request_get(handle);
    if (before) {
        mp_request_release(before); // of the last start of a persistent request
    }
    request->plain = false;
    request->ops = &ops;
    request->state = send;
    if (!send || send->complete) {
        free_block(block);
    } else {
        send->object.refs++;
        block->send = send;
        count(send, 1);
        mp_watch_set(&block->watch, send);
    }
    mp_request_complete(request, 0);
    return 0;
}

// The message's own send was asked to cancel: the user's request follows what becomes of it.
struct cancel {
    struct mp_watch watch; // of the send
    struct mp_request *request;
};

static void cancel_woken(struct mp_watch *watch)
{
    struct mp_request *request = mp_container_of(watch, struct cancel, watch)->request;
    struct mp_request *send = request->state;

    if (!send->complete) {
        mp_watch_set(watch, send);
        return;
    }
    request->cancelled = send->cancelled;
    mp_request_complete(request, 0);
}

static void cancel_release(struct mp_request *request)
{
    struct cancel *cancel = request->staging;
    mp_watch_end(&cancel->watch);
    forget_send(request);
}

void mp_bsend_cancel(struct mp_request *request)
{
    static const struct mp_request_ops ops = {.release = cancel_release};
    struct mp_request *send = request->state;

    if (!send) {
        return;
    }
    // Without memory the message is not cancelled, as may happen to any (3.8.4).
    struct cancel *cancel = request->staging ? request->staging : malloc(sizeof *cancel);
    if (!cancel) {
        return;
    }
    if (!request->staging) {
        cancel->request = request;
        mp_watch_init(&cancel->watch, cancel_woken);
        request->staging = cancel;
    }
    mp_request_cancel(send);
    request->complete = false;
    request->ops = &ops;
    cancel_woken(&cancel->watch);
}
