// SPDX-License-Identifier: MIT
// The origin's half of messages: see remote_access.h. What is put is copied into the request, so
// the program's buffer is free again at once; what is fetched is received where the program wants
// it, and a flush waits for that. Whether the rest is done is asked by a FLUSH, whose answer comes
// after all that was asked before. A target is also asked whenever much is on its way to it, so
// that neither side needs memory without limit.
#include "window/remote_access.h"

#include "datatype/datatype_wire.h"
#include "message/message.h"
#include "message/outgoing.h"
#include "object/errhandler.h"
#include "process/process.h"
#include "window/window_waits.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(void)
{
    return mp_fail(MPI_ERR_NO_MEM, "no memory for a request to another rank's window");
}

static void mark_sent(struct mp_window *window, struct mp_window_side *side)
{
    if (!side->sent) {
        side->sent = 1;
        window->senders++;
    }
}

// Sends a request: `head`, what it says of `type` (NULL: nothing), and the data.
static int send_request(struct mp_window *window, int target, struct mp_asked_head *head,
                        const struct mp_datatype *type, const void *data, size_t bytes)
{
    struct mp_comm *comm = window->comm;
    struct mp_datatype *byte = mp_datatype_get(MPI_BYTE);
    MPI_Request handle;
    head->wire = type ? mp_datatype_wire_bytes(type) : 0;
    size_t length = sizeof *head + head->wire + bytes;
    char *message = malloc(length);
    if (!message) {
        return no_memory();
    }
    memcpy(message, head, sizeof *head);
    if (type) {
        mp_datatype_to_wire(type, message + sizeof *head);
    }
    if (bytes) {
        memcpy(message + sizeof *head + head->wire, data, bytes);
    }
    struct mp_packet bell = {.kind = MP_PACKET_WINDOW, .context = comm->context};
    mp_answer(mp_comm_world_rank(comm, target), &bell);
    int error = mp_isend(message, (MPI_Count)length, byte, target, MP_ASKED_TAG, comm,
                         comm->context, MP_SEND_STANDARD, &handle);
    if (error || mp_is_sent(handle)) {
        free(message);
        return error;
    }
    struct mp_request *request = mp_request_of(handle);
    request->staging = message;
    request->plain = false;
    mp_request_forget(request);
    return 0;
}

static int32_t next_tag(struct mp_window_side *side)
{
    side->tag = side->tag % 0x7ffffffe + 1;
    return (int32_t)side->tag;
}

// A request with an answer, which is received into `into`.
static int ask(struct mp_window *window, int target, struct mp_asked_head *head,
               const struct mp_datatype *type, const void *data, size_t bytes,
               const struct mp_window_buffer *into, struct mp_request **answer)
{
    struct mp_comm *comm = window->comm;
    head->tag = next_tag(&window->sides[target]);
    int error =
        mp_irecv(into->at, into->count, into->type, target, head->tag, comm, comm->context, answer);
    error = error ? error : send_request(window, target, head, type, data, bytes);
    return error;
}

