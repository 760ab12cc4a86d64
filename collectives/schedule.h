// SPDX-License-Identifier: MIT
// A schedule: what one rank does in one collective operation, written down as a straight-line
// program of steps. Sends and receives only start; a wait step holds the program up until one or
// all of those before it are done; copies, reductions and calls happen at once. The same program
// serves the blocking form (run to its end), the nonblocking one (a request that mp_progress
// advances) and the persistent one (restarted at each MPI_Start).
//
// Steps are added by the builders of each operation (collectives/*.c) between mp_schedule_new and
// one of run, launch and prepare. Adding never fails visibly: when memory runs out the schedule
// remembers it, and run, launch or prepare return MPI_ERR_NO_MEM.
#ifndef MP_COLLECTIVES_SCHEDULE_H
#define MP_COLLECTIVES_SCHEDULE_H

#include "collectives/disagree.h"
#include "datatype/datatype.h"
#include "message/request.h"
#include "object/comm.h"
#include "op/op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_step_kind {
    MP_STEP_SEND,
    MP_STEP_RECV,
    MP_STEP_WAIT,     // for one step
    MP_STEP_WAIT_ALL, // for all messages so far
    MP_STEP_COPY,
    MP_STEP_REDUCE,
    MP_STEP_CALL
};

// What a call step may answer, besides an error class: start the program again from its first step;
// or that it is too early, and to be called again when mp_schedule_wake was.
enum { MP_STEP_AGAIN = -1, MP_STEP_LATER = -2 };
typedef int mp_step_fn(void *argument);

struct mp_step {
    uint8_t kind;
    bool exact; // RECV: a message of another length is an error, not only a longer one
    union {
        struct {
            struct mp_comm *comm;
            void *buffer;
            MPI_Count count;
            struct mp_datatype *type;   // held
            struct mp_request *request; // while under way
            int peer;                   // rank in comm
            int tag;
            uint32_t stamp; // it is to have: disagree.h
        } message;
        struct {
            const void *from;
            void *to;
            MPI_Count from_count, to_count;
            struct mp_datatype *from_type, *to_type; // held
        } copy;
        struct {
            const void *left, *right;
            void *out;
            MPI_Count count;
            struct mp_datatype *type; // held
        } reduce;
        struct {
            mp_step_fn *function;
            void *argument;
        } call;
        size_t wait; // index of the step
    };
};

// Who takes part in the steps that are being added: all of the schedule's communicator, or the
// local group of an intercommunicator, or some members of it.
struct mp_scope {
    struct mp_comm *comm;
    int tag;
    int rank, size;
    const int *map; // rank in the scope to rank in comm; NULL: the same. Not owned: must outlive
};

static inline struct mp_scope mp_scope_of(struct mp_comm *comm, int tag)
{
    return (struct mp_scope){.comm = comm, .tag = tag, .rank = comm->rank, .size = comm->size};
}

enum { MP_SCHEDULE_ARENA = 8192 };
struct mp_temporary;

struct mp_schedule {
    struct mp_scope scope; // of the steps being added
    struct mp_comm *comm;
    struct mp_op *op; // held; NULL when nothing is reduced
    // What messages say of the operation, and those that are received should: disagree.h. If
    // `uneven`, each is of a type of its own.
    uint32_t gives, takes;
    bool uneven;
    bool looks_back; // at its end, for what ranks disagreed about before: mp_find_left
    bool whole;      // all its receives were written down before it was begun
    int root;        // -1: there is none
    bool told; // it has lasted for long, and those that it waits for were told which one it is
    bool stop_on_error; // the error handler ends the job anyway: do not go on
    bool parted;        // nor where a rank that is waited for is in another operation
    int error;          // first one, of building or of running
    int tag;            // of the operation
    struct mp_wrong wrong;
    struct mp_step *steps;
    size_t count, room;
    size_t at;                // next step to run
    size_t settled;           // every message step before this one is done
    bool blocking;            // whoever runs it waits himself
    struct mp_request *held;  // what held it up the last time; NULL: a call
    struct mp_watch watch;    // of the message that holds it up
    struct mp_request *owner; // goes on with it, by `progress`, when that is complete
    void (*progress)(struct mp_request *owner); // NULL: who advances it looks for himself
    struct mp_list held_up; // among those that wait to be woken for their owners
    struct mp_temporary *temporaries;
    size_t arena_used;
    struct mp_schedule *next; // in the list of idle ones
    _Alignas(64) char arena[MP_SCHEDULE_ARENA];
};

// An empty schedule on `comm`, in the scope of all its ranks (of the remote group, for peers, in an
// intercommunicator). `tag` names the operation: the same at all ranks, different for operations
// that may be under way at the same time. `op` may be NULL. Returns NULL with mp_fail when memory
// is out.
struct mp_schedule *mp_schedule_new(struct mp_comm *comm, int tag, struct mp_op *op);

