// SPDX-License-Identifier: MIT
// Probing: see probe.h. A message taken out by a matched probe is an mp_unexpected that left its
// queues early; receiving it goes the way of any kept message.
#include "message/probe.h"

#include "message/deliver.h"
#include "message/message.h"
#include "object/errhandler.h"
#include "object/status.h"
#include "wait/progress.h"

static void fill_status(const struct mp_unexpected *message, MPI_Status *status)
{
    if (status == MPI_STATUS_IGNORE) {
        return;
    }
    status->MPI_SOURCE = message->packet.source;
    status->MPI_TAG = message->packet.tag;
    mp_status_set_bytes(status, (MPI_Count)message->packet.total);
    mp_status_set_cancelled(status, 0);
}

static void fill_status_null(MPI_Status *status)
{
    mp_status_nothing(status);
    if (status != MPI_STATUS_IGNORE) {
        status->MPI_SOURCE = MPI_PROC_NULL;
    }
}

static struct mp_unexpected *wait_for(int source, int tag, struct mp_comm *comm)
{
    struct mp_unexpected *found = mp_match_find(comm->match, source, tag);
    if (!found) {
        struct mp_waiter waiter;
        mp_waiter_begin(&waiter,
                        source == MPI_ANY_SOURCE ? MP_PEER_ANY : mp_comm_world_rank(comm, source),
                        tag, comm->context, 0);
        while (!(found = mp_match_find(comm->match, source, tag))) {
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

void mp_probe(int source, int tag, struct mp_comm *comm, MPI_Status *status)
{
    if (source == MPI_PROC_NULL) {
        fill_status_null(status);
    } else {
        fill_status(wait_for(source, tag, comm), status);
    }
}

bool mp_iprobe(int source, int tag, struct mp_comm *comm, MPI_Status *status)
{
    if (source == MPI_PROC_NULL) {
        fill_status_null(status);
        return true;
    }
    const struct mp_unexpected *found = look_for(source, tag, comm);
    if (found) {
        fill_status(found, status);
    }
    return found != NULL;
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

int mp_mprobe(int source, int tag, struct mp_comm *comm, MPI_Message *message, MPI_Status *status)
{
    if (source == MPI_PROC_NULL) {
        fill_status_null(status);
        *message = MPI_MESSAGE_NO_PROC;
        return 0;
    }
    return take_out(wait_for(source, tag, comm), comm, message, status);
}

int mp_improbe(int source, int tag, struct mp_comm *comm, int *flag, MPI_Message *message,
               MPI_Status *status)
{
    if (source == MPI_PROC_NULL) {
        fill_status_null(status);
        *message = MPI_MESSAGE_NO_PROC;
        *flag = 1;
        return 0;
    }
    struct mp_unexpected *found = look_for(source, tag, comm);
    *flag = found != NULL;
    *message = MPI_MESSAGE_NULL;
    return found ? take_out(found, comm, message, status) : 0;
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
    int error =
        mp_recv_init(buffer, count, type, object->unexpected->packet.source,
                     object->unexpected->packet.tag, object->comm, object->comm->context, request);
    if (error) {
        return error;
    }
    (*request)->persistent = false;
    (*request)->plain = true;
    (*request)->active = true;
    (*request)->complete = false;
    mp_deliver_kept(*request, object->unexpected);
    mp_comm_release(object->comm);
    mp_object_delete(object);
    *message = MPI_MESSAGE_NULL;
    return 0;
}
