// SPDX-License-Identifier: MIT
// Chapter 3: buffers for buffered sends, of the process, of a communicator, of a session.
#include "message/bsend.h"

#include "api/api.h"

// Whose buffer a call is about: a communicator's, a session's, or the process's.
struct owner {
    struct mp_comm *comm;
    struct mp_session *session;
    struct mp_bsend_buffer **place;
};

static int of_process(struct owner *owner)
{
    *owner = (struct owner){.place = &mp_bsend_process_buffer};
    return 0;
}

static int of_comm(MPI_Comm comm, struct owner *owner)
{
    *owner = (struct owner){.comm = NULL};
    int err = mp_check_comm(comm, &owner->comm);
    owner->place = err ? NULL : &owner->comm->buffer;
    return err;
}

static int of_session(MPI_Session session, struct owner *owner)
{
    *owner = (struct owner){.session = NULL};
    int err = mp_check_session(session, &owner->session);
    owner->place = err ? NULL : &owner->session->buffer;
    return err;
}

static int leave(int call, const struct owner *owner, int err)
{
    return owner->session ? mp_leave_session(call, owner->session, err)
                          : mp_leave(call, owner->comm, err);
}

// `err` is what finding the owner came to, in all of these.
static int attach(int call, int err, const struct owner *owner, void *memory, MPI_Count size)
{
    err = err ? err : mp_bsend_attach(owner->place, memory, size);
    return leave(call, owner, err);
}

// `buffer_addr` is the address of a pointer; MPI_Buffer_detach(&ptr, &size).
static int detach(int call, int err, const struct owner *owner, void *buffer_addr, MPI_Count *size)
{
    err = err ? err : mp_check_pointer(buffer_addr, "buffer_addr");
    err = err ? err : mp_check_pointer(size, "size");
    err = err ? err : mp_bsend_detach(owner->place, buffer_addr, size);
    return leave(call, owner, err);
}

static int detach_int(int call, int err, const struct owner *owner, void *buffer_addr, int *size)
{
    MPI_Count large = 0;
    err = detach(call, err, owner, buffer_addr, size ? &large : NULL);
    if (!err) {
        *size = large > 0x7fffffff ? MPI_UNDEFINED : (int)large;
    }
    return err;
}

static int flush(int call, int err, const struct owner *owner)
{
    if (!err) {
        mp_bsend_flush(*owner->place);
    }
    return leave(call, owner, err);
}

static int iflush(int call, int err, const struct owner *owner, MPI_Request *request)
{
    struct mp_request *made;
    err = err ? err : mp_check_pointer(request, "request");
    err = err ? err : mp_bsend_iflush(*owner->place, &made);
    if (!err) {
        *request = (MPI_Request)(void *)made;
    }
    return leave(call, owner, err);
}

int PMPI_Buffer_attach(void *buffer, int size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_attach);
    err = err ? err : of_process(&owner);
    return attach(MP_CALL_Buffer_attach, err, &owner, buffer, size);
}
MP_WEAK(Buffer_attach);

int PMPI_Buffer_attach_c(void *buffer, MPI_Count size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_attach_c);
    err = err ? err : of_process(&owner);
    return attach(MP_CALL_Buffer_attach_c, err, &owner, buffer, size);
}
MP_WEAK(Buffer_attach_c);

int PMPI_Buffer_detach(void *buffer_addr, int *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_detach);
    err = err ? err : of_process(&owner);
    return detach_int(MP_CALL_Buffer_detach, err, &owner, buffer_addr, size);
}
MP_WEAK(Buffer_detach);

int PMPI_Buffer_detach_c(void *buffer_addr, MPI_Count *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_detach_c);
    err = err ? err : of_process(&owner);
    return detach(MP_CALL_Buffer_detach_c, err, &owner, buffer_addr, size);
}
MP_WEAK(Buffer_detach_c);

int PMPI_Buffer_flush(void)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_flush);
    err = err ? err : of_process(&owner);
    return flush(MP_CALL_Buffer_flush, err, &owner);
}
MP_WEAK(Buffer_flush);

