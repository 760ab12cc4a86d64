// SPDX-License-Identifier: MIT
// What every chapter file of the API shares: the way in and out of a call, and the checks of the
// arguments that occur everywhere. A function reads:
//
//     int PMPI_Xyz(int count, ..., MPI_Comm comm)
//     {
//         struct mp_comm *c = NULL;
//         int err = mp_enter_comm(MP_CALL_Xyz, comm, &c);
//         err = err ? err : mp_check_count(count, "count");
//         err = err ? err : mp_xyz(c, count, ...);
//         return mp_leave(MP_CALL_Xyz, c, err);
//     }
//     MP_WEAK(Xyz);
#ifndef MP_API_API_H
#define MP_API_API_H

#include "check/owned.h"
#include "datatype/datatype.h"
#include "mpi.h"
#include "object/attribute.h"
#include "object/comm.h"
#include "object/errhandler.h"
#include "object/session.h"
#include "op/op.h"
#include "process/process.h"

#include <limits.h>

// PMPI_X is the function, MPI_X its weak alias, so that a tool can put its own MPI_X in front.
#define MP_WEAK(name)                         \
    extern __typeof__(PMPI_##name) MPI_##name \
        __attribute__((weak, alias("PMPI_" #name), visibility("default")))

// Opens a call: every function that needs MPI to be running begins with this. If it returns an
// error class, MPI does not run, and the call is closed with that error as with any other.
static inline int mp_enter(int call)
{
    return likely(mp_enter_unguarded(call)) ? 0 : mp_enter_guarded(call);
}

// Ends a call: with an error, through the error handler of `comm` (NULL: that of MPI_COMM_SELF).
static inline int mp_leave(int call, struct mp_comm *comm, int err)
{
    mp_exit();
    return likely(err == 0) ? MPI_SUCCESS : mp_raise(call, comm, err);
}

// The same for calls on a session or a group.
static inline int mp_leave_session(int call, struct mp_session *session, int err)
{
    mp_exit();
    return likely(err == 0) ? MPI_SUCCESS : mp_raise_session(call, session, err);
}

static inline int mp_leave_group(int call, const struct mp_group *group, int err)
{
    mp_exit();
    return likely(err == 0) ? MPI_SUCCESS : mp_raise_group(call, group, err);
}

// Checks: 0, or an error class with mp_fail having named the argument, its value and what was
// allowed. Those with an `out` give the object behind the handle.
int mp_check_comm(MPI_Comm comm, struct mp_comm **out);
int mp_check_session(MPI_Session session, struct mp_session **out);
int mp_check_info(MPI_Info info, struct mp_info **out); // MPI_INFO_NULL: NULL
int mp_check_group(MPI_Group group, const char *name, struct mp_group **out);
int mp_check_op(MPI_Op op, struct mp_op **out);
int mp_check_errhandler(MPI_Errhandler errhandler, enum mp_errhandler_kind kind,
                        struct mp_errhandler **out); // one for that kind of object

// The end of a call that needs no MPI_Init, and was not opened.
static inline int mp_leave_any_time(int call, int err)
{
    return likely(err == 0) ? MPI_SUCCESS : mp_raise(call, NULL, err);
}

// The end of a call that makes a communicator: there may be none for this rank. Whoever goes on
// after an error finds MPI_COMM_NULL.
static inline int mp_leave_with_comm(int call, struct mp_comm *comm, int err, struct mp_comm *made,
                                     MPI_Comm *newcomm)
{
    if (newcomm) {
        *newcomm = !err && made ? mp_comm_handle(made) : MPI_COMM_NULL;
        mp_owned_made(MP_OWNED_COMM, *newcomm, call);
    }
    return mp_leave(call, comm, err);
}

// A count as an int; one that does not fit is undefined (3.2.5).
static inline int mp_narrow(MPI_Count count)
{
    return count > INT_MAX ? MPI_UNDEFINED : (int)count;
}

// Opens a call on a communicator.
static inline int mp_enter_comm(int call, MPI_Comm comm, struct mp_comm **out)
{
    int err = mp_enter(call);
    return err ? err : mp_check_comm(comm, out);
}

// The hints for a communicator of that session that are known, out of `info` (may be NULL), into
// *hints, which is made when there is one (7.4.4).
int mp_hints_take(const struct mp_info *info, const struct mp_session *session,
                  struct mp_info **hints);

int mp_check_count(MPI_Count count, const char *name);
int mp_check_type(MPI_Datatype type, const char *name, struct mp_datatype **out);     // committed
int mp_check_any_type(MPI_Datatype type, const char *name, struct mp_datatype **out); // or not
int mp_check_buffer(const void *buffer, MPI_Count count, const struct mp_datatype *type,
                    const char *name); // NULL is fine for MPI_BOTTOM types and empty messages only
int mp_check_dest(const struct mp_comm *comm, int dest);     // a rank or MPI_PROC_NULL
int mp_check_source(const struct mp_comm *comm, int source); // or MPI_ANY_SOURCE
int mp_check_tag(int tag);                                   // 0..MPI_TAG_UB
int mp_check_recv_tag(int tag);                              // or MPI_ANY_TAG
int mp_check_root(const struct mp_comm *comm, int root);     // intercommunicators: MPI_ROOT ... too
int mp_check_leader(int leader, const struct mp_group *group, const char *name); // of a group

// An output argument: not NULL. The call that says so is made only then: most functions check one
// or two, and some are as short as that.
int mp_null_pointer(const char *name);
static inline int mp_check_pointer(const void *pointer, const char *name)
{
    return likely(pointer != NULL) ? 0 : mp_null_pointer(name);
}

#endif
