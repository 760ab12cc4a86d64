// SPDX-License-Identifier: MIT
// What is said where ranks disagree about a collective operation: about which one it is, its root,
// or its length. How it is found out: board.c and shm.h (posts), disagree.c (messages).
#ifndef MP_COLLECTIVES_DISAGREE_H
#define MP_COLLECTIVES_DISAGREE_H

#include "mpi.h"

#include <stdbool.h>

struct mp_step;

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

// Whether the rank that a message step waits for is in another operation. If so, all other ranks
// are told.
bool mp_find_other(const struct mp_step *step, struct mp_wrong *wrong);

#endif
