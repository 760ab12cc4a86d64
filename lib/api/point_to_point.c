// SPDX-License-Identifier: MIT
// Chapter 3: blocking, nonblocking and persistent sends and receives, and their combinations.
// A function and its large-count twin are one call of one checked function.
// Read next: message/message.c.
#include "message/message.h"

#include "api/api.h"
#include "check/pending.h"
#include "message/message_short.h"
#include "object/status.h"

#include <stdlib.h>

// A send or receive as its caller gave it, and as it was checked.
struct call {
    int name; // enum mp_call
    MPI_Count count;
    MPI_Datatype datatype;
    int peer;
    int tag;
    struct mp_comm *comm;
    struct mp_datatype *type;
};

// Where nothing moves, MPI_DATATYPE_NULL will do: to and from MPI_PROC_NULL, and, since programs
// written with MPICH rely on it, for a count of 0.
MP_ALWAYS_INLINE int check_type(struct call *call)
{
    if (unlikely(call->datatype == MPI_DATATYPE_NULL) &&
        (call->peer == MPI_PROC_NULL || call->count == 0)) {
        call->datatype = MPI_BYTE;
    }
    return mp_check_type(call->datatype, "datatype", &call->type);
}

static int check_send(struct call *call, const void *buffer, MPI_Comm comm)
{
    int err = mp_check_comm(comm, &call->comm);
    err = err ? err : mp_check_count(call->count, "count");
    err = err ? err : check_type(call);
    err = err ? err : mp_check_dest(call->comm, call->peer);
    err = err ? err : mp_check_tag(call->tag);
    if (!err && call->peer != MPI_PROC_NULL) {
        err = mp_check_buffer(buffer, call->count, call->type, "buf");
    }
    return err;
}

MP_ALWAYS_INLINE int check_recv(struct call *call, const void *buffer, MPI_Comm comm)
{
    int err = mp_check_comm(comm, &call->comm);
    err = err ? err : mp_check_count(call->count, "count");
    err = err ? err : check_type(call);
    err = err ? err : mp_check_source(call->comm, call->peer);
    err = err ? err : mp_check_recv_tag(call->tag);
    if (!err && call->peer != MPI_PROC_NULL) {
        err = mp_check_buffer(buffer, call->count, call->type, "buf");
    }
    return err;
}

// Goes on from mp_enter, which came to `err`.
static int send_inside(int err, struct call call, const void *buffer, MPI_Comm comm,
                       enum mp_send_mode mode)
{
    err = err ? err : check_send(&call, buffer, comm);
    err = err ? err
              : mp_send(buffer, call.count, call.type, call.peer, call.tag, call.comm,
                        call.comm->context, mp_send_mode_checked(mode));
    return mp_leave(call.name, call.comm, err);
}

static int send(int name, const void *buffer, MPI_Count count, MPI_Datatype datatype, int dest,
                int tag, MPI_Comm comm, enum mp_send_mode mode)
{
    struct call call = {name, count, datatype, dest, tag, NULL, NULL};
    return send_inside(mp_enter(name), call, buffer, comm, mode);
}

static __attribute__((noinline)) int receive_inside(struct call call, void *buffer, MPI_Comm comm,
                                                    MPI_Status *status)
{
    int err = check_recv(&call, buffer, comm);
    err = err ? err
              : mp_recv(buffer, call.count, call.type, call.peer, call.tag, call.comm,
                        call.comm->context, status);
    return mp_leave(call.name, call.comm, err);
}

// Under `mprun --check`: notes the new request. Any has an object then.
static __attribute__((noinline, cold)) int note(const struct call *call, const void *buffer,
                                                MPI_Request *made)
{
    if (mp_is_sent(*made)) {
        struct mp_request *object = mp_sent_object(*made);
        if (!object) {
            return MPI_ERR_NO_MEM;
        }
        *made = (MPI_Request)(void *)object;
    }
    mp_pending_transfer(mp_request_of(*made), call->name, buffer, call->count, call->type);
    return 0;
}

// Hands a new request out, if there was no error.
MP_ALWAYS_INLINE int leave_with(struct call *call, MPI_Request made, MPI_Request *request, int err)
{
    if (!err) {
        *request = made;
    }
    return mp_leave(call->name, call->comm, err);
}

