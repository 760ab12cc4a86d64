// SPDX-License-Identifier: MIT
// Errors. Internals return an MPI error class (0 is success); where they detect an error they say
// what happened with mp_fail (base/fail.h). The API function then ends with mp_leave (api/api.h),
// and that turns a class into the call of the error handler (MPI 5.0, 9.3 and 9.5).
#ifndef MP_OBJECT_ERRHANDLER_H
#define MP_OBJECT_ERRHANDLER_H

#include "base/fail.h"
#include "mpi.h"
#include "object/object.h"

struct mp_comm;
struct mp_group;
struct mp_session;

enum mp_errhandler_kind {
    MP_ERRHANDLER_FATAL,  // MPI_ERRORS_ARE_FATAL: ends the job
    MP_ERRHANDLER_ABORT,  // MPI_ERRORS_ABORT: ends the processes of the object's group
    MP_ERRHANDLER_RETURN, // MPI_ERRORS_RETURN
    MP_ERRHANDLER_COMM,   // a user's function for communicators
    MP_ERRHANDLER_SESSION,
    MP_ERRHANDLER_WIN,
    MP_ERRHANDLER_FILE,
    MP_ERRHANDLER_ANY // in checks: whatever it was made for
};

struct mp_errhandler {
    struct mp_object object;
    enum mp_errhandler_kind kind;
    uint32_t handles; // the program holds; at 0 its handle is invalid, though communicators use it
    void (*function)(void); // of the type that its kind says
};

// The text of the latest mp_fail of this thread, or the standard string of `error_class` when that
// class was not set by mp_fail.
const char *mp_fail_text(int error_class);

// Calls the error handler for `error_class`, raised in `call` (enum mp_call) on `comm`; a NULL comm
// means that no communicator is concerned: the handler of MPI_COMM_SELF is used (9.3), or if none
// was set there that of MPI_COMM_WORLD (as before MPI-4), and before MPI_Init or after MPI_Finalize
// the initial one. Returns the error code if the handler lets the program go on. A fatal handler
// ends the job with one message:
//   MPI_Send: count is -1, must be 0 or more [communicator "MPI_COMM_WORLD", MPI_ERR_COUNT]
int mp_raise(int call, struct mp_comm *comm, int error_class) __attribute__((cold));

// The same on a session; NULL: none is concerned.
int mp_raise_session(int call, struct mp_session *session, int error_class) __attribute__((cold));

// Of a call with a group: on the session that it derives from, if any. NULL: no group.
int mp_raise_group(int call, const struct mp_group *group, int error_class) __attribute__((cold));

// The same on a window (chapter 12), which lies above this room: its handle, name and handler.
int mp_raise_window(int call, MPI_Win win, const char *name, struct mp_errhandler *handler,
                    int error_class) __attribute__((cold));

// Calls this very handler, as calls do that make an object and were given the handler for it.
int mp_raise_with(int call, struct mp_errhandler *handler, int error_class) __attribute__((cold));

// What every function does that is exported but not built yet: MPI_ERR_UNSUPPORTED_OPERATION on
// comm.
int mp_unsupported(int call, MPI_Comm comm);

// Standard name ("MPI_ERR_COUNT") of a class, or NULL: not a class of the standard.
const char *mp_error_name(int error_class);

// The string of a class or code, the standard's or the user's, "" for a user's that has none; NULL
// for an unknown one. Class: of a class or code, or MPI_ERR_UNKNOWN.
const char *mp_error_string(int code);
int mp_error_class(int code);

// The user's classes and codes (9.5), in object/error_strings.c; callable by any thread at any
// time.
int mp_error_add_class(int *error_class);
int mp_error_add_code(int error_class, int *code);
int mp_error_add_string(int code, const char *string);
int mp_error_remove_class(int error_class);
int mp_error_remove_code(int code);
int mp_error_remove_string(int code);

// The value of the attribute MPI_LASTUSEDCODE.
extern int mp_error_last_used;

// A new handler of that kind: one reference, one handle.
struct mp_errhandler *mp_errhandler_new(enum mp_errhandler_kind kind, void (*function)(void));

// Handle to object: NULL when the handle is not a live error handler.
struct mp_errhandler *mp_errhandler_get(MPI_Errhandler handle);
MPI_Errhandler mp_errhandler_handle(struct mp_errhandler *errhandler);
void mp_errhandler_hold(struct mp_errhandler *errhandler);
void mp_errhandler_release(struct mp_errhandler *errhandler);

extern struct mp_errhandler mp_errors_are_fatal;
extern struct mp_errhandler mp_errors_abort;
extern struct mp_errhandler mp_errors_return;

#endif
