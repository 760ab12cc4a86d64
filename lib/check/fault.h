// SPDX-License-Identifier: MIT
// A fault of the program that `mprun --check` has found: one line on standard error, and a count on
// the rank's board, from which mprun makes its summary and its exit status.
#ifndef MP_CHECK_FAULT_H
#define MP_CHECK_FAULT_H

#include <stdint.h>

// Tells a fault of something that was made by `call` at `caller` (base/caller.h; 0: nobody
// knows). What is said of one place in the same words is told once by each rank, and counted.
void mp_fault_tell(int call, uint64_t caller, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));

#endif