static int start_send_inside(int err, struct call call, const void *buffer, MPI_Comm comm,
                             enum mp_send_mode mode, bool persistent, MPI_Request *request)
{
    MPI_Request made = MPI_REQUEST_NULL;
    err = err ? err : check_send(&call, buffer, comm);
    err = err ? err : mp_check_pointer(request, "request");
    mode = mp_send_mode_checked(mode);
    if (!err && !persistent) {
        err = mp_isend(buffer, call.count, call.type, call.peer, call.tag, call.comm,
                       call.comm->context, mode, &made);
        if (!err && call.peer >= 0) {
            mp_send_listen(mp_comm_world_rank(call.comm, call.peer),
                           (size_t)(call.count * call.type->size));
        }
    } else if (!err) {
        struct mp_request *object;
        err = mp_send_init(buffer, call.count, call.type, call.peer, call.tag, call.comm,
                           call.comm->context, mode, &object);
        made = (MPI_Request)(void *)object;
    }
    if (!err && unlikely(mp_process.check)) {
        err = note(&call, buffer, &made);
    }
    return leave_with(&call, made, request, err);
}

static int isend(int name, const void *buffer, MPI_Count count, MPI_Datatype datatype, int dest,
                 int tag, MPI_Comm comm, enum mp_send_mode mode, MPI_Request *request)
{
    struct call call = {name, count, datatype, dest, tag, NULL, NULL};
    return start_send_inside(mp_enter(name), call, buffer, comm, mode, false, request);
}

static int send_init(int name, const void *buffer, MPI_Count count, MPI_Datatype datatype, int dest,
                     int tag, MPI_Comm comm, enum mp_send_mode mode, MPI_Request *request)
{
    struct call call = {name, count, datatype, dest, tag, NULL, NULL};
    return start_send_inside(mp_enter(name), call, buffer, comm, mode, true, request);
}

MP_ALWAYS_INLINE int start_recv(int name, void *buffer, MPI_Count count, MPI_Datatype datatype,
                                int source, int tag, MPI_Comm comm, bool persistent,
                                MPI_Request *request)
{
    struct call call = {name, count, datatype, source, tag, NULL, NULL};
    struct mp_request *made = NULL;
    int err = mp_enter(name);
    err = err ? err : check_recv(&call, buffer, comm);
    err = err ? err : mp_check_pointer(request, "request");
    if (!err) {
        err =
            (persistent ? mp_recv_init : mp_irecv)(buffer, call.count, call.type, call.peer,
                                                   call.tag, call.comm, call.comm->context, &made);
    }
    MPI_Request handle = (MPI_Request)(void *)made;
    if (!err && unlikely(mp_process.check)) {
        err = note(&call, buffer, &handle);
    }
    return leave_with(&call, handle, request, err);
}

// ---- Standard mode

// The two that are called most take the fast path (message/message_short.h). What is not for it
// goes on with the arguments where they are, so that little has to be saved for that.
static __attribute__((noinline)) int general_send(const void *buf, int count, MPI_Datatype datatype,
                                                  int dest, int tag, MPI_Comm comm)
{
    int err = mp_enter(MP_CALL_Send);
    struct mp_shm_peer *to =
        likely(!err) ? mp_send_short(MP_MEDIUM_MAX, buf, count, datatype, dest, tag, comm, NULL)
                     : NULL;
    if (likely(to != NULL)) {
        return mp_send_medium_leave(to);
    }
    return send_inside(err, (struct call){MP_CALL_Send, count, datatype, dest, tag, NULL, NULL},
                       buf, comm, MP_SEND_STANDARD);
}

int PMPI_Send(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    struct mp_shm_peer *to =
        mp_enter_unguarded(MP_CALL_Send)
            ? mp_send_short(MP_SHORT_MAX, buf, count, datatype, dest, tag, comm, NULL)
            : NULL;
    return likely(to != NULL) ? mp_send_short_leave(to)
                              : general_send(buf, count, datatype, dest, tag, comm);
}
MP_WEAK(Send);

int PMPI_Send_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                MPI_Comm comm)
{
    struct mp_shm_peer *to =
        mp_enter_unguarded(MP_CALL_Send_c)
            ? mp_send_short(MP_SHORT_MAX, buf, count, datatype, dest, tag, comm, NULL)
            : NULL;
    if (likely(to != NULL)) {
        return mp_send_short_leave(to);
    }
    return send(MP_CALL_Send_c, buf, count, datatype, dest, tag, comm, MP_SEND_STANDARD);
}
MP_WEAK(Send_c);

