// SPDX-License-Identifier: MIT
// The send and the receive that most programs make most often, from the arguments of the call to
// the cell in the ring, or to the queue of posted receives, in one piece: short, of a predefined
// type, standard mode, through shared memory. What is out of the ordinary in any way, wrong
// arguments included, is left to message/message.c, so nothing is said here. It is one piece
// because the stores of a send stand in a queue behind the one that has to fetch the cell's line
// from the reader's core: a core that runs out of places in that queue stands still, so a stream of
// messages is as fast as its stores are few.
#ifndef MP_MESSAGE_MESSAGE_SHORT_H
#define MP_MESSAGE_MESSAGE_SHORT_H

#include "base/copy.h"
#include "message/match.h"
#include "message/outgoing.h"
#include "message/request.h"
#include "process/peers.h"

// The communicator of a call, or NULL.
MP_ALWAYS_INLINE struct mp_comm *mp_short_comm(MPI_Comm handle)
{
    return handle == MPI_COMM_WORLD             ? &mp_comm_world
           : mp_object_is(handle, MP_KIND_COMM) ? (struct mp_comm *)(void *)handle
                                                : NULL;
}

// The bytes of a predefined contiguous type, 0 for any other.
MP_ALWAYS_INLINE size_t mp_short_type(MPI_Datatype handle)
{
    uintptr_t index = (uintptr_t)handle - (uintptr_t)MPI_DATATYPE_NULL;
    return likely(index < 256) ? mp_datatype_quick[index] : 0;
}

// What fits a cell, and what is short enough to be copied twice wherever it lies: the two values of
// `most` below.
enum { MP_SHORT_MAX = sizeof((struct mp_cell *)0)->data, MP_MEDIUM_MAX = MP_EAGER_FROM_HEAP };

// Sends a message of up to `most` bytes, a constant, inside a call, and makes *request (NULL: none
// is asked for). Returns the peer, for mp_send_short_leave; NULL when it did nothing. Compiled once
// for either length, because the shorter one need not save a register for a call.
MP_ALWAYS_INLINE struct mp_shm_peer *mp_send_short(size_t most, const void *buffer, MPI_Count count,
                                                   MPI_Datatype datatype, int dest, int tag,
                                                   MPI_Comm handle, MPI_Request *request)
{
    size_t size = mp_short_type(datatype);
    const struct mp_comm *comm = mp_short_comm(handle);
    if (unlikely((uint64_t)count > most || !comm || (unsigned)dest >= comm->quick_peers ||
                 size == 0 || tag < 0 || buffer == MPI_BOTTOM || buffer == MPI_IN_PLACE ||
                 (uint64_t)count * size > most)) {
        return NULL;
    }
    size_t length = (size_t)count * size;
    struct mp_shm_peer *to = &mp_shm_peers[mp_comm_world_rank(comm, dest)];
    uint64_t number = to->out.head;
    if (unlikely(number >= to->out.fast_end)) {
        return NULL; // no credit, or not this way now: see mp_channel_open_fast_path
    }
    if (most == MP_SHORT_MAX || length <= MP_SHORT_MAX) {
        struct mp_cell *cell = mp_ring_cell(to->out.ring, &mp_shm_shape, number);
        mp_ring_copy_cell(cell->data, buffer, length);
        mp_ring_publish(&to->out, &mp_shm_shape, cell, number,
                        mp_ring_word(MP_PACKET_EAGER, comm->context, tag), (uint32_t)length,
                        comm->rank);
    } else {
        void *room = (MPI_Count)length > mp_eager_max
                         ? NULL
                         : mp_ring_reserve(&to->out, &mp_shm_shape, MP_PACKET_EAGER, length);
        if (unlikely(!room)) {
            return NULL;
        }
        struct mp_packet packet = {.kind = MP_PACKET_EAGER,
                                   .context = comm->context,
                                   .source = comm->rank,
                                   .tag = tag,
                                   .length = (uint32_t)length};
        mp_copy_passing(room, buffer, length);
        mp_ring_commit(&to->out, &mp_shm_shape, &packet);
        mp_ring_claim(&to->out, &mp_shm_shape, length);
    }
    if (request) {
        *request = mp_sent_handle(mp_comm_world_rank(comm, dest), number);
    }
    return to;
}