int PMPI_Buffer_iflush(MPI_Request *request)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Buffer_iflush);
    err = err ? err : of_process(&owner);
    return iflush(MP_CALL_Buffer_iflush, err, &owner, request);
}
MP_WEAK(Buffer_iflush);

int PMPI_Comm_attach_buffer(MPI_Comm comm, void *buffer, int size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_attach_buffer);
    err = err ? err : of_comm(comm, &owner);
    return attach(MP_CALL_Comm_attach_buffer, err, &owner, buffer, size);
}
MP_WEAK(Comm_attach_buffer);

int PMPI_Comm_attach_buffer_c(MPI_Comm comm, void *buffer, MPI_Count size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_attach_buffer_c);
    err = err ? err : of_comm(comm, &owner);
    return attach(MP_CALL_Comm_attach_buffer_c, err, &owner, buffer, size);
}
MP_WEAK(Comm_attach_buffer_c);

int PMPI_Comm_detach_buffer(MPI_Comm comm, void *buffer_addr, int *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_detach_buffer);
    err = err ? err : of_comm(comm, &owner);
    return detach_int(MP_CALL_Comm_detach_buffer, err, &owner, buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer);

int PMPI_Comm_detach_buffer_c(MPI_Comm comm, void *buffer_addr, MPI_Count *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_detach_buffer_c);
    err = err ? err : of_comm(comm, &owner);
    return detach(MP_CALL_Comm_detach_buffer_c, err, &owner, buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer_c);

int PMPI_Comm_flush_buffer(MPI_Comm comm)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_flush_buffer);
    err = err ? err : of_comm(comm, &owner);
    return flush(MP_CALL_Comm_flush_buffer, err, &owner);
}
MP_WEAK(Comm_flush_buffer);

int PMPI_Comm_iflush_buffer(MPI_Comm comm, MPI_Request *request)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Comm_iflush_buffer);
    err = err ? err : of_comm(comm, &owner);
    return iflush(MP_CALL_Comm_iflush_buffer, err, &owner, request);
}
MP_WEAK(Comm_iflush_buffer);

int PMPI_Session_attach_buffer(MPI_Session session, void *buffer, int size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_attach_buffer);
    err = err ? err : of_session(session, &owner);
    return attach(MP_CALL_Session_attach_buffer, err, &owner, buffer, size);
}
MP_WEAK(Session_attach_buffer);

int PMPI_Session_attach_buffer_c(MPI_Session session, void *buffer, MPI_Count size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_attach_buffer_c);
    err = err ? err : of_session(session, &owner);
    return attach(MP_CALL_Session_attach_buffer_c, err, &owner, buffer, size);
}
MP_WEAK(Session_attach_buffer_c);

int PMPI_Session_detach_buffer(MPI_Session session, void *buffer_addr, int *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_detach_buffer);
    err = err ? err : of_session(session, &owner);
    return detach_int(MP_CALL_Session_detach_buffer, err, &owner, buffer_addr, size);
}
MP_WEAK(Session_detach_buffer);

int PMPI_Session_detach_buffer_c(MPI_Session session, void *buffer_addr, MPI_Count *size)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_detach_buffer_c);
    err = err ? err : of_session(session, &owner);
    return detach(MP_CALL_Session_detach_buffer_c, err, &owner, buffer_addr, size);
}
MP_WEAK(Session_detach_buffer_c);

int PMPI_Session_flush_buffer(MPI_Session session)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_flush_buffer);
    err = err ? err : of_session(session, &owner);
    return flush(MP_CALL_Session_flush_buffer, err, &owner);
}
MP_WEAK(Session_flush_buffer);

int PMPI_Session_iflush_buffer(MPI_Session session, MPI_Request *request)
{
    struct owner owner = {.comm = NULL};
    int err = mp_enter(MP_CALL_Session_iflush_buffer);
    err = err ? err : of_session(session, &owner);
    return iflush(MP_CALL_Session_iflush_buffer, err, &owner, request);
}
MP_WEAK(Session_iflush_buffer);
