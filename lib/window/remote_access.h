// SPDX-License-Identifier: MIT
// The target does it: accesses and synchronization by messages, for members that this process does
// not reach. A request is a message on the window's private communicator, announced by a packet
// MP_PACKET_WINDOW, so that nobody has to look for requests that do not come. The target carries
// them out whenever it is in a call (12.7.3), in the order in which each origin sent them. So an
// answer to a request is also one to all before it. Answers are messages to receives that were
// posted before the request was sent. Where the target has no memory for what it is asked, it
// answers a GET by nothing, and the next FLUSH by saying so: the error is raised at the origin,
// when it completes the access. Read next: window/serve.c, the target's half.
#ifndef MP_WINDOW_REMOTE_ACCESS_H
#define MP_WINDOW_REMOTE_ACCESS_H

#include "window/access.h"

enum mp_asked {
    MP_ASK_PUT,
    MP_ASK_GET,
    MP_ASK_ACCUMULATE,
    MP_ASK_SWAP, // compare and swap
    MP_ASK_LOCK,
    MP_ASK_UNLOCK,
    MP_ASK_FLUSH,
    MP_ASK_POST,
    MP_ASK_COMPLETE
};

// What a request begins with; the type's description follows if it is not contiguous (`wire`
// bytes), then the data.
struct mp_asked_head {
    uint32_t what;
    int32_t tag;   // of the answer, 0 for none
    int32_t op;    // the index of the operation's handle
    int32_t basic; // and of the predefined type's
    int32_t fetch; // accumulate: answer what was there before. Lock: do not wait
    int32_t exclusive;
    uint64_t address; // of the first element, as the target sees it
    MPI_Count count;  // elements of the type; without one: bytes
    MPI_Count bytes;  // of data that follow; GET, SWAP and fetching: of the answer
    uint64_t wire;
};
// Requests have this tag, answers any other.
enum { MP_ASKED_TAG = 0 };

int mp_ask_put(struct mp_access *access);
int mp_ask_get(struct mp_access *access, struct mp_request **request);
int mp_ask_accumulate(struct mp_access *access, const void *packed, struct mp_request **request);
int mp_ask_compare_and_swap(struct mp_access *access);

// Waits for the lock, or with `try` for the answer whether it could be had at once: *got.
int mp_ask_lock(struct mp_window *window, int target, bool exclusive, bool try, bool *got);

// UNLOCK, POST, COMPLETE: what was asked before has been waited for.
int mp_ask_plain(struct mp_window *window, int target, enum mp_asked what, bool exclusive);

// Waits until all that was asked of a target (-1: all) is done. `local`: only until the buffers of
// this rank may be used again.
int mp_ask_flush(struct mp_window *window, int target, bool local);

// Before the window is freed: waits until all members have carried out all that this rank has ever
// asked them for. A barrier is not enough for that: it says that they were asked.
int mp_ask_last(struct mp_window *window);

// Answers requests from here on; once.
void mp_serve_open(void);
void mp_serve_begin(struct mp_window *window);
void mp_serve_end(struct mp_window *window);

#endif
