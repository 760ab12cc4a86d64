// SPDX-License-Identifier: MIT
//
// Chapter 9: error handlers, and error classes, codes and strings. What is callable before MPI_Init
// and after MPI_Finalize (11.4.1) opens no call with mp_enter.

#include "api/api.h"
#include "api/one_sided.h"
#include "base/calls.h"
#include "message/meeting.h"

#include <stdio.h>
#include <string.h>

// ---- Error handlers

#define ANY(function) ((void (*)(void))(function))

static int errhandler_create(int call, enum mp_errhandler_kind kind, void (*function)(void),
                             MPI_Errhandler *errhandler)
{
    int err = mp_check_pointer(errhandler, "errhandler");
    if (!err && !function)
        err = mp_fail(MPI_ERR_ARG, "the error handler function is a null pointer");
    if (!err) {
        struct mp_errhandler *created = mp_errhandler_new(kind, function);
        if (created) {
            *errhandler = mp_errhandler_handle(created);
            mp_owned_made(MP_OWNED_ERRHANDLER, *errhandler, call);
        } else {
            err = mp_fail(MPI_ERR_NO_MEM, "no memory for an error handler");
        }
    }
    return mp_leave_any_time(call, err);
}

int PMPI_Comm_create_errhandler(MPI_Comm_errhandler_function *comm_errhandler_fn,
                                MPI_Errhandler *errhandler)
{
    return errhandler_create(MP_CALL_Comm_create_errhandler, MP_ERRHANDLER_COMM,
                             ANY(comm_errhandler_fn), errhandler);
}
MP_WEAK(Comm_create_errhandler);

int PMPI_Session_create_errhandler(MPI_Session_errhandler_function *session_errhandler_fn,
                                   MPI_Errhandler *errhandler)
{
    return errhandler_create(MP_CALL_Session_create_errhandler, MP_ERRHANDLER_SESSION,
                             ANY(session_errhandler_fn), errhandler);
}
MP_WEAK(Session_create_errhandler);

int PMPI_Win_create_errhandler(MPI_Win_errhandler_function *win_errhandler_fn,
                               MPI_Errhandler *errhandler)
{
    return errhandler_create(MP_CALL_Win_create_errhandler, MP_ERRHANDLER_WIN,
                             ANY(win_errhandler_fn), errhandler);
}
MP_WEAK(Win_create_errhandler);

int PMPI_File_create_errhandler(MPI_File_errhandler_function *file_errhandler_fn,
                                MPI_Errhandler *errhandler)
{
    return errhandler_create(MP_CALL_File_create_errhandler, MP_ERRHANDLER_FILE,
                             ANY(file_errhandler_fn), errhandler);
}
MP_WEAK(File_create_errhandler);

int PMPI_Errhandler_free(MPI_Errhandler *errhandler)
{
    struct mp_errhandler *handler = NULL;
    int err = mp_check_pointer(errhandler, "errhandler");
    err = err ? err : mp_check_errhandler(*errhandler, MP_ERRHANDLER_ANY, &handler);
    if (!err) {
        mp_owned_freed(MP_OWNED_ERRHANDLER, *errhandler);
        // The predefined ones are returned by MPI_Comm_get_errhandler and may be freed like others.
        if (!handler->object.builtin)
            __atomic_sub_fetch(&handler->handles, 1, __ATOMIC_RELAXED);
        mp_errhandler_release(handler);
        *errhandler = MPI_ERRHANDLER_NULL;
    }
    return mp_leave_any_time(MP_CALL_Errhandler_free, err);
}
MP_WEAK(Errhandler_free);

static void replace(struct mp_errhandler **place, struct mp_errhandler *handler)
{
    mp_errhandler_hold(handler);
    mp_errhandler_release(*place);
    *place = handler;
}

// One more handle, which the program will free.
static MPI_Errhandler give_handle(int call, struct mp_errhandler *handler)
{
    mp_errhandler_hold(handler);
    if (!handler->object.builtin)
        __atomic_add_fetch(&handler->handles, 1, __ATOMIC_RELAXED);
    mp_owned_made(MP_OWNED_ERRHANDLER, mp_errhandler_handle(handler), call);
    return mp_errhandler_handle(handler);
}

