// SPDX-License-Identifier: MIT
// Which algorithm does a collective operation. The table is in choose.c.
#ifndef MP_COLLECTIVES_CHOOSE_H
#define MP_COLLECTIVES_CHOOSE_H

#include "collectives/collectives.h"

#include <stdio.h>

// The algorithm for an operation: by the table, or by the variable MPRUN_COLL_<NAME> (for instance
// MPRUN_COLL_BCAST=linear). NULL with mp_fail when that names none that can do it.
mp_build_fn *mp_choose(const struct mp_collective *collective);

// Writes the table, with what the variables make of it.
void mp_choose_print(FILE *out);

// Reads the variables again (for tests).
void mp_choose_reset(void);

#endif
