// SPDX-License-Identifier: MIT
// Chapter 3: sending and receiving in one call (MPI_Sendrecv, MPI_Sendrecv_replace), blocking and
// nonblocking. The receive is started first, so that a pair of ranks never waits in a circle.
#include "message/message.h"

#include "api/api.h"
#include "wait/progress.h"

#include <stdlib.h>
#include <string.h>

struct half {
    MPI_Count count;
    MPI_Datatype datatype;
    int peer;
    int tag;
    struct mp_datatype *type;
};

// Opens the call.
static int check(int call, struct half *send, const void *sendbuf, struct half *recv,
                 const void *recvbuf, MPI_Comm comm, struct mp_comm **c)
{
    int err = mp_enter_comm(call, comm, c);
    err = err ? err : mp_check_count(send->count, "sendcount");
    err = err ? err : mp_check_type(send->datatype, "sendtype", &send->type);
    err = err ? err : mp_check_dest(*c, send->peer);
    err = err ? err : mp_check_tag(send->tag);
    err = err ? err : mp_check_count(recv->count, "recvcount");
    err = err ? err : mp_check_type(recv->datatype, "recvtype", &recv->type);
    err = err ? err : mp_check_source(*c, recv->peer);
    err = err ? err : mp_check_recv_tag(recv->tag);
    if (!err && send->peer != MPI_PROC_NULL) {
        err = mp_check_buffer(sendbuf, send->count, send->type, "sendbuf");
    }
    if (!err && recv->peer != MPI_PROC_NULL) {
        err = mp_check_buffer(recvbuf, recv->count, recv->type, "recvbuf");
    }
    return err;
}

static int exchange(const struct half *send, const void *sendbuf, const struct half *recv,
                    void *recvbuf, struct mp_comm *comm, MPI_Status *status)
{
    struct mp_request *receive;
    int err = mp_irecv(recvbuf, recv->count, recv->type, recv->peer, recv->tag, comm, comm->context,
                       &receive);
    if (err) {
        return err;
    }
    err = mp_send(sendbuf, send->count, send->type, send->peer, send->tag, comm, comm->context,
                  MP_SEND_STANDARD);
    if (err) {
        mp_request_cancel(receive);
    }
    mp_request_wait(receive);
    MPI_Request handle = (MPI_Request)(void *)receive;
    int received = mp_request_finish(&handle, status);
    return err ? err : received;
}

// Makes what is in the buffer a packed copy, to be sent while the buffer is received into. The
// caller frees *copy.
static int pack_copy(struct half *half, const void **buffer, void **copy)
{
    MPI_Count bytes = half->count * half->type->size;
    *copy = malloc(bytes ? (size_t)bytes : 1);
    if (!*copy) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a copy of %lld bytes", (long long)bytes);
    }
    if (bytes && half->peer != MPI_PROC_NULL) {
        mp_datatype_pack(half->type, *buffer, half->count, 0, *copy, bytes);
    }
    *half = (struct half){bytes, MPI_BYTE, half->peer, half->tag, mp_datatype_get(MPI_BYTE)};
    *buffer = *copy;
    return 0;
}

// `replace`: both buffers are the same.
static int sendrecv(int call, struct half send, const void *sendbuf, struct half recv,
                    void *recvbuf, bool replace, MPI_Comm comm, MPI_Status *status)
{
    struct mp_comm *c = NULL;
    void *copy = NULL;
    int err = check(call, &send, sendbuf, &recv, recvbuf, comm, &c);
    if (!err && replace) {
        err = pack_copy(&send, &sendbuf, &copy);
    }
    err = err ? err : exchange(&send, sendbuf, &recv, recvbuf, c, status);
    if (replace) {
        free(copy);
    }
    return mp_leave(call, c, err);
}

// ---- Nonblocking: one request over a send and a receive. Its status is the receive's.

struct pair {
    struct mp_request *send;
    struct mp_request *recv;
    struct mp_watch watch; // of the one that it waits for
    struct mp_request *request;
};

static void pair_woken(struct mp_watch *watch)
{
    struct pair *pair = mp_container_of(watch, struct pair, watch);
    struct mp_request *request = pair->request;

    if (!pair->send->complete || !pair->recv->complete) {
        mp_watch_set(watch, pair->recv->complete ? pair->send : pair->recv);
        return;
    }
    request->source = pair->recv->source;
    request->result_tag = pair->recv->result_tag;
    request->bytes = pair->recv->bytes;
    request->total = pair->recv->total;
    request->length = pair->recv->length;
    mp_request_complete(request, pair->recv->error ? pair->recv->error : pair->send->error);
}

static void pair_release(struct mp_request *request)
{
    struct pair *pair = request->state;
    mp_watch_end(&pair->watch);
    mp_request_release(pair->send);
    mp_request_release(pair->recv);
    free(pair);
}

