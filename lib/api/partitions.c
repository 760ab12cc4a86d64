// SPDX-License-Identifier: MIT
// Chapter 4: partitioned communication. Started, completed and freed like any persistent request.
// Read next: message/partitioned.h.
#include "message/partitioned.h"

#include "api/requests.h"

// One end as its caller gave it, and as it was checked.
struct call {
    int name; // enum mp_call
    int partitions;
    MPI_Count count;
    MPI_Datatype datatype;
    int peer;
    int tag;
    MPI_Info info;
    struct mp_comm *comm;
    struct mp_datatype *type;
};

// Opens the call and checks what both ends have.
static int check_init(struct call *call, const void *buffer, MPI_Comm comm,
                      const MPI_Request *request)
{
    struct mp_info *hints;
    int err = mp_enter_comm(call->name, comm, &call->comm);
    if (!err && call->partitions < 1) {
        err = mp_fail(MPI_ERR_ARG, "partitions is %d, must be 1 or more", call->partitions);
    }
    err = err ? err : mp_check_count(call->count, "count");
    err = err ? err : mp_check_type(call->datatype, "datatype", &call->type);
    err = err ? err : mp_check_tag(call->tag);
    err = err ? err : mp_check_info(call->info, &hints); // none are known
    if (!err && call->peer != MPI_PROC_NULL) {
        err = mp_check_buffer(buffer, call->count, call->type, "buf");
    }
    return err ? err : mp_check_pointer(request, "request");
}

static int psend_init(struct call call, const void *buffer, MPI_Comm comm, MPI_Request *request)
{
    struct mp_request *made = NULL;
    int err = check_init(&call, buffer, comm, request);
    err = err ? err : mp_check_dest(call.comm, call.peer);
    err = err ? err
              : mp_psend_init(buffer, call.partitions, call.count, call.type, call.peer, call.tag,
                              call.comm, &made);
    return mp_leave_with_request(call.name, call.comm, err, made, request);
}

static int precv_init(struct call call, void *buffer, MPI_Comm comm, MPI_Request *request)
{
    struct mp_request *made = NULL;
    int err = check_init(&call, buffer, comm, request);
    err = err ? err : mp_check_source(call.comm, call.peer);
    if (!err && call.peer == MPI_ANY_SOURCE) {
        err = mp_fail(MPI_ERR_RANK, "source is MPI_ANY_SOURCE, must be 0 to %d or MPI_PROC_NULL",
                      call.comm->peers->size - 1);
    }
    err = err ? err
              : mp_precv_init(buffer, call.partitions, call.count, call.type, call.peer, call.tag,
                              call.comm, &made);
    return mp_leave_with_request(call.name, call.comm, err, made, request);
}

int PMPI_Psend_init(const void *buf, int partitions, int count, MPI_Datatype datatype, int dest,
                    int tag, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct call call = {
        MP_CALL_Psend_init, partitions, count, datatype, dest, tag, info, NULL, NULL};
    return psend_init(call, buf, comm, request);
}
MP_WEAK(Psend_init);

int PMPI_Psend_init_c(const void *buf, int partitions, MPI_Count count, MPI_Datatype datatype,
                      int dest, int tag, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct call call = {
        MP_CALL_Psend_init_c, partitions, count, datatype, dest, tag, info, NULL, NULL};
    return psend_init(call, buf, comm, request);
}
MP_WEAK(Psend_init_c);

int PMPI_Precv_init(void *buf, int partitions, int count, MPI_Datatype datatype, int source,
                    int tag, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct call call = {
        MP_CALL_Precv_init, partitions, count, datatype, source, tag, info, NULL, NULL};
    return precv_init(call, buf, comm, request);
}
MP_WEAK(Precv_init);

int PMPI_Precv_init_c(void *buf, int partitions, MPI_Count count, MPI_Datatype datatype, int source,
                      int tag, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct call call = {
        MP_CALL_Precv_init_c, partitions, count, datatype, source, tag, info, NULL, NULL};
    return precv_init(call, buf, comm, request);
}
MP_WEAK(Precv_init_c);

// ---- Parts that are ready

