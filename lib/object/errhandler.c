// SPDX-License-Identifier: MIT
//
// Raising errors: the call of the right handler, and the handler
// objects. The standard's strings and the user's classes and codes are in error_strings.c.

#include "object/errhandler.h"

#include "base/calls.h"
#include "object/comm.h"
#include "object/group.h"
#include "object/session.h"
#include "process/process.h"

#include <stdio.h>
#include <string.h>

#define PREDEFINED(name, what)    \
    struct mp_errhandler name = { \
        .object = {MP_KIND_ERRHANDLER, 1, 0, 1}, .kind = what, .handles = 1}
PREDEFINED(mp_errors_are_fatal, MP_ERRHANDLER_FATAL);
PREDEFINED(mp_errors_abort, MP_ERRHANDLER_ABORT);
PREDEFINED(mp_errors_return, MP_ERRHANDLER_RETURN);

const char *mp_fail_text(int error_class)
{
    const char *text = mp_fail_said(error_class);
    text = text ? text : mp_error_string(error_class);
    return text ? text : "unknown error";
}

// What an error is raised on: at most one is not NULL.
struct object {
    struct mp_comm *comm;
    struct mp_session *session;
    MPI_Win win;
    const char *win_name;
};

// Ends the job with the one line that says everything.
static _Noreturn void end(int call, struct object on, int code)
{
    char message[1000];
    char class_text[32];
    int class = mp_error_class(code);
    const char *name = mp_error_name(class);
    if (!name) {
        snprintf(class_text, sizeof class_text, "error code %d", code);
        name = class_text;
    }
    char where[MPI_MAX_OBJECT_NAME + 32] = "";
    if (on.comm && on.comm->name[0])
        snprintf(where, sizeof where, "communicator \"%s\", ", on.comm->name);
    else if (on.comm)
        snprintf(where, sizeof where, "communicator with context %u, ", (unsigned)on.comm->context);
    else if (on.session)
        snprintf(where, sizeof where, "a session, ");
    else if (on.win && on.win_name[0])
        snprintf(where, sizeof where, "window \"%s\", ", on.win_name);
    else if (on.win)
        snprintf(where, sizeof where, "a window, ");
    snprintf(message, sizeof message, "%s: %s [%s%s]", mp_call_name(call), mp_fail_text(code),
             where, name);
    // An exit status has eight bits and must not read as success.
    mp_process_abort(class >= 1 && class <= 255 ? class : MPI_ERR_OTHER, message);
}

// `on` is what the message names, `as` what a user's function is given.
static int raise_with(int call, struct mp_errhandler *handler, struct object on, struct object as,
                      int code)
{
    int argument = code;
    mp_errhandler_hold(handler); // the function may replace it
    switch (handler->kind) {
    case MP_ERRHANDLER_RETURN:
        break;
    case MP_ERRHANDLER_COMM: {
        MPI_Comm handle = as.comm ? mp_comm_handle(as.comm) : MPI_COMM_NULL;
        ((MPI_Comm_errhandler_function *)handler->function)(&handle, &argument);
        break;
    }
    case MP_ERRHANDLER_SESSION: {
        MPI_Session handle = mp_session_handle(as.session);
        ((MPI_Session_errhandler_function *)handler->function)(&handle, &argument);
        break;
    }
    case MP_ERRHANDLER_WIN: {
        MPI_Win handle = as.win ? as.win : MPI_WIN_NULL;
        ((MPI_Win_errhandler_function *)handler->function)(&handle, &argument);
        break;
    }
    default: // fatal, abort; and kinds that the object cannot have
        end(call, on, code);
    }
    mp_errhandler_release(handler);
    mp_fail_forget();
    return code;
}

int mp_raise(int call, struct mp_comm *comm, int code)
{
    // 9.3: what concerns no communicator is raised on MPI_COMM_SELF; the initial handler serves
    // while there is none. Before MPI-4 it was MPI_COMM_WORLD: a program of that time, which has
    // set a handler there and none on MPI_COMM_SELF, gets what it expects.
    struct mp_comm *on = comm;
    struct mp_errhandler *handler = &mp_errors_are_fatal;
    if (!on && mp_process.state == MP_RUNNING)
        on = mp_comm_self.errhandler == &mp_errors_are_fatal ? &mp_comm_world : &mp_comm_self;
    if (on && on->errhandler)
        handler = on->errhandler;
    return raise_with(call, handler, (struct object){.comm = comm}, (struct object){.comm = on},
                      code);
}

int mp_raise_session(int call, struct mp_session *session, int code)
{
    struct object on = {.session = session};
    return session ? raise_with(call, session->errhandler, on, on, code)
                   : mp_raise(call, NULL, code);
}

int mp_raise_group(int call, const struct mp_group *group, int code)
{
    return mp_raise_session(call, group ? group->session : NULL, code);
}

int mp_raise_window(int call, MPI_Win win, const char *name, struct mp_errhandler *handler,
                    int code)
{
    struct object on = {.win = win, .win_name = name};
    return raise_with(call, handler, on, on, code);
}

int mp_raise_with(int call, struct mp_errhandler *handler, int code)
{
    struct object none = {0};
    return raise_with(call, handler, none, none, code);
}

int mp_unsupported(int call, MPI_Comm comm)
{
    struct mp_comm *c = mp_process.users > 0 ? mp_comm_get(comm) : NULL;
    c = c && !c->freed ? c : NULL;
    return mp_raise(call, c,
                    mp_fail(MPI_ERR_UNSUPPORTED_OPERATION, "this function is not supported yet"));
}

struct mp_errhandler *mp_errhandler_new(enum mp_errhandler_kind kind, void (*function)(void))
{
    struct mp_errhandler *errhandler = mp_object_new(MP_KIND_ERRHANDLER, sizeof *errhandler);
    if (errhandler) {
        errhandler->kind = kind;
        errhandler->function = function;
        errhandler->handles = 1;
    }
    return errhandler;
}

struct mp_errhandler *mp_errhandler_get(MPI_Errhandler handle)
{
    if (handle == MPI_ERRORS_ARE_FATAL)
        return &mp_errors_are_fatal;
    if (handle == MPI_ERRORS_ABORT)
        return &mp_errors_abort;
    if (handle == MPI_ERRORS_RETURN)
        return &mp_errors_return;
    if (!mp_object_is(handle, MP_KIND_ERRHANDLER))
        return NULL;
    struct mp_errhandler *errhandler = (struct mp_errhandler *)(void *)handle;
    return errhandler->handles ? errhandler : NULL;
}

MPI_Errhandler mp_errhandler_handle(struct mp_errhandler *errhandler)
{
    if (errhandler == &mp_errors_are_fatal)
        return MPI_ERRORS_ARE_FATAL;
    if (errhandler == &mp_errors_abort)
        return MPI_ERRORS_ABORT;
    if (errhandler == &mp_errors_return)
        return MPI_ERRORS_RETURN;
    return (MPI_Errhandler)(void *)errhandler;
}

// References are counted atomically: handlers are used by mp_raise outside of the library's lock.
void mp_errhandler_hold(struct mp_errhandler *errhandler)
{
    if (!errhandler->object.builtin)
        __atomic_add_fetch(&errhandler->object.refs, 1, __ATOMIC_RELAXED);
}

void mp_errhandler_release(struct mp_errhandler *errhandler)
{
    if (!errhandler->object.builtin &&
        __atomic_sub_fetch(&errhandler->object.refs, 1, __ATOMIC_ACQ_REL) == 0)
        mp_object_delete(errhandler);
}
