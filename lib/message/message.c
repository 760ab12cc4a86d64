// SPDX-License-Identifier: MIT
// Sends and receives as the API and the collectives ask for them. The blocking ones first try to do
// without a request: a short message goes straight into the ring, and one that is next in its ring
// goes straight into the user's buffer.
#include "message/message.h"

#include "message/bsend.h"
#include "message/deliver.h"
#include "message/match.h"
#include "message/meeting.h"
#include "message/outgoing.h"
#include "object/status.h"
#include "process/peers.h"
#include "wait/progress.h"

#include <string.h>

// How often the fast receive looks at its ring before it posts a request and waits in general: the
// core may be wanted by another rank, or the lock, which it holds meanwhile, by another thread.
enum {
    FAST_POLLS = 2000,
    FAST_POLLS_SHARED = 8,
    FAST_POLLS_LOCKED = 128,
    POLLS_BETWEEN_PROGRESS = 64
};

static struct mp_match *match_of(const struct mp_comm *comm, uint32_t context)
{
    return context == comm->context ? comm->match : comm->coll_match;
}

static int start_send(struct mp_request *request)
{
    if (request->peer == MPI_PROC_NULL) {
        mp_request_complete(request, 0);
        return 0;
    }
    if (unlikely(request->comm->lost)) {
        return mp_guest_is_dead(request->comm);
    }
    if (request->mode == MP_SEND_BUFFERED) {
        return mp_bsend_start(request);
    }
    mp_send_start(request);
    return 0;
}

// The one attempt to send a message at once, without a request. *number: its packet's.
enum attempt { SENT, LEAVING, NO_ROOM, NOT_THIS };

static inline enum attempt send_eager(const void *buffer, MPI_Count count, struct mp_datatype *type,
                                      int dest, int tag, struct mp_comm *comm, uint32_t context,
                                      int32_t source, enum mp_send_mode mode, uint64_t *number)
{
    MPI_Count length = count * type->size;
    if (unlikely(dest < 0 || comm->lost || !mp_send_is_eager(buffer, type, length) ||
                 (mode != MP_SEND_STANDARD && mode != MP_SEND_READY))) {
        return NOT_THIS;
    }
    int world = mp_comm_world_rank(comm, dest);
    if (unlikely(world == mp_process.rank || mp_unexpected_is_full(world, comm))) {
        return NOT_THIS;
    }
    struct mp_packet packet = {.kind = MP_PACKET_EAGER,
                               .context = context,
                               .source = source,
                               .tag = tag,
                               .length = (uint32_t)length};
    if (unlikely(!mp_list_empty(&mp_outgoing[world].sends) ||
                 !mp_send_packet(world, &packet, buffer, count, type, number))) {
        return NO_ROOM;
    }
    if (unlikely(!mp_peer_is_near(world) && mp_outgoing_is_leaving(world))) {
        return LEAVING;
    }
    mp_channel_open_fast_path(world);
    return SENT;
}

// The request of a message that did not go that way. Room that was not there is not asked for
// again: the message waits behind those before it.
static int send_later(enum attempt attempt, const void *buffer, MPI_Count count,
                      struct mp_datatype *type, int dest, int tag, struct mp_comm *comm,
                      uint32_t context, int32_t source, enum mp_send_mode mode, uint64_t number,
                      struct mp_request **request)
{
    *request = mp_request_prepare(MP_REQUEST_SEND, buffer, count, type, dest, tag, comm, context,
                                  mode, false);
    if (!*request) {
        return MPI_ERR_NO_MEM;
    }
    (*request)->source = source;
    if (attempt == LEAVING) {
        (*request)->sequence = number;
        mp_complete_when_left((*request)->world, *request, 0);
        return 0;
    }
    if (attempt == NO_ROOM) {
        mp_send_queue(*request);
        return 0;
    }
    int error = start_send(*request);
    if (error) {
        mp_request_release(*request);
        *request = NULL;
    }
    return error;
}

// Bytes, with those of the packets, after which a sender looks whether a far peer has something to
// say: it may be full, and the stream has always room.
enum { LISTEN_BYTES = 64 << 10 };

void mp_send_listen(int world, size_t bytes)
{
    static size_t sent;
    if (mp_peer_is_near(world) || (sent += sizeof(struct mp_packet) + bytes) < LISTEN_BYTES) {
        return;
    }
    sent = 0;
    mp_progress();
}

int mp_send(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
            struct mp_comm *comm, uint32_t context, enum mp_send_mode mode)
{
    uint64_t number = 0;
    struct mp_request *request;
    if (unlikely(dest == MPI_PROC_NULL)) {
        return 0;
    }
    int32_t source = mp_send_source(comm, context, type, count);
    enum attempt attempt =
        send_eager(buffer, count, type, dest, tag, comm, context, source, mode, &number);
    if (likely(attempt == SENT)) {
        mp_progress_pace((size_t)(count * type->size));
        mp_send_listen(mp_comm_world_rank(comm, dest), (size_t)(count * type->size));
        return 0;
    }
    int error = send_later(attempt, buffer, count, type, dest, tag, comm, context, source, mode,
                           number, &request);
    if (!error) {
        mp_request_wait(request);
        error = request->error;
        mp_request_release(request);
    }
    return error;
}

