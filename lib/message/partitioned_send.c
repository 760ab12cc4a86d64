// SPDX-License-Identifier: MIT
// The sending end of a partitioned message: partitions that are ready go in runs of neighbours,
// when the receiver has started the round. What the ends say to each other is at the head of
// partitioned.c.
#include "message/partitioned_end.h"

#include "message/message_waits.h"
#include "message/outgoing.h"
#include "object/errhandler.h"
#include "process/peers.h"
#include "wait/progress.h"

#include <stdlib.h>
#include <string.h>

struct sender {
    struct mp_part_end side;
    struct mp_request *request;
    struct mp_list blocked; // in the peer's list of those that wait for room
    bool open;              // the receiver has started this round
    bool next_open;         // and even the next one
    bool push_only;         // the receiver cannot fetch
    int gone;               // partitions sent in this round
    // The partitions ready in this round, in the order in which they became so; those up to `taken`
    // have been sent, or are the run.
    int queued, taken;
    int *queue;
    bool *ready; // by partition
    // Neighbours in the queue that are neighbours in memory too: being sent.
    int run_first, run_count;
    MPI_Count run_moved; // bytes
};

static struct sender *sender_of(const struct mp_request *request)
{
    return request->state;
}

// Starts on the next run if there is none. False: nothing is ready.
static bool take_run(struct sender *s)
{
    if (s->run_count > 0) {
        return true;
    }
    if (s->taken == s->queued) {
        return false;
    }
    const int *at = s->queue + s->taken;
    int count = 1;
    while (s->taken + count < s->queued && at[count] == at[0] + count) {
        count++;
    }
    s->run_first = at[0];
    s->run_count = count;
    s->run_moved = 0;
    s->taken += count;
    return true;
}

// The next packet of the run, `bytes` long; it ends the run if `last`.
static struct mp_packet data_packet(const struct sender *s, MPI_Count bytes, bool last)
{
    return (struct mp_packet){
        .kind = MP_PACKET_PART_DATA,
        .source = last ? s->run_count : 0,
        .tag = (int32_t)s->side.peer_serial,
        .length = (uint32_t)bytes,
        .target = s->side.peer,
        .total = (uint64_t)(s->run_first * s->side.size + s->run_moved),
    };
}

static void run_gone(struct sender *s)
{
    s->gone += s->run_count;
    s->run_count = 0;
}

// Long data that lies in a row is fetched by the receiver, if it is near.
static bool can_offer(const struct mp_request *request, const struct sender *s, MPI_Count bytes)
{
    return request->world != mp_process.rank && s->run_moved == 0 && bytes > mp_eager_max &&
           request->type->contiguous && mp_peer_is_near(request->world) && !s->push_only;
}

// Returns false when there is no room for all of it. To this very rank there always is: the pieces
// go through memory of our own, and no channel.
static bool send_run(const struct mp_request *request, struct sender *s)
{
    static char own[8 << 10]; // with the lock held, from a piece's packing to its delivery
    MPI_Count bytes = s->run_count * s->side.size;
    bool to_self = request->world == mp_process.rank;
    MPI_Count most =
        to_self ? (MPI_Count)sizeof own : (MPI_Count)mp_channel_payload_max(request->world);

    if (can_offer(request, s, bytes)) {
        struct mp_packet offer = data_packet(s, 0, true);
        offer.kind = MP_PACKET_PART_OFFER;
        offer.origin = (uint64_t)bytes;
        offer.address = (uintptr_t)request->buffer + (uint64_t)request->type->true_lb + offer.total;
        if (!mp_channel_reserve(request->world, MP_PACKET_PART_OFFER, 0)) {
            return false;
        }
        mp_channel_commit(request->world, &offer);
        s->run_count = 0; // gone when it is TAKEN
        return true;
    }
    do {
        MPI_Count piece = bytes - s->run_moved < most ? bytes - s->run_moved : most;
        void *room =
            to_self ? own : mp_channel_reserve(request->world, MP_PACKET_PART_DATA, (size_t)piece);
        if (!room) {
            return false;
        }
        struct mp_packet packet = data_packet(s, piece, s->run_moved + piece == bytes);
        if (piece) {
            mp_datatype_pack(request->type, request->buffer, request->count,
                             (MPI_Count)packet.total, room, piece);
        }
        s->run_moved += piece;
        if (to_self) {
            mp_partitioned_deliver(request->world, &packet, own);
        } else {
            mp_channel_commit(request->world, &packet);
        }
    } while (s->run_moved < bytes);
    run_gone(s);
    return true;
}

// Behind those that wait already; if it is one of them, it keeps its place.
static void wait_for_room(const struct mp_request *request, struct sender *s)
{
    if (mp_list_empty(&s->blocked)) {
        mp_list_insert(&mp_outgoing[request->world].parts, &s->blocked);
        mp_outgoing_wait(request->world);
    }
}