static __attribute__((noinline)) int general_isend(const void *buf, int count,
                                                   MPI_Datatype datatype, int dest, int tag,
                                                   MPI_Comm comm, MPI_Request *request)
{
    int err = mp_enter(MP_CALL_Isend);
    struct mp_shm_peer *to = request && !err ? mp_send_short(MP_MEDIUM_MAX, buf, count, datatype,
                                                             dest, tag, comm, request)
                                             : NULL;
    if (likely(to != NULL)) {
        return mp_send_medium_leave(to);
    }
    return start_send_inside(err,
                             (struct call){MP_CALL_Isend, count, datatype, dest, tag, NULL, NULL},
                             buf, comm, MP_SEND_STANDARD, false, request);
}

int PMPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
               MPI_Request *request)
{
    struct mp_shm_peer *to =
        request && mp_enter_unguarded(MP_CALL_Isend)
            ? mp_send_short(MP_SHORT_MAX, buf, count, datatype, dest, tag, comm, request)
            : NULL;
    return likely(to != NULL) ? mp_send_short_leave(to)
                              : general_isend(buf, count, datatype, dest, tag, comm, request);
}
MP_WEAK(Isend);

int PMPI_Isend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                 MPI_Comm comm, MPI_Request *request)
{
    return isend(MP_CALL_Isend_c, buf, count, datatype, dest, tag, comm, MP_SEND_STANDARD, request);
}
MP_WEAK(Isend_c);

int PMPI_Send_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag,
                   MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Send_init, buf, count, datatype, dest, tag, comm, MP_SEND_STANDARD,
                     request);
}
MP_WEAK(Send_init);

int PMPI_Send_init_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                     MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Send_init_c, buf, count, datatype, dest, tag, comm, MP_SEND_STANDARD,
                     request);
}
MP_WEAK(Send_init_c);

// ---- Sync mode

int PMPI_Ssend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send(MP_CALL_Ssend, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC);
}
MP_WEAK(Ssend);

int PMPI_Ssend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                 MPI_Comm comm)
{
    return send(MP_CALL_Ssend_c, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC);
}
MP_WEAK(Ssend_c);

int PMPI_Issend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return isend(MP_CALL_Issend, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC, request);
}
MP_WEAK(Issend);

int PMPI_Issend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                  MPI_Comm comm, MPI_Request *request)
{
    return isend(MP_CALL_Issend_c, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC, request);
}
MP_WEAK(Issend_c);

int PMPI_Ssend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag,
                    MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Ssend_init, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC,
                     request);
}
MP_WEAK(Ssend_init);

int PMPI_Ssend_init_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                      MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Ssend_init_c, buf, count, datatype, dest, tag, comm, MP_SEND_SYNC,
                     request);
}
MP_WEAK(Ssend_init_c);

// ---- Buffered mode

int PMPI_Bsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send(MP_CALL_Bsend, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED);
}
MP_WEAK(Bsend);

int PMPI_Bsend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                 MPI_Comm comm)
{
    return send(MP_CALL_Bsend_c, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED);
}
MP_WEAK(Bsend_c);

int PMPI_Ibsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return isend(MP_CALL_Ibsend, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED, request);
}
MP_WEAK(Ibsend);

int PMPI_Ibsend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                  MPI_Comm comm, MPI_Request *request)
{
    return isend(MP_CALL_Ibsend_c, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED,
                 request);
}
MP_WEAK(Ibsend_c);

int PMPI_Bsend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag,
                    MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Bsend_init, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED,
                     request);
}
MP_WEAK(Bsend_init);

int PMPI_Bsend_init_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                      MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Bsend_init_c, buf, count, datatype, dest, tag, comm, MP_SEND_BUFFERED,
                     request);
}
MP_WEAK(Bsend_init_c);

// ---- Ready mode

int PMPI_Rsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm)
{
    return send(MP_CALL_Rsend, buf, count, datatype, dest, tag, comm, MP_SEND_READY);
}
MP_WEAK(Rsend);