// The partitioned send behind the handle; *comm is set whenever there is one.
static int check_send(MPI_Request handle, struct mp_request **send, struct mp_comm **comm)
{
    struct mp_request *request = mp_request_get(handle);
    if (!request) {
        return handle == MPI_REQUEST_NULL
                   ? mp_fail(MPI_ERR_REQUEST, "request is MPI_REQUEST_NULL, must be of a "
                                              "partitioned send")
                   : mp_fail(MPI_ERR_REQUEST, "request is no request (%p): freed, or never set",
                             (void *)handle);
    }
    *comm = request->comm;
    *send = request;
    if (request->kind != MP_REQUEST_PART_SEND) {
        return mp_fail(MPI_ERR_REQUEST, "request is not of a partitioned send");
    }
    return request->active
               ? 0
               : mp_fail(MPI_ERR_REQUEST, "request is not active: start it before its partitions "
                                          "become ready");
}

static int check_partition(const struct mp_request *request, int partition, const char *name)
{
    if (partition >= 0 && partition < mp_partitions(request)) {
        return 0;
    }
    return mp_fail(MPI_ERR_ARG, "%s is %d, must be 0 to %d", name, partition,
                   mp_partitions(request) - 1);
}

int PMPI_Pready(int partition, MPI_Request request)
{
    struct mp_comm *comm = NULL;
    struct mp_request *send;
    int err = mp_enter(MP_CALL_Pready);
    err = err ? err : check_send(request, &send, &comm);
    err = err ? err : check_partition(send, partition, "partition");
    err = err ? err : mp_pready(send, 1, NULL, partition);
    return mp_leave(MP_CALL_Pready, comm, err);
}
MP_WEAK(Pready);

int PMPI_Pready_range(int partition_low, int partition_high, MPI_Request request)
{
    struct mp_comm *comm = NULL;
    struct mp_request *send;
    int err = mp_enter(MP_CALL_Pready_range);
    err = err ? err : check_send(request, &send, &comm);
    err = err ? err : check_partition(send, partition_low, "partition_low");
    err = err ? err : check_partition(send, partition_high, "partition_high");
    if (!err && partition_low > partition_high) {
        err = mp_fail(MPI_ERR_ARG, "partition_low is %d, must not be above partition_high, %d",
                      partition_low, partition_high);
    }
    err = err ? err : mp_pready(send, partition_high - partition_low + 1, NULL, partition_low);
    return mp_leave(MP_CALL_Pready_range, comm, err);
}
MP_WEAK(Pready_range);

int PMPI_Pready_list(int length, const int array_of_partitions[], MPI_Request request)
{
    struct mp_comm *comm = NULL;
    struct mp_request *send;
    int err = mp_enter(MP_CALL_Pready_list);
    err = err ? err : check_send(request, &send, &comm);
    err = err ? err : mp_check_count(length, "length");
    if (!err && length > 0) {
        err = mp_check_pointer(array_of_partitions, "array_of_partitions");
    }
    for (int i = 0; !err && i < length; i++) {
        err = check_partition(send, array_of_partitions[i], "an element of array_of_partitions");
    }
    err = err ? err : mp_pready(send, length, array_of_partitions, 0);
    return mp_leave(MP_CALL_Pready_list, comm, err);
}
MP_WEAK(Pready_list);

int PMPI_Parrived(MPI_Request request, int partition, int *flag)
{
    struct mp_comm *comm = NULL;
    int err = mp_enter(MP_CALL_Parrived);
    struct mp_request *receive = err ? NULL : mp_request_get(request);
    if (!err && !receive && request != MPI_REQUEST_NULL) {
        err = mp_fail(MPI_ERR_REQUEST, "request is no request (%p): freed, or never set",
                      (void *)request);
    } else if (receive) {
        comm = receive->comm;
        err = receive->kind == MP_REQUEST_PART_RECV
                  ? check_partition(receive, partition, "partition")
                  : mp_fail(MPI_ERR_REQUEST, "request is not of a partitioned receive");
    }
    err = err ? err : mp_check_pointer(flag, "flag");
    if (!err) {
        // A null or inactive request has nothing left to wait for (4.2.2).
        *flag = !receive || !receive->active || mp_parrived(receive, partition);
    }
    return mp_leave(MP_CALL_Parrived, comm, err);
}
MP_WEAK(Parrived);
