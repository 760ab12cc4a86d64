// SPDX-License-Identifier: MIT
// What messages wait for, told to mprun: functions for mp_waiter_describe (wait/record.h).
#ifndef MP_MESSAGE_MESSAGE_WAITS_H
#define MP_MESSAGE_MESSAGE_WAITS_H

#include "message/request.h"
#include "wait/record.h"

// Of one request that is waited for, `waits`.
void mp_describe_request(const void *waits, struct mp_wait_record *record);

// Whether a send or receive that is not complete has met its other half, or is being taken back, so
// that only progress is missing.
bool mp_describe_met(const struct mp_request *request);

// Of several: all of them, or any.
struct mp_request_set {
    int count;
    const MPI_Request *requests;
    bool any;
};
void mp_describe_requests(const void *waits, struct mp_wait_record *record);

// Of a partitioned message under way: for its own program (MPI_Pready), or for the peer's.
void mp_describe_part(const struct mp_request *request, bool own, struct mp_wait_record *record);

// Of a probe.
struct mp_probed {
    int source, tag; // in `comm`
    const struct mp_comm *comm;
};
void mp_describe_probe(const void *waits, struct mp_wait_record *record);

#endif