// The end of such a call: waking a sleeper, and leaving. Returns MPI_SUCCESS.
MP_ALWAYS_INLINE void mp_send_short_notify(struct mp_shm_peer *to)
{
    atomic_signal_fence(memory_order_seq_cst); // the look at `sleeping` comes after the message
    if (unlikely(atomic_load_explicit(&to->board->sleeping, memory_order_relaxed))) {
        mp_shm_wake(to->board);
    }
}

MP_ALWAYS_INLINE int mp_send_short_leave(struct mp_shm_peer *to)
{
    mp_exit_unguarded();
    mp_send_short_notify(to);
    return MPI_SUCCESS;
}

// The same where the guard may be up.
MP_ALWAYS_INLINE int mp_send_medium_leave(struct mp_shm_peer *to)
{
    mp_send_short_notify(to);
    mp_exit();
    return MPI_SUCCESS;
}

// The communicator of a blocking receive whose arguments need no closer look; or NULL.
MP_ALWAYS_INLINE struct mp_comm *mp_recv_short_check(const void *buffer, MPI_Count count,
                                                     MPI_Datatype datatype, int source, int tag,
                                                     MPI_Comm handle)
{
    struct mp_comm *comm = mp_short_comm(handle);
    return likely(comm && (unsigned)source < comm->quick_peers && mp_short_type(datatype) != 0 &&
                  tag >= 0 && count >= 0 && buffer != MPI_BOTTOM && buffer != MPI_IN_PLACE)
               ? comm
               : NULL;
}

// Posts a receive from a named source, of any length, as the call `name`. False: nothing was done.
MP_ALWAYS_INLINE bool mp_recv_short(int name, void *buffer, MPI_Count count, MPI_Datatype datatype,
                                    int source, int tag, MPI_Comm handle, MPI_Request *request)
{
    if (unlikely(!mp_enter_unguarded(name))) {
        return false;
    }
    struct mp_comm *comm = mp_short_comm(handle);
    if (unlikely(!comm || (unsigned)source >= comm->quick_peers || mp_short_type(datatype) == 0 ||
                 (tag < 0 && tag != MPI_ANY_TAG) || buffer == MPI_BOTTOM ||
                 buffer == MPI_IN_PLACE || count < 0)) {
        return false;
    }
    struct mp_match *match = comm->match;
    if (unlikely(!mp_list_empty(&match->arrived))) {
        return false;
    }
    struct mp_source *from = mp_match_source(match, source);
    struct mp_request *posted =
        likely(from != NULL)
            ? mp_request_prepare(MP_REQUEST_RECV, buffer, count, mp_datatype_get(datatype), source,
                                 tag, comm, comm->context, MP_SEND_STANDARD, false)
            : NULL;
    if (unlikely(!posted)) {
        return false; // the general way says so
    }
    mp_match_post_to(match, &from->posted, posted);
    *request = (MPI_Request)(void *)posted;
    atomic_store_explicit(&mp_process.board->call, 0, memory_order_release);
    return true;
}

// Delivers a cell that holds a short message, when the first posted receive from its source takes
// it as it is. False: nothing was done.
MP_ALWAYS_INLINE bool mp_deliver_short(const struct mp_cell *cell)
{
    uint64_t word = atomic_load_explicit(&cell->word, memory_order_relaxed);
    struct mp_match *match = mp_matches[mp_ring_word_context(word)];
    int source = mp_source_rank(cell->source), tag = mp_ring_word_tag(word);
    MPI_Count length = cell->length;

    if (unlikely(!match || !mp_queue_empty(&match->wildcards) || source >= match->source_count ||
                 !match->sources[source])) {
        return false;
    }
    struct mp_list *posted = &match->sources[source]->posted.list;
    struct mp_request *request = mp_container_of(posted->next, struct mp_request, link);
    if (unlikely(mp_list_empty(posted) || !mp_tag_matches(request->entry.tag, tag) ||
                 length > request->length || !request->type->contiguous ||
                 (length != request->length && mp_datatype_is_cut(request->type, length)))) {
        return false;
    }
    // Out of its queue. What its link says then does not matter any more: it is complete.
    posted->next = request->link.next;
    posted->next->prev = posted;
    match->waiting--;
    mp_ring_copy_cell((char *)request->buffer + request->type->true_lb, cell->data, (size_t)length);
    request->source = cell->source;
    request->result_tag = tag;
    request->bytes = length;
    mp_request_complete(request, 0);
    return true;
}

#endif
