// SPDX-License-Identifier: MIT
// What the two ends of a partitioned message have in common: partitioned.c, which receives and
// hands out packets, and partitioned_send.c.
#ifndef MP_MESSAGE_PARTITIONED_END_H
#define MP_MESSAGE_PARTITIONED_END_H

#include "message/partitioned.h"
#include "message/request.h"

// What both ends have; request->state points to it.
struct mp_part_end {
    uint32_t serial;
    int partitions;
    MPI_Count size; // bytes of one partition
    // The other end, once known.
    uint64_t peer;
    uint32_t peer_serial;
    bool refused; // the send has more bytes than the receive:
    MPI_Count peer_bytes;
};

// A request of that kind with what both have in common, and its state of so many bytes, zeroed but
// for its first member, the end. Returns 0 or an error class with mp_fail.
int mp_part_end_new(enum mp_request_kind kind, size_t state_bytes, void *buffer, int partitions,
                    MPI_Count count, struct mp_datatype *type, int peer, int tag,
                    struct mp_comm *comm, struct mp_request **request);

// For the ops of both: words the error at completion; refuses to cancel.
void mp_part_explain(const struct mp_request *request);
int mp_part_cancel(struct mp_request *request);

// The receiver has something to say about a send that is still there.
void mp_part_answered(struct mp_request *request, const struct mp_packet *packet);

#endif
