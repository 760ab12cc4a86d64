// SPDX-License-Identifier: MIT
// Probing (MPI 5.0, 3.8): looking at the unexpected messages of a communicator, and taking one out
// to be received later by this very handle and no other receive.
#ifndef MP_MESSAGE_PROBE_H
#define MP_MESSAGE_PROBE_H

#include "message/match.h"
#include "message/request.h"

struct mp_message {
    struct mp_object object;
    struct mp_comm *comm;             // held
    struct mp_unexpected *unexpected; // owned: out of its queues
};

// Handle to object: NULL when it is no live message.
static inline struct mp_message *mp_message_get(MPI_Message handle)
{
    return mp_object_is(handle, MP_KIND_MESSAGE) ? (struct mp_message *)(void *)handle : NULL;
}

// Looks for a message of that envelope and makes progress once, or waits for one, and fills its
// status. *flag: there is one, or `source` is MPI_PROC_NULL. With a `message` (else NULL) it is
// taken out: *message is its handle (MPI_MESSAGE_NO_PROC for MPI_PROC_NULL; MPI_MESSAGE_NULL when
// *flag is 0).
int mp_probe(bool waits, int source, int tag, struct mp_comm *comm, int *flag, MPI_Message *message,
             MPI_Status *status);

// Receives a message that was taken out; *message becomes MPI_MESSAGE_NULL.
int mp_imrecv(void *buffer, MPI_Count count, struct mp_datatype *type, MPI_Message *message,
              struct mp_request **request);

#endif
