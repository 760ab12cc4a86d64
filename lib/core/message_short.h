// SPDX-License-Identifier: MIT
// The send that most programs make most often, from the arguments of the call to the cell in the
// ring in one piece: short, contiguous, standard mode, through shared memory. What is out of the
// ordinary in any way, wrong arguments included, is left to core/message.c, so nothing is said
// here. It is one piece because the stores of a send stand in a queue behind the one that has to
// fetch the cell's line from the reader's core: a core that runs out of places in that queue
// stands still, so a stream of messages is as fast as its stores are few.
#ifndef MP_CORE_MESSAGE_SHORT_H
#define MP_CORE_MESSAGE_SHORT_H

#include "core/channel.h"
#include "core/outgoing.h"
#include "core/request.h"

// The checks that all of these have in common: the call `name` may go on, and is a send of a
// contiguous type, of at most `most` elements, to a rank that there is. Gives its object.
MP_ALWAYS_INLINE const struct mp_comm *mp_send_short_check(int name, const void *buffer,
                                                           MPI_Count count, MPI_Count most,
                                                           const struct mp_datatype *type, int dest,
                                                           int tag, MPI_Comm handle)
{
    const struct mp_comm *comm = handle == MPI_COMM_WORLD             ? &mp_comm_world
                                 : mp_object_is(handle, MP_KIND_COMM) ? (void *)handle
                                                                      : NULL;

    bool good =
        likely(mp_enter_unguarded(name) && comm && !comm->freed && type && type->committed &&
               type->contiguous && (unsigned)dest < (unsigned)comm->peers->size && tag >= 0 &&
               buffer != MPI_BOTTOM && buffer != MPI_IN_PLACE && mp_process.shm &&
               (uint64_t)count <= (uint64_t)most);
    return good ? comm : NULL;
}

// Sends, as the call `name`, and makes *request (NULL: none is asked for). Returns the peer, for
// mp_send_short_leave; NULL when it did nothing.
MP_ALWAYS_INLINE struct mp_shm_peer *mp_send_short(int name, const void *buffer, MPI_Count count,
                                                   MPI_Datatype datatype, int dest, int tag,
                                                   MPI_Comm handle, MPI_Request *request)
{
    const struct mp_datatype *type = mp_datatype_get(datatype);
    const struct mp_comm *comm = mp_send_short_check(
        name, buffer, count, sizeof((struct mp_cell *)0)->data, type, dest, tag, handle);
    if (unlikely(!comm)) {
        return NULL;
    }
    size_t length = (size_t)count * (size_t)type->size;
    int world = mp_comm_world_rank(comm, dest);
    struct mp_shm_peer *to = &mp_shm_peers[world];
    struct mp_ring_writer *out = &to->out;
    uint64_t number = out->head;
    if (unlikely(length > sizeof((struct mp_cell *)0)->data || world == mp_process.rank ||
                 !mp_list_empty(&mp_outgoing[world].sends) || (request && !mp_done_free) ||
                 number - out->consumed >= mp_shm_shape.cells)) {
        return NULL;
    }
    struct mp_cell *cell = mp_ring_cell(out->ring, &mp_shm_shape, number);
    mp_ring_copy_cell(cell->data, (const char *)buffer + type->true_lb, length);
    cell->length = (uint32_t)length;
    cell->source = comm->rank;
    // Release: pairs with the acquire in mp_ring_peek.
    atomic_store_explicit(
        &cell->word, mp_ring_eager_word(comm->context, tag) | mp_ring_phase(number, &mp_shm_shape),
        memory_order_release);
    out->head = number + 1;
    if (request) {
        *request = (MPI_Request)(void *)mp_done_request(world, comm->context, number);
    }
    return to;
}

// The same for a message that is longer than a cell, and short enough to be copied twice wherever
// it lies. Apart from the other, so that that one need not save a register for it.
MP_ALWAYS_INLINE struct mp_shm_peer *mp_send_medium(int name, const void *buffer, MPI_Count count,
                                                    MPI_Datatype datatype, int dest, int tag,
                                                    MPI_Comm handle, MPI_Request *request)
{
    const struct mp_datatype *type = mp_datatype_get(datatype);
    const struct mp_comm *comm =
        mp_send_short_check(name, buffer, count, MP_EAGER_FROM_HEAP, type, dest, tag, handle);
    if (unlikely(!comm)) {
        return NULL;
    }
    size_t length = (size_t)count * (size_t)type->size;
    int world = mp_comm_world_rank(comm, dest);
    struct mp_shm_peer *to = &mp_shm_peers[world];
    if (unlikely(length > MP_EAGER_FROM_HEAP || (MPI_Count)length > mp_eager_max ||
                 world == mp_process.rank || !mp_list_empty(&mp_outgoing[world].sends) ||
                 (request && !mp_done_free))) {
        return NULL;
    }
    void *room = mp_ring_reserve(&to->out, &mp_shm_shape, MP_PACKET_EAGER, length);
    if (unlikely(!room)) {
        return NULL;
    }
    struct mp_packet packet = {.kind = MP_PACKET_EAGER,
                               .context = comm->context,
                               .source = comm->rank,
                               .tag = tag,
                               .length = (uint32_t)length};
    memcpy(room, (const char *)buffer + type->true_lb, length);
    uint64_t number = mp_ring_commit(&to->out, &mp_shm_shape, &packet);
    mp_ring_claim(&to->out, &mp_shm_shape, length);
    if (request) {
        *request = (MPI_Request)(void *)mp_done_request(world, comm->context, number);
    }
    return to;
}

// The end of such a call: doorbell, waking a sleeper, leaving.
int mp_send_short_wake(struct mp_shm_peer *to); // returns MPI_SUCCESS
MP_ALWAYS_INLINE int mp_send_short_leave(struct mp_shm_peer *to)
{
    atomic_store_explicit(&mp_process.board->call, 0, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst); // the look at `sleeping` comes after the message
    if (unlikely(!to->out.active || mp_process.segment->fence ||
                 atomic_load_explicit(&to->board->sleeping, memory_order_relaxed))) {
        return mp_send_short_wake(to);
    }
    return MPI_SUCCESS;
}

#endif