int PMPI_Rsend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                 MPI_Comm comm)
{
    return send(MP_CALL_Rsend_c, buf, count, datatype, dest, tag, comm, MP_SEND_READY);
}
MP_WEAK(Rsend_c);

int PMPI_Irsend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
                MPI_Request *request)
{
    return isend(MP_CALL_Irsend, buf, count, datatype, dest, tag, comm, MP_SEND_READY, request);
}
MP_WEAK(Irsend);

int PMPI_Irsend_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                  MPI_Comm comm, MPI_Request *request)
{
    return isend(MP_CALL_Irsend_c, buf, count, datatype, dest, tag, comm, MP_SEND_READY, request);
}
MP_WEAK(Irsend_c);

int PMPI_Rsend_init(const void *buf, int count, MPI_Datatype datatype, int dest, int tag,
                    MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Rsend_init, buf, count, datatype, dest, tag, comm, MP_SEND_READY,
                     request);
}
MP_WEAK(Rsend_init);

int PMPI_Rsend_init_c(const void *buf, MPI_Count count, MPI_Datatype datatype, int dest, int tag,
                      MPI_Comm comm, MPI_Request *request)
{
    return send_init(MP_CALL_Rsend_init_c, buf, count, datatype, dest, tag, comm, MP_SEND_READY,
                     request);
}
MP_WEAK(Rsend_init_c);

// ---- Receives

int PMPI_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
              MPI_Status *status)
{
    int err = mp_enter(MP_CALL_Recv);
    if (unlikely(err)) {
        return mp_leave(MP_CALL_Recv, NULL, err);
    }
    struct mp_comm *c = mp_recv_short_check(buf, count, datatype, source, tag, comm);
    if (unlikely(!c)) {
        return receive_inside((struct call){MP_CALL_Recv, count, datatype, source, tag, NULL, NULL},
                              buf, comm, status);
    }
    struct mp_datatype *type = mp_datatype_get(datatype);
    if (likely(mp_recv_from_ring(buf, count, type, source, tag, c, c->context, status))) {
        mp_exit();
        return MPI_SUCCESS;
    }
    err = mp_recv_posted(buf, count, type, source, tag, c, c->context, status);
    return mp_leave(MP_CALL_Recv, c, err);
}
MP_WEAK(Recv);

int PMPI_Recv_c(void *buf, MPI_Count count, MPI_Datatype datatype, int source, int tag,
                MPI_Comm comm, MPI_Status *status)
{
    int err = mp_enter(MP_CALL_Recv_c);
    return err ? mp_leave(MP_CALL_Recv_c, NULL, err)
               : receive_inside(
                     (struct call){MP_CALL_Recv_c, count, datatype, source, tag, NULL, NULL}, buf,
                     comm, status);
}
MP_WEAK(Recv_c);

static __attribute__((noinline)) int general_irecv(void *buf, int count, MPI_Datatype datatype,
                                                   int source, int tag, MPI_Comm comm,
                                                   MPI_Request *request)
{
    return start_recv(MP_CALL_Irecv, buf, count, datatype, source, tag, comm, false, request);
}

int PMPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
               MPI_Request *request)
{
    bool posted =
        request && mp_recv_short(MP_CALL_Irecv, buf, count, datatype, source, tag, comm, request);
    return likely(posted) ? MPI_SUCCESS
                          : general_irecv(buf, count, datatype, source, tag, comm, request);
}
MP_WEAK(Irecv);

int PMPI_Irecv_c(void *buf, MPI_Count count, MPI_Datatype datatype, int source, int tag,
                 MPI_Comm comm, MPI_Request *request)
{
    return start_recv(MP_CALL_Irecv_c, buf, count, datatype, source, tag, comm, false, request);
}
MP_WEAK(Irecv_c);

int PMPI_Recv_init(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
                   MPI_Request *request)
{
    return start_recv(MP_CALL_Recv_init, buf, count, datatype, source, tag, comm, true, request);
}
MP_WEAK(Recv_init);

int PMPI_Recv_init_c(void *buf, MPI_Count count, MPI_Datatype datatype, int source, int tag,
                     MPI_Comm comm, MPI_Request *request)
{
    return start_recv(MP_CALL_Recv_init_c, buf, count, datatype, source, tag, comm, true, request);
}
MP_WEAK(Recv_init_c);
