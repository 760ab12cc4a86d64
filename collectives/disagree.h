// SPDX-License-Identifier: MIT
// What is said where ranks disagree about a collective operation: about which one it is, its root,
// or its length. How it is found out: board.c and shm.h (posts), tales.c (messages).
#ifndef MP_COLLECTIVES_DISAGREE_H
#define MP_COLLECTIVES_DISAGREE_H

#include "base/channel.h"
#include "datatype/datatype_signature.h"
#include "mpi.h"

#include <stdbool.h>
#include <stdint.h>

struct mp_comm;
struct mp_datatype;

// What a message or post of a rank tells. With MPI_ERR_TYPE: it was of another type. With
// MPI_ERR_TRUNCATE and MPI_ERR_COUNT: it was too long or too short. With MPI_ERR_ROOT: it was of
// another root; with MPI_ERR_OTHER: of another operation.
struct mp_wrong {
    int peer; // rank, or one of below
    MPI_Count expected, bytes;
    // Of this rank's operation and of that rank's: enum mp_collective_kind, and the flags of posts
    // that say which form and which operator.
    unsigned own_kind, kind;
    int own_root, root;
    uint32_t own_signature, signature;
    const struct mp_datatype *type; // what this rank expects, if more is known than its signature
};
enum { MP_WRONG_NONE = -2, MP_WRONG_OWN = -1 }; // no message; what this rank sends itself
enum { MP_ROOT_UNKNOWN = -9 };                  // in place of a root

// What a message says of the operation that it is a part of, besides its tag: its stamp. Of the
// data that a rank gives, all that it gives to one other rank, whatever part of that travels in the
// message. Where communicators are made, the call instead.
enum {
    MP_STAMP_SIGNATURE = (1 << MP_SIGNATURE_BITS) - 1, // datatype/datatype_signature.h
    MP_STAMP_OP_SHIFT = MP_SIGNATURE_BITS,             // enum mp_op_code
    MP_STAMP_NONBLOCKING = 1 << (MP_STAMP_OP_SHIFT + 4)
};
_Static_assert(MP_STAMP_NONBLOCKING < 1 << MP_STAMP_BITS, "a source has room for a stamp");

// The stamp of messages that make a communicator; 0, which is not compared, in other calls.
uint32_t mp_stamp_of_call(void);

// Looks at the stamp of a message of so many bytes that has met the receive of a step. An error
// class, and what is wrong; or 0.
struct mp_step;
int mp_stamp_compare(const struct mp_step *step, uint32_t stamp, MPI_Count bytes,
                     struct mp_wrong *wrong);

// Says so, with mp_fail.
void mp_wrong_explain(const struct mp_wrong *wrong, int error);

// The rank is in another operation, or has another root. Returns an error class, with mp_fail.
int mp_other_operation(unsigned own_kind, int own_root, int rank, unsigned kind, int root);

// The same about a rank whose post on a board differs from this rank's in the present turn. If the
// board is that of near members only, all others are told.
int mp_other_post(struct mp_comm *comm, int rank);

// Whether a rank is in another operation than this one, a schedule that waits for a message with
// that tag, or has another root. If so, all other ranks are told.
struct mp_schedule;
bool mp_find_other(const struct mp_schedule *schedule, struct mp_comm *comm, int tag,
                   struct mp_wrong *wrong);

// Tells a rank that is waited for in an operation which one that is.
void mp_tell_of_wait(struct mp_comm *comm, int tag, int root, int peer);

// Forgets what ranks have told while they waited in operations on a communicator before the one
// with this tag, which is new: each operation has one on each communicator that its messages go on.
void mp_forget_tales(struct mp_comm *comm, int tag);

// At the end of a blocking operation, which looks back: messages of those before it that no receive
// has asked for are an error, which the schedule is given.
void mp_find_left(struct mp_schedule *schedule);
void mp_note_last(const struct mp_schedule *schedule);

// While an operation waits for long: tells ranks that still wait in the one before it, as for a
// long message to be taken that this rank did not expect, which one that was here.
void mp_answer_left(const struct mp_schedule *schedule);

// Before a persistent one is started again: messages of it from ranks that this one expects none
// from, as where two take themselves for the root, are an error, which the schedule is given.
void mp_find_stray(struct mp_schedule *schedule);

// The same where this rank waits on the board of near members: sets board.parted.
bool mp_find_other_whole(struct mp_comm *near);

// What posts there have for a root: the number of the operation with that tag, 15 bits of it, its
// kind and its root.
int mp_label(int tag, int root);

#endif
