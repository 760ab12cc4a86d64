// SPDX-License-Identifier: MIT
// Sending and receiving, as the API and the collectives use it. Arguments have been checked: the
// ranks are in range (or MPI_PROC_NULL), the type is committed, counts are not negative.
// `context` is comm->context, or comm->context + 1 from inside a collective.
// Read next: message/message.c, message/message_short.h (the fast path of a send),
// message/match.h.
#ifndef MP_MESSAGE_MESSAGE_H
#define MP_MESSAGE_MESSAGE_H

#include "message/request.h"

// Blocking. Return an error class, MPI_ERR_TRUNCATE with mp_fail for a receive too short. `status`
// may be MPI_STATUS_IGNORE.
int mp_send(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
            struct mp_comm *comm, uint32_t context, enum mp_send_mode mode);
int mp_recv(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
            struct mp_comm *comm, uint32_t context, MPI_Status *status);

// A message of a collective operation, with a stamp (base/channel.h): what it says is in the status
// or the request of the receive, above its source.
int mp_isend_collective(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest,
                        int tag, struct mp_comm *comm, uint32_t stamp, MPI_Request *handle);

// The two halves of a receive. The first takes the message if it is next in its ring, or will be in
// a moment; false when it is not, or is not to be had that way. (In collectives the source has the
// stamp that the message is to have.) The second posts a request.
bool mp_recv_from_ring(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                       struct mp_comm *comm, uint32_t context, MPI_Status *status);
int mp_recv_posted(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                   struct mp_comm *comm, uint32_t context, MPI_Status *status);

// After a message to that rank, of so many bytes, that went at once: to a far one, looks now and
// then whether it has something to say, such as that it is full. Not while a packet is taken.
void mp_send_listen(int world, size_t bytes);

// Nonblocking: *request is new and active (complete at once, perhaps). That of a send may be one
// without an object of its own: see mp_sent_handle.
int mp_isend(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
             struct mp_comm *comm, uint32_t context, enum mp_send_mode mode, MPI_Request *request);
int mp_irecv(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
             struct mp_comm *comm, uint32_t context, struct mp_request **request);

// Persistent: as above, but inactive until mp_request_start.
int mp_send_init(const void *buffer, MPI_Count count, struct mp_datatype *type, int dest, int tag,
                 struct mp_comm *comm, uint32_t context, enum mp_send_mode mode,
                 struct mp_request **request);
int mp_recv_init(void *buffer, MPI_Count count, struct mp_datatype *type, int source, int tag,
                 struct mp_comm *comm, uint32_t context, struct mp_request **request);
int mp_request_start(struct mp_request *request);

// Cancels as far as that is possible (3.8.4): the request still has to be completed.
int mp_request_cancel(struct mp_request *request);

#endif
