// SPDX-License-Identifier: MIT
// Probing: see probe.h. A message taken out by a matched probe is an mp_unexpected that left its
// queues early; receiving it goes the way of any kept message.
#include "message/probe.h"

#include "message/deliver.h"
#include "message/meeting.h"
#include "message/message.h"
#include "message/message_waits.h"
#include "object/errhandler.h"
#include "object/status.h"
#include "wait/progress.h"

static void fill_status(const struct mp_unexpected *message, MPI_Status *status)
{
    if (status == MPI_STATUS_IGNORE) {
        return;
    }
    status->MPI_SOURCE = mp_source_rank(message->packet.source);
    status->MPI_TAG = message->packet.tag;
    mp_status_set_bytes(status, (MPI_Count)message->packet.total);
    mp_status_set_cancelled(status, 0);
}

static struct mp_unexpected *wait_for(int source, int tag, struct mp_comm *comm)
{
    struct mp_unexpected *found = mp_match_find(comm->match, source, tag);
    if (!found) {
        struct mp_waiter waiter;
        mp_waiter_begin(&waiter,
                        source == MPI_ANY_SOURCE ? MP_PEER_ANY : mp_comm_world_rank(comm, source),
                        tag, comm->context, 0);
        struct mp_probed probed = {source, tag, comm};
        mp_waiter_describe(&waiter, mp_describe_probe, &probed);
        while (!(found = mp_match_find(comm->match, source, tag)) && !comm->lost) {
            mp_waiter_step(&waiter);
        }
        mp_waiter_end(&waiter);
    }
    return found;
}

static struct mp_unexpected *look_for(int source, int tag, struct mp_comm *comm)
{
    struct mp_unexpected *found = mp_match_find(comm->match, source, tag);
    if (!found && mp_progress_look()) {
        found = mp_match_find(comm->match, source, tag);
    }
    return found;
}

// Takes a found message out of its queues and makes a handle for it.
static int take_out(struct mp_unexpected *found, struct mp_comm *comm, MPI_Message *message,
                    MPI_Status *status)
{
    struct mp_message *object = mp_object_new(MP_KIND_MESSAGE, sizeof *object);
    if (!object) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a message handle");
    }
    fill_status(found, status);
    mp_match_take(found);
    object->unexpected = found;
    object->comm = comm;
    mp_comm_hold(comm);
    *message = (MPI_Message)(void *)object;
    return 0;
}

int mp_probe(bool waits, int source, int tag, struct mp_comm *comm, int *flag, MPI_Message *message,
             MPI_Status *status)
{
    struct mp_unexpected *found = NULL;
    if (source == MPI_PROC_NULL) {
        mp_status_nothing(status);
        if (status != MPI_STATUS_IGNORE) {
            status->MPI_SOURCE = MPI_PROC_NULL;
        }
    } else {
        found = waits ? wait_for(source, tag, comm) : look_for(source, tag, comm);
    }
    if (!found && comm->lost && source != MPI_PROC_NULL) {
        return mp_guest_is_dead(comm);
    }
    *flag = found || source == MPI_PROC_NULL;
    if (message) {
        *message = source == MPI_PROC_NULL ? MPI_MESSAGE_NO_PROC : MPI_MESSAGE_NULL;
    }
    if (found && message) {
        return take_out(found, comm, message, status);
    }
    if (found) {
        fill_status(found, status);
    }
    return 0;
}

int mp_imrecv(void *buffer, MPI_Count count, struct mp_datatype *type, MPI_Message *message,
              struct mp_request **request)
{
    if (*message == MPI_MESSAGE_NO_PROC) {
        *message = MPI_MESSAGE_NULL;
        return mp_irecv(buffer, count, type, MPI_PROC_NULL, MPI_ANY_TAG, &mp_comm_self,
                        mp_comm_self.context, request);
    }
    struct mp_message *object = mp_message_get(*message);
    *request = mp_request_prepare(MP_REQUEST_RECV, buffer, count, type,
                                  mp_source_rank(object->unexpected->packet.source),
                                  object->unexpected->packet.tag, object->comm,
                                  object->comm->context, MP_SEND_STANDARD, false);
    if (!*request) {
        return MPI_ERR_NO_MEM;
    }
    mp_deliver_kept(*request, object->unexpected);
    mp_comm_release(object->comm);
    mp_object_delete(object);
    *message = MPI_MESSAGE_NULL;
    return 0;
}
