// SPDX-License-Identifier: MIT
// Chapter 3: buffers for buffered sends, of the process, of a communicator, of a session.
#include "message/bsend.h"

#include "api/api.h"
#include "check/pending.h"

// A call that was opened, and whose buffer it is about: a communicator's, a session's, or the
// process's. `err` is what opening it and finding the buffer came to.
struct call {
    int name; // enum mp_call
    int err;
    struct mp_comm *comm;
    struct mp_session *session;
    struct mp_bsend_buffer **place;
};

static struct call of_process(int name)
{
    return (struct call){.name = name, .err = mp_enter(name), .place = &mp_bsend_process_buffer};
}

static struct call of_comm(int name, MPI_Comm comm)
{
    struct call call = {.name = name};
    call.err = mp_enter_comm(name, comm, &call.comm);
    call.place = call.err ? NULL : &call.comm->buffer;
    return call;
}

static struct call of_session(int name, MPI_Session session)
{
    struct call call = {.name = name, .err = mp_enter(name)};
    call.err = call.err ? call.err : mp_check_session(session, &call.session);
    call.place = call.err ? NULL : &call.session->buffer;
    return call;
}

static int leave(const struct call *call, int err)
{
    return call->session ? mp_leave_session(call->name, call->session, err)
                         : mp_leave(call->name, call->comm, err);
}

static int attach(struct call call, void *memory, MPI_Count size)
{
    return leave(&call, call.err ? call.err : mp_bsend_attach(call.place, memory, size));
}

// `buffer_addr` is the address of a pointer; MPI_Buffer_detach(&ptr, &size).
static int detach(struct call call, void *buffer_addr, MPI_Count *size)
{
    int err = call.err ? call.err : mp_check_pointer(buffer_addr, "buffer_addr");
    err = err ? err : mp_check_pointer(size, "size");
    err = err ? err : mp_bsend_detach(call.place, buffer_addr, size);
    return leave(&call, err);
}

static int detach_int(struct call call, void *buffer_addr, int *size)
{
    MPI_Count large = 0;
    int err = detach(call, buffer_addr, size ? &large : NULL);
    if (!err) {
        *size = mp_narrow(large);
    }
    return err;
}

static int flush(struct call call)
{
    if (!call.err) {
        mp_bsend_flush(*call.place);
    }
    return leave(&call, call.err);
}

static int iflush(struct call call, MPI_Request *request)
{
    struct mp_request *made;
    int err = call.err ? call.err : mp_check_pointer(request, "request");
    err = err ? err : mp_bsend_iflush(*call.place, &made);
    if (!err) {
        *request = (MPI_Request)(void *)made;
        mp_request_made(made, call.name, NULL);
    }
    return leave(&call, err);
}

int PMPI_Buffer_attach(void *buffer, int size)
{
    return attach(of_process(MP_CALL_Buffer_attach), buffer, size);
}
MP_WEAK(Buffer_attach);

int PMPI_Buffer_attach_c(void *buffer, MPI_Count size)
{
    return attach(of_process(MP_CALL_Buffer_attach_c), buffer, size);
}
MP_WEAK(Buffer_attach_c);

int PMPI_Buffer_detach(void *buffer_addr, int *size)
{
    return detach_int(of_process(MP_CALL_Buffer_detach), buffer_addr, size);
}
MP_WEAK(Buffer_detach);

int PMPI_Buffer_detach_c(void *buffer_addr, MPI_Count *size)
{
    return detach(of_process(MP_CALL_Buffer_detach_c), buffer_addr, size);
}
MP_WEAK(Buffer_detach_c);

int PMPI_Buffer_flush(void)
{
    return flush(of_process(MP_CALL_Buffer_flush));
}
MP_WEAK(Buffer_flush);

int PMPI_Buffer_iflush(MPI_Request *request)
{
    return iflush(of_process(MP_CALL_Buffer_iflush), request);
}
MP_WEAK(Buffer_iflush);

int PMPI_Comm_attach_buffer(MPI_Comm comm, void *buffer, int size)
{
    return attach(of_comm(MP_CALL_Comm_attach_buffer, comm), buffer, size);
}
MP_WEAK(Comm_attach_buffer);

int PMPI_Comm_attach_buffer_c(MPI_Comm comm, void *buffer, MPI_Count size)
{
    return attach(of_comm(MP_CALL_Comm_attach_buffer_c, comm), buffer, size);
}
MP_WEAK(Comm_attach_buffer_c);

int PMPI_Comm_detach_buffer(MPI_Comm comm, void *buffer_addr, int *size)
{
    return detach_int(of_comm(MP_CALL_Comm_detach_buffer, comm), buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer);

int PMPI_Comm_detach_buffer_c(MPI_Comm comm, void *buffer_addr, MPI_Count *size)
{
    return detach(of_comm(MP_CALL_Comm_detach_buffer_c, comm), buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer_c);

int PMPI_Comm_flush_buffer(MPI_Comm comm)
{
    return flush(of_comm(MP_CALL_Comm_flush_buffer, comm));
}
MP_WEAK(Comm_flush_buffer);

int PMPI_Comm_iflush_buffer(MPI_Comm comm, MPI_Request *request)
{
    return iflush(of_comm(MP_CALL_Comm_iflush_buffer, comm), request);
}
MP_WEAK(Comm_iflush_buffer);

int PMPI_Session_attach_buffer(MPI_Session session, void *buffer, int size)
{
    return attach(of_session(MP_CALL_Session_attach_buffer, session), buffer, size);
}
MP_WEAK(Session_attach_buffer);

int PMPI_Session_attach_buffer_c(MPI_Session session, void *buffer, MPI_Count size)
{
    return attach(of_session(MP_CALL_Session_attach_buffer_c, session), buffer, size);
}
MP_WEAK(Session_attach_buffer_c);

int PMPI_Session_detach_buffer(MPI_Session session, void *buffer_addr, int *size)
{
    return detach_int(of_session(MP_CALL_Session_detach_buffer, session), buffer_addr, size);
}
MP_WEAK(Session_detach_buffer);

int PMPI_Session_detach_buffer_c(MPI_Session session, void *buffer_addr, MPI_Count *size)
{
    return detach(of_session(MP_CALL_Session_detach_buffer_c, session), buffer_addr, size);
}
MP_WEAK(Session_detach_buffer_c);

int PMPI_Session_flush_buffer(MPI_Session session)
{
    return flush(of_session(MP_CALL_Session_flush_buffer, session));
}
MP_WEAK(Session_flush_buffer);

int PMPI_Session_iflush_buffer(MPI_Session session, MPI_Request *request)
{
    return iflush(of_session(MP_CALL_Session_iflush_buffer, session), request);
}
MP_WEAK(Session_iflush_buffer);