MP_ALWAYS_INLINE int isend(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest,
                           int tag, struct mp_comm *comm, uint32_t context, int32_t source,
                           enum mp_send_mode mode, MPI_Request *handle)
{
    uint64_t number = 0;
    struct mp_request *request;
    enum attempt attempt =
        send_eager(buffer, count, type, dest, tag, comm, context, source, mode, &number);
    if (likely(attempt == SENT)) {
        *handle = mp_sent_handle(mp_comm_world_rank(comm, dest), number);
        return 0;
    }
    int error = send_later(attempt, buffer, count, type, dest, tag, comm, context, source, mode,
                           number, &request);
    *handle = (MPI_Request)(void *)request;
    return error;
}

int mp_isend(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
             struct mp_comm *comm, uint32_t context, enum mp_send_mode mode, MPI_Request *handle)
{
    return isend(buffer, count, type, dest, tag, comm, context,
                 mp_send_source(comm, context, type, count), mode, handle);
}

int mp_isend_collective(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest,
                        int tag, struct mp_comm *comm, uint32_t stamp, MPI_Request *handle)
{
    return isend(buffer, count, type, dest, tag, comm, comm->context + 1,
                 mp_source_stamped(comm->rank, stamp), MP_SEND_STANDARD, handle);
}

// Takes the message at the head of its source's ring, if it is the one that is asked for. Only
// while no receive is posted and no message kept that would come first. Returns its bytes, or a
// negative number: not yet there, or not to be had this way.
enum { NOT_YET = -1, NOT_THIS_WAY = -2 };

static inline MPI_Count take_from_ring(struct mp_shm_peer *from, uint64_t wanted, int source,
                                       void *buffer, MPI_Count count, struct mp_datatype *type)
{
    uint64_t word;
    struct mp_cell *cell = mp_ring_peek(&from->in, &mp_shm_shape, &word);
    if (!cell) {
        return NOT_YET;
    }
    MPI_Count length = cell->length, capacity = count * type->size;
    if (word != wanted || length > capacity || cell->source != source ||
        (length != capacity && mp_datatype_is_cut(type, length))) {
        return NOT_THIS_WAY;
    }
    const void *payload = mp_ring_payload(&from->in, &mp_shm_shape, cell, MP_PACKET_EAGER);
    if (likely(type->contiguous)) {
        size_t bytes = likely(length == capacity) ? mp_known((size_t)capacity) : (size_t)length;
        mp_copy_passing((char *)buffer + type->true_lb, payload, bytes);
    } else {
        mp_datatype_unpack(type, buffer, count, 0, payload, length);
    }
    if (mp_ring_consume(&from->in, &mp_shm_shape, cell, MP_PACKET_EAGER)) {
        mp_shm_notify(from->board);
    }
    return length;
}

// In one place, and not compiled into its callers: as a part of them it took 6 ns longer (256
// bytes: 107 for 101), with fewer instructions. The tag is looked at in one form only: kept as an
// int beside `wanted` it went to the stack as 4 bytes and came back as 8, and such a load waits
// until all stores before it have left the core, so also those of mp_ring_claim (8 KB: 452 for 428,
// between far cores 1590 for 1470).
bool mp_recv_from_ring(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                       struct mp_comm *comm, uint32_t context, MPI_Status *status)
{
    if (unlikely(source == MPI_ANY_SOURCE || tag == MPI_ANY_TAG)) {
        return false;
    }
    struct mp_match *match = match_of(comm, context);
    int world = mp_comm_world_rank(comm, mp_source_rank(source));

    struct mp_shm_peer *from = &mp_shm_peers[world];
    if (match->waiting || !mp_list_empty(&match->arrived) || !from->in.ring) {
        return false;
    }
    uint64_t wanted = mp_ring_word(MP_PACKET_EAGER, context, tag);
    int polls = mp_process.crowded       ? FAST_POLLS_SHARED
                : mp_process_is_locked() ? FAST_POLLS_LOCKED
                                         : FAST_POLLS;

    for (int i = 1;; i++) {
        MPI_Count length = take_from_ring(from, wanted, source, buffer, count, type);
        if (length >= 0) {
            if (status != MPI_STATUS_IGNORE) {
                status->MPI_SOURCE = source;
                status->MPI_TAG = mp_ring_word_tag(wanted);
                mp_status_set_bytes(status, length);
                mp_status_set_cancelled(status, 0);
            }
            return true;
        }
        if (length == NOT_THIS_WAY || i == polls) {
            return false;
        }
        mp_cpu_relax();
        // Others must not starve meanwhile: their packets may be what this peer waits for.
        if (i % POLLS_BETWEEN_PROGRESS == 0 && mp_progress()) {
            return false;
        }
    }
}