// Sends what is ready, as far as there is room. Returns how much it did. The last thing that is
// done to the request: it may be over.
static int send_ready(struct mp_request *request)
{
    struct sender *s = sender_of(request);
    int done = 0;

    while (s->open && take_run(s)) {
        MPI_Count before = s->run_moved;
        if (!send_run(request, s)) {
            wait_for_room(request, s);
            return done + (s->run_moved > before);
        }
        done++;
    }
    mp_list_remove(&s->blocked);
    if (s->open && s->gone == s->side.partitions && !request->complete &&
        mp_list_empty(&request->other)) { // else it is leaving already
        mp_complete_when_left(request->world, request, 0);
    }
    return done;
}

int mp_partitioned_flush(struct mp_list *parts)
{
    int done = 0;
    while (!mp_list_empty(parts)) {
        struct mp_list *first = parts->next;
        done += send_ready(mp_container_of(first, struct sender, blocked)->request);
        if (parts->next == first) {
            break;
        }
    }
    return done;
}

int mp_pready(struct mp_request *request, int length, const int list[], int first)
{
    struct sender *s = sender_of(request);

    for (int i = 0; i < length; i++) {
        int partition = list ? list[i] : first + i;
        if (s->ready[partition]) {
            // Take back those before it. They were not sent: nothing is until the end.
            while (i-- > 0) {
                s->ready[list ? list[i] : first + i] = false;
                s->queued--;
            }
            return mp_fail(MPI_ERR_ARG,
                           "partition %d was marked ready already since the request was started",
                           partition);
        }
        s->ready[partition] = true;
        s->queue[s->queued++] = partition;
    }
    if (request->peer == MPI_PROC_NULL || s->side.refused) {
        return 0;
    }
    if (!s->open || !mp_list_empty(&mp_outgoing[request->world].parts)) {
        mp_progress(); // the receiver's CLEAR, or room, may be there by now
    }
    if (!request->complete) {
        send_ready(request);
    }
    return 0;
}

static int start_send(struct mp_request *request)
{
    struct sender *s = sender_of(request);

    s->open = s->next_open;
    s->next_open = false;
    s->gone = s->queued = s->taken = s->run_count = 0;
    memset(s->ready, 0, (size_t)s->side.partitions * sizeof *s->ready);
    if (request->peer == MPI_PROC_NULL || s->side.refused) {
        mp_request_complete(request, s->side.refused ? MPI_ERR_TRUNCATE : 0);
    }
    return 0;
}

static void release_send(struct mp_request *request)
{
    struct sender *s = sender_of(request);
    mp_list_remove(&s->blocked);
    free(s);
}

void mp_part_answered(struct mp_request *request, const struct mp_packet *packet)
{
    struct sender *s = sender_of(request);
    bool waits = request->active && !request->complete;

    switch (packet->kind) {
    case MP_PACKET_PART_CLEAR:
        s->side.peer = packet->target;
        s->side.peer_serial = (uint32_t)packet->address;
        if (waits && !s->open) {
            s->open = true;
            send_ready(request);
        } else {
            s->next_open = true;
        }
        break;
    case MP_PACKET_PART_REFUSE:
        s->side.refused = true;
        s->side.peer_bytes = (MPI_Count)packet->total;
        if (waits) {
            mp_request_complete(request, MPI_ERR_TRUNCATE);
        }
        break;
    case MP_PACKET_PART_TAKEN:
        s->gone += packet->source;
        send_ready(request);
        break;
    default: // PUSH: back to the front of the queue, where as many have left before
        s->push_only = true;
        for (int p = packet->source; p-- > 0;) {
            s->queue[--s->taken] = (int)packet->total + p;
        }
        send_ready(request);
    }
}

static void send_awaits(const struct mp_request *request, struct mp_wait_record *record)
{
    const struct sender *s = sender_of(request);
    mp_describe_part(request, s->queued < s->side.partitions, record);
}

static const struct mp_request_ops send_ops = {.start = start_send,
                                               .awaits = send_awaits,
                                               .cancel = mp_part_cancel,
                                               .explain = mp_part_explain,
                                               .release = release_send};

int mp_psend_init(const void *buffer, int partitions, MPI_Count count, struct mp_datatype *type,
                  int dest, int tag, struct mp_comm *comm, struct mp_request **request)
{
    size_t n = (size_t)partitions;
    struct sender *s;
    int error = mp_part_end_new(MP_REQUEST_PART_SEND, sizeof *s + n * (sizeof(int) + sizeof(bool)),
                                (void *)(uintptr_t)buffer, partitions, count, type, dest, tag, comm,
                                request);
    if (error) {
        return error;
    }
    s = sender_of(*request);
    s->request = *request;
    s->queue = (int *)(void *)(s + 1);
    s->ready = (bool *)(void *)(s->queue + n);
    mp_list_init(&s->blocked);
    (*request)->ops = &send_ops;
    if (dest != MPI_PROC_NULL) {
        struct mp_packet setup = {
            .kind = MP_PACKET_PART_SETUP,
            .context = comm->context,
            .source = comm->rank,
            .tag = tag,
            .origin = (uintptr_t)*request,
            .target = s->side.serial,
            .total = (uint64_t)(*request)->length,
            .address = (uint64_t)partitions,
        };
        mp_answer((*request)->world, &setup);
    }
    return 0;
}