// The deadlock proof must not take it for a message that the target's program has to send.
static void wait_for(struct mp_request *answer,
                     void (*describe)(const void *, struct mp_wait_record *), const void *waits,
                     int peer, int tag)
{
    struct mp_waiter waiter;
    mp_waiter_begin(&waiter, peer, tag, answer->context, 0);
    mp_waiter_describe(&waiter, describe, waits);
    while (!answer->complete) {
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

// ---- What a flush has to wait for

// Returns whether one of them was refused; then its target is asked once more, and says why.
static bool forget_finished(struct mp_window *window)
{
    size_t kept = 0;
    bool refused = false;
    for (size_t i = 0; i < window->pending_count; i++) {
        struct mp_window_pending *pending = &window->pending[i];
        if (!pending->request->complete) {
            window->pending[kept++] = *pending;
            continue;
        }
        if (pending->fetches && pending->request->bytes == 0) {
            mark_sent(window, &window->sides[pending->target]);
            refused = true;
        }
        mp_request_release(pending->request);
    }
    window->pending_count = kept;
    return refused;
}

// Notes an answer that is under way; *request (NULL: nobody wants it) gets it, too.
static int note(struct mp_window *window, int target, bool fetches, struct mp_request *answer,
                struct mp_request **request)
{
    if (window->pending_count == window->pending_room) {
        forget_finished(window);
    }
    if (window->pending_count * 2 >= window->pending_room) {
        size_t more = window->pending_room ? 2 * window->pending_room : 16;
        struct mp_window_pending *grown = realloc(window->pending, more * sizeof *grown);
        if (!grown) {
            wait_for(answer, mp_describe_answer, NULL, answer->world, MPI_ANY_TAG);
            mp_request_release(answer);
            return no_memory();
        }
        window->pending = grown;
        window->pending_room = more;
    }
    answer->plain = false; // for it may be held twice
    window->pending[window->pending_count++] = (struct mp_window_pending){answer, target, fetches};
    if (request) {
        answer->object.refs++;
        *request = answer;
    }
    return 0;
}

static bool wait_for_answers(struct mp_window *window, int target)
{
    size_t i = 0;
    while (i < window->pending_count) {
        struct mp_request *request = window->pending[i].request;
        if (request->complete || (target >= 0 && window->pending[i].target != target)) {
            i++;
            continue;
        }
        size_t count = window->pending_count;
        request->object.refs++; // other threads may flush meanwhile
        wait_for(request, mp_describe_answer, NULL, request->world, MPI_ANY_TAG);
        mp_request_release(request);
        i = count == window->pending_count ? i + 1 : 0; // places may have changed
    }
    return forget_finished(window);
}

// ---- Accesses

// On its way to a target, or kept there, at most, and what a request needs besides its data. After
// so much a question and its answer, some 50 us, are a part in 50 of what the rest has taken.
enum { UNFLUSHED_MOST = 8 << 20, REQUEST_BYTES = 512 };

static int limit(struct mp_window *window, int target, MPI_Count bytes)
{
    struct mp_window_side *side = &window->sides[target];
    side->unflushed += (uint64_t)bytes + REQUEST_BYTES;
    if (likely(side->unflushed < UNFLUSHED_MOST)) {
        return 0;
    }
    mark_sent(window, side);
    return mp_ask_flush(window, target, false);
}

// The address and the elements, contiguous ones as bytes. Returns the type to be told, or NULL.
static const struct mp_datatype *set_place(struct mp_asked_head *head,
                                           const struct mp_access *access)
{
    bool plain = access->type->contiguous;
    head->address = access->address + (plain ? (uint64_t)access->type->true_lb : 0);
    head->count = plain ? access->count * access->type->size : access->count;
    head->bytes = access->count * access->type->size;
    return plain ? NULL : access->type;
}

int mp_ask_put(struct mp_access *access)
{
    struct mp_asked_head head = {.what = MP_ASK_PUT};
    const struct mp_datatype *type = set_place(&head, access);
    const struct mp_window_buffer *origin = &access->origin;
    size_t bytes = (size_t)head.bytes;
    const void *data = (const char *)origin->at + origin->type->true_lb;
    void *packed = NULL;
    if (!origin->type->contiguous) {
        data = packed = malloc(bytes);
        if (!packed) {
            return no_memory();
        }
        mp_datatype_pack(origin->type, origin->at, origin->count, 0, packed, head.bytes);
    }
    mark_sent(access->window, access->side);
    int error = send_request(access->window, access->target, &head, type, data, bytes);
    free(packed);
    return error ? error : limit(access->window, access->target, head.bytes);
}

int mp_ask_get(struct mp_access *access, struct mp_request **request)
{
    struct mp_asked_head head = {.what = MP_ASK_GET};
    const struct mp_datatype *type = set_place(&head, access);
    struct mp_request *answer;
    int error = ask(access->window, access->target, &head, type, NULL, 0, &access->origin, &answer);
    error = error ? error : note(access->window, access->target, true, answer, request);
    return error ? error : limit(access->window, access->target, head.bytes);
}

int mp_ask_accumulate(struct mp_access *access, const void *packed, struct mp_request **request)
{
    struct mp_asked_head head = {.what = MP_ASK_ACCUMULATE,
                                 .op = access->op->predefined,
                                 .basic = access->basic->basic,
                                 .fetch = access->result.type != NULL};
    const struct mp_datatype *type = set_place(&head, access);
    size_t bytes = packed ? (size_t)head.bytes : 0;
    mark_sent(access->window, access->side);
    if (!head.fetch) {
        int error = send_request(access->window, access->target, &head, type, packed, bytes);
        return error ? error : limit(access->window, access->target, head.bytes);
    }
    struct mp_request *answer;
    int error =
        ask(access->window, access->target, &head, type, packed, bytes, &access->result, &answer);
    error = error ? error : note(access->window, access->target, true, answer, request);
    return error ? error : limit(access->window, access->target, head.bytes);
}

int mp_ask_compare_and_swap(struct mp_access *access)
{
    struct mp_asked_head head = {.what = MP_ASK_SWAP};
    char data[128];
    size_t bytes = (size_t)access->type->size;
    struct mp_request *answer;
    set_place(&head, access);
    memcpy(data, access->compare, bytes);
    memcpy(data + bytes, access->origin.at, bytes);
    mark_sent(access->window, access->side);
    int error =
        ask(access->window, access->target, &head, NULL, data, 2 * bytes, &access->result, &answer);
    error = error ? error : note(access->window, access->target, true, answer, NULL);
    return error ? error : limit(access->window, access->target, head.bytes);
}

// ---- Synchronization

int mp_ask_lock(struct mp_window *window, int target, bool exclusive, bool try, bool *got)
{
    struct mp_asked_head head = {.what = MP_ASK_LOCK, .exclusive = exclusive, .fetch = try};
    struct mp_lock_wait wait = {window, target};
    int32_t granted = 0;
    struct mp_window_buffer buffer = {&granted, sizeof granted, mp_datatype_get(MPI_BYTE)};
    struct mp_request *answer;
    int error = ask(window, target, &head, NULL, NULL, 0, &buffer, &answer);
    if (!error) {
        wait_for(answer, mp_describe_lock, &wait, MP_PEER_SEVERAL, window->sides[target].world);
        mp_request_release(answer);
    }
    *got = granted != 0;
    return error;
}

int mp_ask_plain(struct mp_window *window, int target, enum mp_asked what, bool exclusive)
{
    struct mp_asked_head head = {.what = what, .exclusive = exclusive};
    window->sides[target].told = 1;
    return send_request(window, target, &head, NULL, NULL, 0);
}

int mp_ask_last(struct mp_window *window)
{
    for (int i = 0; i < window->size; i++) {
        if (window->sides[i].told) {
            mark_sent(window, &window->sides[i]);
        }
    }
    return mp_ask_flush(window, -1, false);
}

// Of what the targets have said by now.
static int take_refusal(struct mp_window *window, int first, int end)
{
    for (int i = first; i < end; i++) {
        struct mp_window_refusal refusal = window->sides[i].refusal;
        if (refusal.bytes) {
            window->sides[i].refusal.bytes = 0;
            return mp_fail(MPI_ERR_RMA_RANGE,
                           "an access to %llu bytes at %p of rank %d failed, which %s (any more)",
                           (unsigned long long)refusal.bytes, (void *)(uintptr_t)refusal.address, i,
                           window->flavor == MPI_WIN_FLAVOR_DYNAMIC
                               ? "has not attached them, or has no memory there"
                               : "has no memory there");
        }
    }
    return 0;
}

int mp_ask_flush(struct mp_window *window, int target, bool local)
{
    int first = target < 0 ? 0 : target, end = target < 0 ? window->size : target + 1, error = 0;
    bool refused = true;
    while (refused && !error) {
        for (int i = first; i < end && window->senders > 0 && !local && !error; i++) {
            struct mp_window_side *side = &window->sides[i];
            if (side->sent) {
                struct mp_asked_head head = {.what = MP_ASK_FLUSH};
                struct mp_window_buffer into = {&side->refusal, sizeof side->refusal,
                                                mp_datatype_get(MPI_BYTE)};
                struct mp_request *answer;
                side->sent = 0;
                side->unflushed = 0;
                window->senders--;
                error = ask(window, i, &head, NULL, NULL, 0, &into, &answer);
                error = error ? error : note(window, i, false, answer, NULL);
            }
        }
        refused = window->pending_count > 0 && wait_for_answers(window, target) && !local;
    }
    return error ? error : take_refusal(window, first, end);
}