int mp_recv(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
            struct mp_comm *comm, uint32_t context, MPI_Status *status)
{
    if (unlikely(source == MPI_PROC_NULL)) {
        if (status != MPI_STATUS_IGNORE) {
            mp_status_nothing(status);
            status->MPI_SOURCE = MPI_PROC_NULL;
        }
        return 0;
    }
    if (likely(mp_recv_from_ring(buffer, count, type, source, tag, comm, context, status))) {
        return 0;
    }
    return mp_recv_posted(buffer, count, type, source, tag, comm, context, status);
}

int mp_recv_posted(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                   struct mp_comm *comm, uint32_t context, MPI_Status *status)
{
    struct mp_request *request;
    int error = mp_irecv(buffer, count, type, source, tag, comm, context, &request);
    if (!error) {
        mp_request_wait(request);
        MPI_Request handle = (MPI_Request)(void *)request;
        error = mp_request_finish(&handle, status);
    }
    return error;
}

int mp_send_init(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
                 struct mp_comm *comm, uint32_t context, enum mp_send_mode mode,
                 struct mp_request **request)
{
    *request = mp_request_prepare(MP_REQUEST_SEND, buffer, count, type, dest, tag, comm, context,
                                  mode, true);
    return *request ? 0 : MPI_ERR_NO_MEM;
}

int mp_recv_init(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                 struct mp_comm *comm, uint32_t context, struct mp_request **request)
{
    *request = mp_request_prepare(MP_REQUEST_RECV, buffer, count, type, source, tag, comm, context,
                                  MP_SEND_STANDARD, true);
    return *request ? 0 : MPI_ERR_NO_MEM;
}

static int start_recv(struct mp_request *request)
{
    if (request->peer == MPI_PROC_NULL) {
        request->source = MPI_PROC_NULL;
        request->result_tag = MPI_ANY_TAG;
        request->bytes = 0;
        mp_request_complete(request, 0);
        return 0;
    }
    struct mp_match *match = match_of(request->comm, request->context);
    struct mp_unexpected *message = mp_list_empty(&match->arrived)
                                        ? NULL
                                        : mp_match_find(match, request->peer, request->entry.tag);
    if (message) {
        mp_match_take(message);
        mp_deliver_kept(request, message);
        return 0;
    }
    return unlikely(request->comm->lost) ? mp_guest_is_dead(request->comm)
                                         : mp_match_post(match, request);
}

int mp_request_start(struct mp_request *request)
{
    request->active = true;
    request->complete = false;
    request->cancelled = false;
    request->cancelling = false;
    request->answered = false;
    request->offered = false;
    request->error = 0;
    request->bytes = 0;
    request->moved = 0;
    if (request->kind == MP_REQUEST_RECV) {
        return start_recv(request);
    }
    return request->kind == MP_REQUEST_SEND ? start_send(request) : request->ops->start(request);
}

int mp_irecv(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
             struct mp_comm *comm, uint32_t context, struct mp_request **request)
{
    // The ring is not looked at here, though the message may be there: a reader that follows the
    // writer closely takes every line away from it while it is being filled. A stream is faster
    // when the reader comes later and finds many.
    *request = mp_request_prepare(MP_REQUEST_RECV, buffer, count, type, source, tag, comm, context,
                                  MP_SEND_STANDARD, false);
    int error = *request ? start_recv(*request) : MPI_ERR_NO_MEM;
    if (error && *request) {
        mp_request_release(*request);
    }
    return error;
}

static void cancel_send(struct mp_request *request)
{
    if (request->peer == MPI_PROC_NULL || request->cancelling || request->cancelled ||
        (request->complete && request->offered)) {
        return; // nothing to take back
    }
    if (request->mode == MP_SEND_BUFFERED) {
        mp_bsend_cancel(request);
        return;
    }
    if (mp_send_unqueue(request)) {
        request->cancelled = true;
        mp_request_complete(request, 0);
        return;
    }
    // It has left. The receiver decides; an eager one becomes incomplete until it has.
    struct mp_packet cancel = {.kind = MP_PACKET_CANCEL,
                               .context = request->context,
                               .origin = (uintptr_t)request,
                               .total = request->sequence};
    request->answered = request->complete;
    request->complete = false;
    request->cancelling = true;
    mp_answer(request->world, &cancel);
}

int mp_request_cancel(struct mp_request *request)
{
    request->plain = false;
    if (request->kind == MP_REQUEST_SEND) {
        cancel_send(request);
    } else if (request->kind == MP_REQUEST_RECV) {
        // Still posted: in its queue. Otherwise its message is here, and it completes as usual.
        if (!request->complete && !mp_list_empty(&request->link)) {
            mp_match_unpost(match_of(request->comm, request->context), request);
            request->cancelled = true;
            mp_request_complete(request, 0);
        }
    } else if (request->ops && request->ops->cancel) {
        return request->ops->cancel(request);
    } else {
        return mp_fail(MPI_ERR_REQUEST, "a collective request cannot be cancelled");
    }
    return 0;
}
