// SPDX-License-Identifier: MIT
// Buffered sends (MPI 5.0, 3.6): a copy of the message lies in an attached buffer until it has
// left. A buffer is attached to a communicator, or to the process; MPI_BUFFER_AUTOMATIC stands for
// one that grows as needed.
#ifndef MP_MESSAGE_BSEND_H
#define MP_MESSAGE_BSEND_H

#include "base/list.h"
#include "message/request.h"

#include <stdbool.h>

struct mp_bsend_buffer {
    void *memory; // the user's, or MPI_BUFFER_AUTOMATIC
    MPI_Count size;
    bool automatic;
    struct mp_list blocks;  // messages that have not left, by address (automatic: by age)
    struct mp_list ages;    // the same, by number
    struct mp_list *last;   // in `blocks`: the one that was added last, or what was before it
    uint64_t number;        // of the last block
    struct mp_list flushes; // requests of mp_bsend_iflush, in order
};

extern struct mp_bsend_buffer *mp_bsend_process_buffer; // NULL: none attached

// Attaches memory at *place, which must hold none. Error classes with mp_fail.
int mp_bsend_attach(struct mp_bsend_buffer **place, void *memory, MPI_Count size);

// Waits until every message in the buffer has left; then takes the buffer away and says what it
// was.
int mp_bsend_detach(struct mp_bsend_buffer **place, void **memory, MPI_Count *size);

// Waits until every message that is in the buffer now has left. No buffer: nothing to wait for.
void mp_bsend_flush(struct mp_bsend_buffer *buffer);

// Waits until every message on communicators of the World Model has left, whatever buffer it is in.
// (Sessions count theirs among their detached sends.)
void mp_bsend_flush_world(void);

// A request that completes when every message that is in the buffer now has left.
int mp_bsend_iflush(struct mp_bsend_buffer *buffer, struct mp_request **request);

// Starts a send of mode MP_SEND_BUFFERED: copies the message and completes the request.
int mp_bsend_start(struct mp_request *request);

// Takes a buffered send back if its message has not been received.
void mp_bsend_cancel(struct mp_request *request);

#endif
