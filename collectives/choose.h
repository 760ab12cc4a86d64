// SPDX-License-Identifier: MIT
// Which algorithm does a collective operation. The table is in choose.c.
#ifndef MP_COLLECTIVES_CHOOSE_H
#define MP_COLLECTIVES_CHOOSE_H

#include "collectives/collectives.h"
#include "collectives/shm.h"

// A blocking operation on a communicator that has a board may be done at once in shared memory, by
// `run`; otherwise `build` makes a schedule.
struct mp_algorithm {
    const char *name;
    mp_build_fn *build;
    mp_run_fn *run;
};

// The algorithm for an operation: by the table, or by the variable MPRUN_COLL_<NAME> (for instance
// MPRUN_COLL_BCAST=linear). NULL with mp_fail when that names none that can do it.
const struct mp_algorithm *mp_choose(const struct mp_collective *collective, bool blocking);

// True while the table alone says how operations go, and no variable.
bool mp_choose_is_free(void);

// The schedule of an operation, its messages having that tag. NULL with mp_fail, and the class in
// *error.
struct mp_schedule *mp_collective_schedule(const struct mp_collective *collective, int tag,
                                           int *error);

// Begins the barrier after which a communicator's board is ready.
int mp_collective_open(struct mp_comm *comm);

// Reads the variables again (for tests).
void mp_choose_reset(void);

#endif
