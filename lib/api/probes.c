// SPDX-License-Identifier: MIT
// Chapter 3: asking for a message without receiving it, and matched probes and receives.
#include "message/probe.h"

#include "api/requests.h"
#include "message/message.h"

static int check_probe(MPI_Comm comm, int source, int tag, struct mp_comm **c)
{
    int err = mp_check_comm(comm, c);
    err = err ? err : mp_check_source(*c, source);
    return err ? err : mp_check_recv_tag(tag);
}

int PMPI_Probe(int source, int tag, MPI_Comm comm, MPI_Status *status)
{
    struct mp_comm *c = NULL;
    int flag, err = mp_enter(MP_CALL_Probe);
    err = err ? err : check_probe(comm, source, tag, &c);
    err = err ? err : mp_probe(true, source, tag, c, &flag, NULL, status);
    return mp_leave(MP_CALL_Probe, c, err);
}
MP_WEAK(Probe);

int PMPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Iprobe);
    err = err ? err : check_probe(comm, source, tag, &c);
    err = err ? err : mp_check_pointer(flag, "flag");
    err = err ? err : mp_probe(false, source, tag, c, flag, NULL, status);
    return mp_leave(MP_CALL_Iprobe, c, err);
}
MP_WEAK(Iprobe);

int PMPI_Mprobe(int source, int tag, MPI_Comm comm, MPI_Message *message, MPI_Status *status)
{
    struct mp_comm *c = NULL;
    int flag, err = mp_enter(MP_CALL_Mprobe);
    err = err ? err : check_probe(comm, source, tag, &c);
    err = err ? err : mp_check_pointer(message, "message");
    err = err ? err : mp_probe(true, source, tag, c, &flag, message, status);
    return mp_leave(MP_CALL_Mprobe, c, err);
}
MP_WEAK(Mprobe);

int PMPI_Improbe(int source, int tag, MPI_Comm comm, int *flag, MPI_Message *message,
                 MPI_Status *status)
{
    struct mp_comm *c = NULL;
    int err = mp_enter(MP_CALL_Improbe);
    err = err ? err : check_probe(comm, source, tag, &c);
    err = err ? err : mp_check_pointer(flag, "flag");
    err = err ? err : mp_check_pointer(message, "message");
    err = err ? err : mp_probe(false, source, tag, c, flag, message, status);
    return mp_leave(MP_CALL_Improbe, c, err);
}
MP_WEAK(Improbe);

static int check_mrecv(const void *buf, MPI_Count count, MPI_Datatype datatype,
                       const MPI_Message *message, struct mp_datatype **type, struct mp_comm **comm)
{
    int err = mp_check_count(count, "count");
    err = err ? err : mp_check_type(datatype, "datatype", type);
    err = err ? err : mp_check_pointer(message, "message");
    err = err ? err : mp_check_buffer(buf, count, *type, "buf");
    if (!err && *message != MPI_MESSAGE_NO_PROC) {
        const struct mp_message *matched = mp_message_get(*message);
        if (!matched) {
            return mp_fail(MPI_ERR_REQUEST, "message is %s",
                           *message == MPI_MESSAGE_NULL ? "MPI_MESSAGE_NULL"
                                                        : "no message of MPI_Mprobe");
        }
        *comm = matched->comm;
    }
    return err;
}

static int mrecv(int call, void *buf, MPI_Count count, MPI_Datatype datatype, MPI_Message *message,
                 MPI_Status *status)
{
    struct mp_comm *comm = NULL;
    struct mp_datatype *type = NULL;
    struct mp_request *request;
    int err = mp_enter(call);
    err = err ? err : check_mrecv(buf, count, datatype, message, &type, &comm);
    err = err ? err : mp_imrecv(buf, count, type, message, &request);
    if (!err) {
        MPI_Request handle = (MPI_Request)(void *)request;
        mp_request_wait(request);
        err = mp_request_finish(&handle, status);
    }
    return mp_leave(call, comm, err);
}

static int imrecv(int call, void *buf, MPI_Count count, MPI_Datatype datatype, MPI_Message *message,
                  MPI_Request *out)
{
    struct mp_comm *comm = NULL;
    struct mp_datatype *type = NULL;
    struct mp_request *request = NULL;
    int err = mp_enter(call);
    err = err ? err : check_mrecv(buf, count, datatype, message, &type, &comm);
    err = err ? err : mp_check_pointer(out, "request");
    err = err ? err : mp_imrecv(buf, count, type, message, &request);
    return mp_leave_with_request(call, comm, err, request, out);
}

int PMPI_Mrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message,
               MPI_Status *status)
{
    return mrecv(MP_CALL_Mrecv, buf, count, datatype, message, status);
}
MP_WEAK(Mrecv);

int PMPI_Mrecv_c(void *buf, MPI_Count count, MPI_Datatype datatype, MPI_Message *message,
                 MPI_Status *status)
{
    return mrecv(MP_CALL_Mrecv_c, buf, count, datatype, message, status);
}
MP_WEAK(Mrecv_c);

int PMPI_Imrecv(void *buf, int count, MPI_Datatype datatype, MPI_Message *message,
                MPI_Request *request)
{
    return imrecv(MP_CALL_Imrecv, buf, count, datatype, message, request);
}
MP_WEAK(Imrecv);

int PMPI_Imrecv_c(void *buf, MPI_Count count, MPI_Datatype datatype, MPI_Message *message,
                  MPI_Request *request)
{
    return imrecv(MP_CALL_Imrecv_c, buf, count, datatype, message, request);
}
MP_WEAK(Imrecv_c);
