// SPDX-License-Identifier: MIT
// What went wrong, in words: whoever detects an error says it here, on whatever floor it is, and
// returns an MPI error class (0 is success). What becomes of it: object/errhandler.h.
#ifndef MP_BASE_FAIL_H
#define MP_BASE_FAIL_H

// Says what happened, in the words of the caller's problem ("count is -1, must be 0 or more"), and
// returns `error_class`, so that a check reads `return mp_fail(MPI_ERR_COUNT, ...)`. The text is
// kept per thread until the next mp_fail.
int mp_fail(int error_class, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

// The text of the latest mp_fail of this thread; NULL when that was none of this class.
const char *mp_fail_said(int error_class);

// It was told.
void mp_fail_forget(void);

#endif