// The message of an error that the program raises itself.
static int fail_by_program(int errorcode)
{
    const char *text = mp_error_string(errorcode);
    return mp_fail(errorcode, "the program raised error code %d: %s", errorcode,
                   text ? text : "an unknown one");
}

int PMPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler)
{
    struct mp_comm *c = NULL;
    struct mp_errhandler *handler = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_set_errhandler, comm, &c);
    err = err ? err : mp_check_errhandler(errhandler, MP_ERRHANDLER_COMM, &handler);
    if (!err) {
        replace(&c->errhandler, handler);
        if (!mp_list_empty(&c->tied)) {
            mp_guests_tell_ties();
        }
    }
    return mp_leave(MP_CALL_Comm_set_errhandler, c, err);
}
MP_WEAK(Comm_set_errhandler);

int PMPI_Comm_get_errhandler(MPI_Comm comm, MPI_Errhandler *errhandler)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_get_errhandler, comm, &c);
    err = err ? err : mp_check_pointer(errhandler, "errhandler");
    if (!err) {
        *errhandler = give_handle(MP_CALL_Comm_get_errhandler, c->errhandler);
    }
    return mp_leave(MP_CALL_Comm_get_errhandler, c, err);
}
MP_WEAK(Comm_get_errhandler);

int PMPI_Comm_call_errhandler(MPI_Comm comm, int errorcode)
{
    struct mp_comm *c = NULL;
    int err = mp_enter_comm(MP_CALL_Comm_call_errhandler, comm, &c);
    if (err)
        return mp_leave(MP_CALL_Comm_call_errhandler, c, err);
    mp_exit();
    mp_raise(MP_CALL_Comm_call_errhandler, c, fail_by_program(errorcode));
    return MPI_SUCCESS; // if the handler lets us go on (9.5)
}
MP_WEAK(Comm_call_errhandler);

int PMPI_Session_set_errhandler(MPI_Session session, MPI_Errhandler errhandler)
{
    struct mp_session *s = NULL;
    struct mp_errhandler *handler = NULL;
    int err = mp_enter(MP_CALL_Session_set_errhandler);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_errhandler(errhandler, MP_ERRHANDLER_SESSION, &handler);
    if (!err)
        replace(&s->errhandler, handler);
    return mp_leave_session(MP_CALL_Session_set_errhandler, s, err);
}
MP_WEAK(Session_set_errhandler);

int PMPI_Session_get_errhandler(MPI_Session session, MPI_Errhandler *errhandler)
{
    struct mp_session *s = NULL;
    int err = mp_enter(MP_CALL_Session_get_errhandler);
    err = err ? err : mp_check_session(session, &s);
    err = err ? err : mp_check_pointer(errhandler, "errhandler");
    if (!err)
        *errhandler = give_handle(MP_CALL_Session_get_errhandler, s->errhandler);
    return mp_leave_session(MP_CALL_Session_get_errhandler, s, err);
}
MP_WEAK(Session_get_errhandler);

// Callable at any time, so without mp_enter.
int PMPI_Session_call_errhandler(MPI_Session session, int errorcode)
{
    struct mp_session *s = NULL;
    int err = mp_check_session(session, &s);
    if (err)
        return mp_leave_any_time(MP_CALL_Session_call_errhandler, err);
    mp_raise_session(MP_CALL_Session_call_errhandler, s, fail_by_program(errorcode));
    return MPI_SUCCESS; // as above
}
MP_WEAK(Session_call_errhandler);

int PMPI_Win_set_errhandler(MPI_Win win, MPI_Errhandler errhandler)
{
    struct mp_window *w = NULL;
    struct mp_errhandler *handler = NULL;
    int err = mp_enter_window(MP_CALL_Win_set_errhandler, win, &w);
    err = err ? err : mp_check_errhandler(errhandler, MP_ERRHANDLER_WIN, &handler);
    if (!err)
        replace(&w->errhandler, handler);
    return mp_leave_window(MP_CALL_Win_set_errhandler, w, err);
}
MP_WEAK(Win_set_errhandler);

