// SPDX-License-Identifier: MIT
// Chapter 3: buffers for buffered sends, of the process and of a communicator.
#include "core/bsend.h"

#include "api/api.h"

static int attach(int call, MPI_Comm comm, bool of_comm, void *memory, MPI_Count size)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(call);
    if (err) {
        return err;
    }
    err = of_comm ? mp_check_comm(comm, &c) : 0;
    err = err ? err : mp_bsend_attach(c ? &c->buffer : &mp_bsend_process_buffer, memory, size);
    return mp_leave(call, c, err);
}

// `buffer_addr` is the address of a pointer; MPI_Buffer_detach(&ptr, &size).
static int detach(int call, MPI_Comm comm, bool of_comm, void *buffer_addr, MPI_Count *size)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(call);
    if (err) {
        return err;
    }
    err = of_comm ? mp_check_comm(comm, &c) : 0;
    err = err ? err : mp_check_pointer(buffer_addr, "buffer_addr");
    err = err ? err : mp_check_pointer(size, "size");
    err = err ? err : mp_bsend_detach(c ? &c->buffer : &mp_bsend_process_buffer, buffer_addr, size);
    return mp_leave(call, c, err);
}

static int detach_int(int call, MPI_Comm comm, bool of_comm, void *buffer_addr, int *size)
{
    MPI_Count large = 0;
    int err = detach(call, comm, of_comm, buffer_addr, size ? &large : NULL);
    if (!err) {
        *size = large > 0x7fffffff ? MPI_UNDEFINED : (int)large;
    }
    return err;
}

static int flush(int call, MPI_Comm comm, bool of_comm)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(call);
    if (err) {
        return err;
    }
    err = of_comm ? mp_check_comm(comm, &c) : 0;
    if (!err) {
        mp_bsend_flush(c ? c->buffer : mp_bsend_process_buffer);
    }
    return mp_leave(call, c, err);
}

static int iflush(int call, MPI_Comm comm, bool of_comm, MPI_Request *request)
{
    struct mp_comm *c = NULL;
    struct mp_request *made;
    int err = mp_enter(call);
    if (err) {
        return err;
    }
    err = of_comm ? mp_check_comm(comm, &c) : 0;
    err = err ? err : mp_check_pointer(request, "request");
    err = err ? err : mp_bsend_iflush(c ? c->buffer : mp_bsend_process_buffer, &made);
    if (!err) {
        *request = (MPI_Request)(void *)made;
    }
    return mp_leave(call, c, err);
}

int PMPI_Buffer_attach(void *buffer, int size)
{
    return attach(MP_CALL_Buffer_attach, MPI_COMM_NULL, false, buffer, size);
}
MP_WEAK(Buffer_attach);

int PMPI_Buffer_attach_c(void *buffer, MPI_Count size)
{
    return attach(MP_CALL_Buffer_attach_c, MPI_COMM_NULL, false, buffer, size);
}
MP_WEAK(Buffer_attach_c);

int PMPI_Buffer_detach(void *buffer_addr, int *size)
{
    return detach_int(MP_CALL_Buffer_detach, MPI_COMM_NULL, false, buffer_addr, size);
}
MP_WEAK(Buffer_detach);

int PMPI_Buffer_detach_c(void *buffer_addr, MPI_Count *size)
{
    return detach(MP_CALL_Buffer_detach_c, MPI_COMM_NULL, false, buffer_addr, size);
}
MP_WEAK(Buffer_detach_c);

int PMPI_Buffer_flush(void)
{
    return flush(MP_CALL_Buffer_flush, MPI_COMM_NULL, false);
}
MP_WEAK(Buffer_flush);

int PMPI_Buffer_iflush(MPI_Request *request)
{
    return iflush(MP_CALL_Buffer_iflush, MPI_COMM_NULL, false, request);
}
MP_WEAK(Buffer_iflush);

int PMPI_Comm_attach_buffer(MPI_Comm comm, void *buffer, int size)
{
    return attach(MP_CALL_Comm_attach_buffer, comm, true, buffer, size);
}
MP_WEAK(Comm_attach_buffer);

int PMPI_Comm_attach_buffer_c(MPI_Comm comm, void *buffer, MPI_Count size)
{
    return attach(MP_CALL_Comm_attach_buffer_c, comm, true, buffer, size);
}
MP_WEAK(Comm_attach_buffer_c);

int PMPI_Comm_detach_buffer(MPI_Comm comm, void *buffer_addr, int *size)
{
    return detach_int(MP_CALL_Comm_detach_buffer, comm, true, buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer);

int PMPI_Comm_detach_buffer_c(MPI_Comm comm, void *buffer_addr, MPI_Count *size)
{
    return detach(MP_CALL_Comm_detach_buffer_c, comm, true, buffer_addr, size);
}
MP_WEAK(Comm_detach_buffer_c);

int PMPI_Comm_flush_buffer(MPI_Comm comm)
{
    return flush(MP_CALL_Comm_flush_buffer, comm, true);
}
MP_WEAK(Comm_flush_buffer);

int PMPI_Comm_iflush_buffer(MPI_Comm comm, MPI_Request *request)
{
    return iflush(MP_CALL_Comm_iflush_buffer, comm, true, request);
}
MP_WEAK(Comm_iflush_buffer);