// The tag of the next collective on `comm`: to be taken once per operation, in the order of calls.
// It says which operation that is, so that a message is never taken for one of another, and ranks
// that are in different ones find out (tales.c):
//   bits 0-23   number of the operation on its communicator
//   bit 24      goes on two levels (levels.c), which not all forms and lengths do
//   bits 25-28  `kind`, enum mp_collective_kind
//   bit 29      persistent
int mp_schedule_tag(struct mp_comm *comm, unsigned kind);
enum { MP_TAG_KIND_SHIFT = 25, MP_TAG_KIND = 0xf, MP_TAG_PERSISTENT = MP_TAG_KIND + 1 };
enum { MP_TAG_LEVELS = 1 << 24, MP_TAG_NUMBER = MP_TAG_LEVELS - 1 };

static inline unsigned mp_tag_kind(int tag)
{
    return (unsigned)tag >> MP_TAG_KIND_SHIFT & MP_TAG_KIND;
}

// Sets the stamps of its messages, before steps are added.
struct mp_collective;
void mp_schedule_stamp(struct mp_schedule *schedule, const struct mp_collective *c,
                       bool nonblocking);

// The highest tag of mp_schedule_tag; those above are for MPI_Comm_create_group and the leaders of
// MPI_Intercomm_create, which not all ranks of the communicator call.
#define MP_SCHEDULE_TAG_MAX 0x3fffffff

// From here on, steps are among the local group of the schedule's intercommunicator.
void mp_schedule_local(struct mp_schedule *schedule);

// Steps. Peers are ranks in the scope. A message must find its receive in the order in which both
// sides add their steps for each other.
void mp_schedule_send(struct mp_schedule *schedule, const void *buffer, MPI_Count count,
                      struct mp_datatype *type, int peer);
// Both return the step, for mp_schedule_wait_for. `exact` expects a message of just that length:
// where all ranks give the same count, one that disagrees is noticed. With counts per rank, a
// sender may send less than the receiver has room for, as many programs do.
size_t mp_schedule_recv(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                        struct mp_datatype *type, int peer);
size_t mp_schedule_recv_exact(struct mp_schedule *schedule, void *buffer, MPI_Count count,
                              struct mp_datatype *type, int peer);
void mp_schedule_wait(struct mp_schedule *schedule);
void mp_schedule_wait_for(struct mp_schedule *schedule, size_t step);
// Copying more than there is room for is an error, as it is for a message.
void mp_schedule_copy(struct mp_schedule *schedule, const void *from, MPI_Count from_count,
                      struct mp_datatype *from_type, void *to, MPI_Count to_count,
                      struct mp_datatype *to_type);
// out = left op right, element by element; `left` is the operand of the lower ranks, and apart from
// `out`, which may be `right` (combine.h).
void mp_schedule_reduce(struct mp_schedule *schedule, const void *left, const void *right,
                        void *out, MPI_Count count, struct mp_datatype *type);
void mp_schedule_call(struct mp_schedule *schedule, mp_step_fn *function, void *argument);

// Memory that lives as long as the schedule: `bytes` of it, or room for `count` elements (the
// address to be used as a buffer for them). Never NULL: when memory is out, the schedule will not
// run.
void *mp_schedule_bytes(struct mp_schedule *schedule, MPI_Count bytes);
void *mp_schedule_elements(struct mp_schedule *schedule, struct mp_datatype *type, MPI_Count count);

// Blocking: runs it to the end and frees it. Returns the first error.
int mp_schedule_run(struct mp_schedule *schedule);

// Nonblocking: starts it as a new request that owns it. On an error it is freed.
int mp_schedule_launch(struct mp_schedule *schedule, struct mp_request **request);

// Persistent: an inactive request that owns it, to be started by mp_request_start.
int mp_schedule_prepare(struct mp_schedule *schedule, struct mp_request **request);

// Or step by step: goes on as far as possible, and says whether that is the end. Then more steps
// may be added and it may go on, or it is freed by mp_schedule_end. When it was held up by a
// message and that is complete, mp_progress calls `progress`, if it is set, for its `owner`.
bool mp_schedule_advance(struct mp_schedule *schedule);

// A call step that answered MP_STEP_LATER is to be called again.
void mp_schedule_wake(struct mp_schedule *schedule);
void mp_schedule_end(struct mp_schedule *schedule);

// For where ranks disagree: whether there are receives from a rank, and the end of those that have
// begun.
bool mp_schedule_receives(const struct mp_schedule *schedule, int peer);
void mp_schedule_cancel(struct mp_schedule *schedule, int peer);

// Where a rank that it waits for is in another operation: it is at its end, with this error, and
// its messages are cancelled.
void mp_schedule_part(struct mp_schedule *schedule, int error, const struct mp_wrong *wrong);

// A nonblocking operation has ended with an error; or is `gone`. It has mp_request_ops.explain.
void mp_schedule_note_failed(struct mp_request *request, bool gone);

// Where its owner ends with an error: nothing is done about it any more. Its messages stay under
// way, since ranks that agree may wait for them, and so does its memory.
void mp_schedule_abandon(struct mp_schedule *schedule);

void mp_schedule_free(struct mp_schedule *schedule);

// The type of bytes, in which temporaries are moved.
struct mp_datatype *mp_byte_type(void);

#endif