static int start_pair(const struct half *send, const void *sendbuf, void *copy,
                      const struct half *recv, void *recvbuf, struct mp_comm *comm,
                      MPI_Request *out)
{
    static const struct mp_request_ops ops = {.release = pair_release};
    struct pair *pair = malloc(sizeof *pair);
    // Of kind RECV, so that its status is taken like a receive's.
    struct mp_request *request = pair ? mp_request_new(MP_REQUEST_RECV, comm, NULL) : NULL;
    int err;

    if (!request) {
        free(pair);
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a request");
    }
    err = mp_irecv(recvbuf, recv->count, recv->type, recv->peer, recv->tag, comm, comm->context,
                   &pair->recv);
    if (!err) {
        MPI_Request sending;
        err = mp_isend(sendbuf, send->count, send->type, send->peer, send->tag, comm, comm->context,
                       MP_SEND_STANDARD, &sending);
        pair->send = mp_request_get(sending);
        if (err) {
            mp_request_cancel(pair->recv);
            mp_request_release(pair->recv);
        }
    }
    if (err) {
        free(pair);
        mp_request_release(request);
        return err;
    }
    request->staging = copy;
    request->world = recv->peer < 0 ? MP_PEER_ANY : mp_comm_world_rank(comm, recv->peer);
    request->peer = recv->peer;
    request->entry.tag = recv->tag;
    request->context = comm->context;
    request->ops = &ops;
    request->state = pair;
    pair->request = request;
    mp_watch_init(&pair->watch, pair_woken);
    pair_woken(&pair->watch);
    *out = (MPI_Request)(void *)request;
    return 0;
}

static int isendrecv(int call, struct half send, const void *sendbuf, struct half recv,
                     void *recvbuf, bool replace, MPI_Comm comm, MPI_Request *request)
{
    struct mp_comm *c = NULL;
    void *copy = NULL;
    int err = check(call, &send, sendbuf, &recv, recvbuf, comm, &c);
    err = err ? err : mp_check_pointer(request, "request");
    if (!err && replace) {
        err = pack_copy(&send, &sendbuf, &copy);
    }
    err = err ? err : start_pair(&send, sendbuf, copy, &recv, recvbuf, c, request);
    if (err) {
        free(copy);
    }
    return mp_leave(call, c, err);
}

int PMPI_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest, int sendtag,
                  void *recvbuf, int recvcount, MPI_Datatype recvtype, int source, int recvtag,
                  MPI_Comm comm, MPI_Status *status)
{
    return sendrecv(MP_CALL_Sendrecv, (struct half){sendcount, sendtype, dest, sendtag, NULL},
                    sendbuf, (struct half){recvcount, recvtype, source, recvtag, NULL}, recvbuf,
                    false, comm, status);
}
MP_WEAK(Sendrecv);

int PMPI_Sendrecv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, int dest,
                    int sendtag, void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                    int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    return sendrecv(MP_CALL_Sendrecv_c, (struct half){sendcount, sendtype, dest, sendtag, NULL},
                    sendbuf, (struct half){recvcount, recvtype, source, recvtag, NULL}, recvbuf,
                    false, comm, status);
}
MP_WEAK(Sendrecv_c);

int PMPI_Sendrecv_replace(void *buf, int count, MPI_Datatype datatype, int dest, int sendtag,
                          int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    return sendrecv(MP_CALL_Sendrecv_replace, (struct half){count, datatype, dest, sendtag, NULL},
                    buf, (struct half){count, datatype, source, recvtag, NULL}, buf, true, comm,
                    status);
}
MP_WEAK(Sendrecv_replace);

int PMPI_Sendrecv_replace_c(void *buf, MPI_Count count, MPI_Datatype datatype, int dest,
                            int sendtag, int source, int recvtag, MPI_Comm comm, MPI_Status *status)
{
    return sendrecv(MP_CALL_Sendrecv_replace_c, (struct half){count, datatype, dest, sendtag, NULL},
                    buf, (struct half){count, datatype, source, recvtag, NULL}, buf, true, comm,
                    status);
}
MP_WEAK(Sendrecv_replace_c);

int PMPI_Isendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest, int sendtag,
                   void *recvbuf, int recvcount, MPI_Datatype recvtype, int source, int recvtag,
                   MPI_Comm comm, MPI_Request *request)
{
    return isendrecv(MP_CALL_Isendrecv, (struct half){sendcount, sendtype, dest, sendtag, NULL},
                     sendbuf, (struct half){recvcount, recvtype, source, recvtag, NULL}, recvbuf,
                     false, comm, request);
}
MP_WEAK(Isendrecv);

int PMPI_Isendrecv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, int dest,
                     int sendtag, void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                     int source, int recvtag, MPI_Comm comm, MPI_Request *request)
{
    return isendrecv(MP_CALL_Isendrecv_c, (struct half){sendcount, sendtype, dest, sendtag, NULL},
                     sendbuf, (struct half){recvcount, recvtype, source, recvtag, NULL}, recvbuf,
                     false, comm, request);
}
MP_WEAK(Isendrecv_c);

int PMPI_Isendrecv_replace(void *buf, int count, MPI_Datatype datatype, int dest, int sendtag,
                           int source, int recvtag, MPI_Comm comm, MPI_Request *request)
{
    return isendrecv(MP_CALL_Isendrecv_replace, (struct half){count, datatype, dest, sendtag, NULL},
                     buf, (struct half){count, datatype, source, recvtag, NULL}, buf, true, comm,
                     request);
}
MP_WEAK(Isendrecv_replace);

int PMPI_Isendrecv_replace_c(void *buf, MPI_Count count, MPI_Datatype datatype, int dest,
                             int sendtag, int source, int recvtag, MPI_Comm comm,
                             MPI_Request *request)
{
    return isendrecv(
        MP_CALL_Isendrecv_replace_c, (struct half){count, datatype, dest, sendtag, NULL}, buf,
        (struct half){count, datatype, source, recvtag, NULL}, buf, true, comm, request);
}
MP_WEAK(Isendrecv_replace_c);
