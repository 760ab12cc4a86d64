// SPDX-License-Identifier: MIT
// The origin's half of messages: see remote_access.h. What is put is copied into the request, so
// the program's buffer is free again at once; what is fetched is received where the program wants
// it, and a flush waits for that. Whether the rest is done is asked by a FLUSH, whose answer comes
// after all that was asked before.
#include "window/remote_access.h"

#include "datatype/datatype_wire.h"
#include "message/message.h"
#include "message/outgoing.h"
#include "object/errhandler.h"
#include "process/process.h"

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

static int ask_and_wait(struct mp_window *window, int target, struct mp_asked_head *head,
                        const void *data, size_t bytes, void *into, MPI_Count into_bytes)
{
    struct mp_window_buffer buffer = {into, into_bytes, mp_datatype_get(MPI_BYTE)};
    struct mp_request *answer;
    int error = ask(window, target, head, NULL, data, bytes, &buffer, &answer);
    if (!error) {
        mp_request_wait(answer);
        mp_request_release(answer);
    }
    return error;
}

// ---- What a flush has to wait for

static void forget_finished(struct mp_window *window)
{
    size_t kept = 0;
    for (size_t i = 0; i < window->pending_count; i++) {
        if (window->pending[i].request->complete) {
            mp_request_release(window->pending[i].request);
        } else {
            window->pending[kept++] = window->pending[i];
        }
    }
    window->pending_count = kept;
}

// Notes an answer that is under way; *request (NULL: nobody wants it) gets it, too.
static int note(struct mp_window *window, int target, struct mp_request *answer,
                struct mp_request **request)
{
    if (window->pending_count == window->pending_room) {
        forget_finished(window);
    }
    if (window->pending_count * 2 >= window->pending_room) {
        size_t more = window->pending_room ? 2 * window->pending_room : 16;
        struct mp_window_pending *grown = realloc(window->pending, more * sizeof *grown);
        if (!grown) {
            mp_request_wait(answer);
            mp_request_release(answer);
            return no_memory();
        }
        window->pending = grown;
        window->pending_room = more;
    }
    answer->plain = false; // for it may be held twice
    window->pending[window->pending_count++] = (struct mp_window_pending){answer, target};
    if (request) {
        answer->object.refs++;
        *request = answer;
    }
    return 0;
}

static void wait_for_answers(struct mp_window *window, int target)
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
        mp_request_wait(request);
        mp_request_release(request);
        i = count == window->pending_count ? i + 1 : 0; // places may have changed
    }
    forget_finished(window);
}

// ---- Accesses

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
    return error;
}

int mp_ask_get(struct mp_access *access, struct mp_request **request)
{
    struct mp_asked_head head = {.what = MP_ASK_GET};
    const struct mp_datatype *type = set_place(&head, access);
    struct mp_request *answer;
    int error = ask(access->window, access->target, &head, type, NULL, 0, &access->origin, &answer);
    return error ? error : note(access->window, access->target, answer, request);
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
        return send_request(access->window, access->target, &head, type, packed, bytes);
    }
    struct mp_request *answer;
    int error =
        ask(access->window, access->target, &head, type, packed, bytes, &access->result, &answer);
    return error ? error : note(access->window, access->target, answer, request);
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
    return error ? error : note(access->window, access->target, answer, NULL);
}

// ---- Synchronization

int mp_ask_lock(struct mp_window *window, int target, bool exclusive, bool try, bool *got)
{
    struct mp_asked_head head = {.what = MP_ASK_LOCK, .exclusive = exclusive, .fetch = try};
    int32_t answer = 0;
    int error = ask_and_wait(window, target, &head, NULL, 0, &answer, sizeof answer);
    *got = answer != 0;
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

int mp_ask_flush(struct mp_window *window, int target, bool local)
{
    struct mp_window_buffer nothing = {NULL, 0, mp_datatype_get(MPI_BYTE)};
    int first = target < 0 ? 0 : target, end = target < 0 ? window->size : target + 1, error = 0;
    for (int i = first; i < end && window->senders > 0 && !local && !error; i++) {
        struct mp_window_side *side = &window->sides[i];
        if (side->sent) {
            struct mp_asked_head head = {.what = MP_ASK_FLUSH};
            struct mp_request *answer;
            side->sent = 0;
            window->senders--;
            error = ask(window, i, &head, NULL, NULL, 0, &nothing, &answer);
            error = error ? error : note(window, i, answer, NULL);
        }
    }
    if (window->pending_count > 0) {
        wait_for_answers(window, target);
    }
    return error;
}