int PMPI_Win_get_errhandler(MPI_Win win, MPI_Errhandler *errhandler)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_get_errhandler, win, &w);
    err = err ? err : mp_check_pointer(errhandler, "errhandler");
    if (!err)
        *errhandler = give_handle(MP_CALL_Win_get_errhandler, w->errhandler);
    return mp_leave_window(MP_CALL_Win_get_errhandler, w, err);
}
MP_WEAK(Win_get_errhandler);

int PMPI_Win_call_errhandler(MPI_Win win, int errorcode)
{
    struct mp_window *w = NULL;
    int err = mp_enter_window(MP_CALL_Win_call_errhandler, win, &w);
    if (err)
        return mp_leave_window(MP_CALL_Win_call_errhandler, w, err);
    (void)mp_leave_window(MP_CALL_Win_call_errhandler, w, fail_by_program(errorcode));
    return MPI_SUCCESS; // as above
}
MP_WEAK(Win_call_errhandler);

// ---- Classes, codes and strings

static int check_known(int errorcode)
{
    if (mp_error_string(errorcode))
        return 0;
    return mp_fail(MPI_ERR_ARG, "errorcode is %d, which is no error code", errorcode);
}

int PMPI_Error_class(int errorcode, int *errorclass)
{
    int err = check_known(errorcode);
    err = err ? err : mp_check_pointer(errorclass, "errorclass");
    if (!err)
        *errorclass = mp_error_class(errorcode);
    return mp_leave_any_time(MP_CALL_Error_class, err);
}
MP_WEAK(Error_class);

int PMPI_Error_string(int errorcode, char *string, int *resultlen)
{
    int err = check_known(errorcode);
    err = err ? err : mp_check_pointer(string, "string");
    err = err ? err : mp_check_pointer(resultlen, "resultlen");
    if (!err) {
        const char *name = mp_error_name(errorcode);
        *resultlen = snprintf(string, MPI_MAX_ERROR_STRING, "%s%s%s", name ? name : "",
                              name ? ": " : "", mp_error_string(errorcode));
    }
    return mp_leave_any_time(MP_CALL_Error_string, err);
}
MP_WEAK(Error_string);

int PMPI_Add_error_class(int *errorclass)
{
    int err = mp_check_pointer(errorclass, "errorclass");
    err = err ? err : mp_error_add_class(errorclass);
    return mp_leave_any_time(MP_CALL_Add_error_class, err);
}
MP_WEAK(Add_error_class);

int PMPI_Add_error_code(int errorclass, int *errorcode)
{
    int err = mp_check_pointer(errorcode, "errorcode");
    err = err ? err : mp_error_add_code(errorclass, errorcode);
    return mp_leave_any_time(MP_CALL_Add_error_code, err);
}
MP_WEAK(Add_error_code);

int PMPI_Add_error_string(int errorcode, const char *string)
{
    int err = mp_check_pointer(string, "string");
    if (!err && strlen(string) >= MPI_MAX_ERROR_STRING)
        err = mp_fail(MPI_ERR_ARG, "string has %zu characters, must have less than %d",
                      strlen(string), MPI_MAX_ERROR_STRING);
    err = err ? err : mp_error_add_string(errorcode, string);
    return mp_leave_any_time(MP_CALL_Add_error_string, err);
}
MP_WEAK(Add_error_string);

int PMPI_Remove_error_class(int errorclass)
{
    return mp_leave_any_time(MP_CALL_Remove_error_class, mp_error_remove_class(errorclass));
}
MP_WEAK(Remove_error_class);

int PMPI_Remove_error_code(int errorcode)
{
    return mp_leave_any_time(MP_CALL_Remove_error_code, mp_error_remove_code(errorcode));
}
MP_WEAK(Remove_error_code);

int PMPI_Remove_error_string(int errorcode)
{
    return mp_leave_any_time(MP_CALL_Remove_error_string, mp_error_remove_string(errorcode));
}
MP_WEAK(Remove_error_string);
