// SPDX-License-Identifier: MIT
// Sends and receives that are under way, for `mprun --check`: whether the program keeps its hands
// off their buffers (3.7.2), and completes them. All but the two inline functions are called only
// with mp_process.check set, and are told of what the program sees: no request of the library's own
// is here.
#ifndef MP_CHECK_PENDING_H
#define MP_CHECK_PENDING_H

#include "message/request.h"

// Hands down what it is told by (process/handed.h), and sees to the end of the process.
void mp_check_open(void);

// The program has a new request, made by `call`. When that is complete, there is a communicator at
// `comm`, if that is not NULL.
void mp_pending_made(struct mp_request *request, int call, const MPI_Comm *comm);

// That of a send or receive; the buffer is what the program gave. Starts it, if it is active.
void mp_pending_transfer(struct mp_request *request, int call, const void *buffer, MPI_Count count,
                         struct mp_datatype *type);

void mp_pending_started(struct mp_request *request); // by MPI_Start

// It is about to be completed, as the program sees it; or to be freed.
void mp_pending_ended(struct mp_request *request);
void mp_pending_freed(struct mp_request *request, int call);

// A communicator with that context for messages is about to be freed, by `call`.
void mp_check_unreceived(uint32_t context, int call);

// MPI is about to end in this process: tells what is left over.
void mp_check_close(int call);

static inline void mp_request_made(struct mp_request *request, int call, const MPI_Comm *comm)
{
    if (unlikely(mp_process.check)) {
        mp_pending_made(request, call, comm);
    }
}

// Of a standard send.
static inline enum mp_send_mode mp_send_mode_checked(enum mp_send_mode mode)
{
    return mode == MP_SEND_STANDARD && unlikely(mp_process.check & MP_CHECK_SYNC) ? MP_SEND_SYNC
                                                                                  : mode;
}

#endif
