// SPDX-License-Identifier: MIT
// Child processes of a rank. A child that was forked has all that its parent has of MPI, the shared
// segment and the sockets too, and is no rank: if it went on as if it were, it would do its
// parent's part a second time. So it knows, and MPI is over in it.
//
// In a child: MPI_Finalize and MPI_Session_finalize do nothing, since programs and the interpreters
// that they run in call them from atexit handlers; for the same reason MPI_Finalized says true.
// What may be called at any time still may. MPI_Abort ends the job. Every other call ends the child
// with a message. Read next: process/process.h.
#ifndef MP_PROCESS_CHILD_H
#define MP_PROCESS_CHILD_H

#include <stdbool.h>

// Once, when this process has become a rank: from now on its children will know.
int mp_child_watch(void);

// Whether this process was forked by a rank.
bool mp_child_is(void);

// Says so with mp_fail; an error class.
int mp_child_refuse(void);

// Ends the job of the rank that forked this process, and this process.
_Noreturn void mp_child_abort(int code, const char *message);

#endif
