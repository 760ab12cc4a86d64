// SPDX-License-Identifier: MIT
// Where the program is while it is in the library. See caller.c.
#ifndef MP_BASE_CALLER_H
#define MP_BASE_CALLER_H

#include <stdint.h>

// The address that the call returns to through which this thread came into the library: it lies in
// the program, or in a library between it and us. 0 where that cannot be found out. Takes a
// microsecond, and some 20 the first time.
uint64_t mp_caller_find(void);

#endif
