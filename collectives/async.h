// SPDX-License-Identifier: MIT
// Nonblocking collectives on a communicator's board. They take turns there as the blocking ones do,
// in the order in which they are begun. What a rank gives goes into its post in the call itself, if
// it is short, so that nobody has to wait for its progress; what it gets is taken by whoever comes
// to see that the posts are there: the call, or mp_progress. Longer data travel in messages, by a
// schedule that goes with the post. Never blocks. Why this is right stands in async.c; what is
// given and taken, in async_data.c. Read first: board.h.
#ifndef MP_COLLECTIVES_ASYNC_H
#define MP_COLLECTIVES_ASYNC_H

#include "collectives/board.h"
#include "collectives/shm_parts.h"

// True where a nonblocking operation is begun here: to be answered from what all ranks know.
bool mp_async_can(const struct mp_collective *c);

// A board on which none is under way.
void mp_async_init(struct mp_comm_board *board);

// Begins it, as a new request.
int mp_async_start(const struct mp_collective *c, struct mp_request **request);

// One that is under way.
struct mp_async {
    struct mp_collective c;       // types and operation held
    void *arrays;                 // those that `c` points to: copies, so that the program's may
                                  // go while the operation is under way. Owned; or NULL
    struct mp_datatype **types;   // in there, of MPI_Alltoallw: of the send blocks, then of the
                                  // receive blocks, NULL for empty ones; held. Else NULL
    struct mp_schedule *schedule; // of messages, or NULL
    uint64_t turn;
    int tag;       // of messages
    unsigned kind; // of posts, without what is not the same at all ranks
    // What a rank's data in a post amount to: where all know it (not uneven), of one block or
    // buffer; else of what this rank gives as one block.
    size_t bytes;
    uint16_t trail;            // board.h
    uint32_t signature;        // of what this rank gives, in one block or to each
    size_t length;             // of what this rank puts into its post, if `fits`
    struct mp_shm_parts parts; // that, where it gives something else to each
    bool fits;                 // this rank's data is in its post. If not uneven: and that of all
    bool posted;               // its post is out
    bool seen;       // it has done with the posts of its turn, though not with its messages
    int next, end;   // ranks whose posts are needed and have not been dealt with
    int first, last; // ranks whose data are needed: for others all that matters is the kind
    bool lonely;     // it waits for messages, and there are ranks that do not send any
    int error;       // and what it is about:
    struct mp_wrong wrong;
    struct mp_async *idle;
};

// ---- Between async.c and async_data.c

// Sets `bytes`, `length`, `fits`, `next` and `end`, from `c`.
void mp_async_plan(struct mp_async *op);

// Copies the counts, displacements and types that `c` points to, and holds the types, which the
// program may free. MPI_ERR_NO_MEM or 0.
int mp_async_keep_arrays(struct mp_async *op);
void mp_async_release_arrays(struct mp_async *op);

// Writes what this rank gives to its post; or adds its messages to the schedule.
void mp_async_give(const struct mp_async *op, struct mp_post *post, char *data);
void mp_async_send(struct mp_async *op);

// What this rank gives itself, from the send side to the receive side.
void mp_async_take_own(struct mp_async *op);

// Takes a rank's part: from the data in its post; or adds the messages to the schedule.
void mp_async_take(struct mp_async *op, int rank, const struct mp_post *post);
void mp_async_receive(struct mp_async *op, int rank);

// Combines the operands in the posts into the result, of a reduction.
void mp_async_combine(struct mp_async *op);
bool mp_async_reduces(const struct mp_async *op);

#endif
