// SPDX-License-Identifier: MIT
// Calls go downwards. Where a lower room has to call an upper one all the same, that one has handed
// down a function; this is the list of all of them, and nothing else calls upwards. (What programs
// give us is not in it: error handlers, operations, attributes' functions, generalized requests.)
// The first ones are the process's, and stand here. The others belong to an object, and stand
// there.
#ifndef MP_PROCESS_HANDED_H
#define MP_PROCESS_HANDED_H

#include <stdbool.h>

struct mp_comm;
struct mp_request;

// What                     Handed down by             Called by
// comm_made, comm_ends     message/opening.c          object/comm.c
// late, busy               collectives/execute.c      wait/progress.c
// receive_met              check/pending.c            message/deliver.c
// mp_channel's functions   message/shm_channel.c and  process/peers.h, wait/progress.c
//                          message/near_and_far.c
// mp_deliver_fn            message/deliver.c          socket/socket.c, for every packet
//                          window/serve.c             message/deliver.c, for those of windows
// mp_heap_freed            window/memory.c            heap/heap.c
// mp_guest_calls           message/meeting.c          socket/guest_streams.c: of a guest, what it
//                                                     shares, and its end
// mp_poller.poll           message, collectives,      wait/progress.c
//                          window
// mp_watch.woken           collectives, api           message/request.c
// mp_request_ops           collectives, api           message/request.c, message/message.c

struct mp_handed {
    // A communicator has its context ids (an error class, 0 or MPI_ERR_NO_MEM), and: nobody has it
    // any more. What belongs to the context is made and taken away then. False: messages for it may
    // still come, so it must not be used again.
    int (*comm_made)(struct mp_comm *comm);
    bool (*comm_ends)(struct mp_comm *comm);
    // Some wait has lasted for long, see mp_progress_late (wait/progress.h). Who has something
    // under way that nobody looks at until a message wakes it looks at that now. NULL: there is
    // none.
    void (*late)(void);
    // Whether it has something of that kind under way. NULL: it has not.
    bool (*busy)(void);
    // A message has met a receive that is posted, and nothing is in its buffer yet. NULL: nobody
    // wants to know. Where somebody does, no message goes past this.
    void (*receive_met)(struct mp_request *request);
};
extern struct mp_handed mp_handed;

#endif
