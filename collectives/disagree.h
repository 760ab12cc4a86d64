// SPDX-License-Identifier: MIT
// What is said where ranks disagree about a collective operation: about which one it is, its root,
// or its length. How it is found out: board.c and shm.h (posts), disagree.c (messages).
#ifndef MP_COLLECTIVES_DISAGREE_H
#define MP_COLLECTIVES_DISAGREE_H

#include "mpi.h"

#include <stdbool.h>

struct mp_comm;

// What a message or post of a rank tells. With MPI_ERR_TRUNCATE and MPI_ERR_COUNT: it was too long
// or too short. With MPI_ERR_ROOT: it was of another root; with MPI_ERR_OTHER: of another
// operation.
struct mp_wrong {
    int peer; // rank, or one of below
    MPI_Count expected, bytes;
    unsigned own_kind, kind; // enum mp_collective_kind, of this rank's operation and of that rank's
    int own_root, root;
};
enum { MP_WRONG_NONE = -2, MP_WRONG_OWN = -1 }; // no message; what this rank sends itself

// Says so, with mp_fail.
void mp_wrong_explain(const struct mp_wrong *wrong, int error);

// The rank is in another operation, or has another root. Returns an error class, with mp_fail.
int mp_other_operation(unsigned own_kind, int own_root, int rank, unsigned kind, int root);

// The same about a rank whose post on a board differs from this rank's in the present turn. If the
// board is that of near members only, all others are told.
int mp_other_post(struct mp_comm *comm, int rank);

// Whether a rank is in another operation than this one, which waits for a message with that tag. If
// so, all other ranks are told.
bool mp_find_other(struct mp_comm *comm, int tag, struct mp_wrong *wrong);

// The same where this rank waits on the board of near members: sets board.parted.
bool mp_find_other_whole(struct mp_comm *near);

// What posts there have for a root: the number of the operation with that tag, 15 bits of it, its
// kind and its root.
int mp_label(int tag, int root);

#endif
