// SPDX-License-Identifier: MIT
// Chapter 6: the blocking collective operations, one line each. Their checks are in
// collectives_check.c; MPI_Reduce_local, which talks to nobody, is here whole. Most go the short
// way where they can.
#include "api/collectives_check.h"
#include "collectives/short_blocks.h"

// The end of a call that went the short way.
static inline int leave_short(int call, MPI_Comm comm, int error)
{
    mp_exit();
    return likely(error == 0) ? MPI_SUCCESS : mp_raise(call, mp_comm_get(comm), error);
}

// ---- Each operation: the short way, and if that has done nothing, the long one

int PMPI_Barrier(MPI_Comm comm)
{
    int err = mp_short_barrier(MP_CALL_Barrier, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Barrier, comm, err);
    }
    return mp_call_barrier(mp_blocking(MP_CALL_Barrier), comm);
}
MP_WEAK(Barrier);

MP_ALWAYS_INLINE int bcast(int call, void *buffer, MPI_Count count, MPI_Datatype type, int root,
                           MPI_Comm comm)
{
    int err = mp_short_bcast(call, buffer, count, type, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_bcast(mp_blocking(call), buffer, count, type, root, comm);
}

int PMPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)
{
    return bcast(MP_CALL_Bcast, buffer, count, datatype, root, comm);
}
MP_WEAK(Bcast);

int PMPI_Bcast_c(void *buffer, MPI_Count count, MPI_Datatype datatype, int root, MPI_Comm comm)
{
    return bcast(MP_CALL_Bcast_c, buffer, count, datatype, root, comm);
}
MP_WEAK(Bcast_c);

MP_ALWAYS_INLINE int gather(int call, struct mp_side send, struct mp_side recv, int root,
                            MPI_Comm comm)
{
    int err = mp_short_gather(call, send, recv, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    struct mp_side send_again = mp_side_again(&send);
    struct mp_side recv_again = mp_side_again(&recv);
    return mp_call_rooted(mp_blocking(call), MP_GATHER, &send_again, &recv_again, root, comm);
}

int PMPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    return gather(MP_CALL_Gather, mp_side(sendbuf, sendcount, sendtype),
                  mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Gather);

int PMPI_Gather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                  MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    return gather(MP_CALL_Gather_c, mp_side(sendbuf, sendcount, sendtype),
                  mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Gather_c);

int PMPI_Gatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                 const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root,
                 MPI_Comm comm)
{
    return gather(MP_CALL_Gatherv, mp_side(sendbuf, sendcount, sendtype),
                  mp_side_int(recvbuf, recvcounts, displs, recvtype), root, comm);
}
MP_WEAK(Gatherv);

int PMPI_Gatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                   const MPI_Count recvcounts[], const MPI_Aint displs[], MPI_Datatype recvtype,
                   int root, MPI_Comm comm)
{
    return gather(MP_CALL_Gatherv_c, mp_side(sendbuf, sendcount, sendtype),
                  mp_side_wide(recvbuf, recvcounts, displs, recvtype), root, comm);
}
MP_WEAK(Gatherv_c);

MP_ALWAYS_INLINE int scatter(int call, struct mp_side send, struct mp_side recv, int root,
                             MPI_Comm comm)
{
    int err = mp_short_scatter(call, send, recv, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    struct mp_side send_again = mp_side_again(&send);
    struct mp_side recv_again = mp_side_again(&recv);
    return mp_call_rooted(mp_blocking(call), MP_SCATTER, &send_again, &recv_again, root, comm);
}

int PMPI_Scatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                 int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    return scatter(MP_CALL_Scatter, mp_side(sendbuf, sendcount, sendtype),
                   mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatter);

int PMPI_Scatter_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                   MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    return scatter(MP_CALL_Scatter_c, mp_side(sendbuf, sendcount, sendtype),
                   mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatter_c);

int PMPI_Scatterv(const void *sendbuf, const int sendcounts[], const int displs[],
                  MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                  int root, MPI_Comm comm)
{
    return scatter(MP_CALL_Scatterv, mp_side_int(sendbuf, sendcounts, displs, sendtype),
                   mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatterv);

int PMPI_Scatterv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint displs[],
                    MPI_Datatype sendtype, void *recvbuf, MPI_Count recvcount,
                    MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    return scatter(MP_CALL_Scatterv_c, mp_side_wide(sendbuf, sendcounts, displs, sendtype),
                   mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatterv_c);

MP_ALWAYS_INLINE int allgather(int call, struct mp_side send, struct mp_side recv, MPI_Comm comm)
{
    int err = mp_short_allgather(call, send, recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    struct mp_side send_again = mp_side_again(&send);
    struct mp_side recv_again = mp_side_again(&recv);
    return mp_call_all(mp_blocking(call), MP_ALLGATHER, &send_again, &recv_again, comm);
}

int PMPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                   int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    return allgather(MP_CALL_Allgather, mp_side(sendbuf, sendcount, sendtype),
                     mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Allgather);

int PMPI_Allgather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                     MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    return allgather(MP_CALL_Allgather_c, mp_side(sendbuf, sendcount, sendtype),
                     mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Allgather_c);

int PMPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                    const int recvcounts[], const int displs[], MPI_Datatype recvtype,
                    MPI_Comm comm)
{
    return allgather(MP_CALL_Allgatherv, mp_side(sendbuf, sendcount, sendtype),
                     mp_side_int(recvbuf, recvcounts, displs, recvtype), comm);
}
MP_WEAK(Allgatherv);

int PMPI_Allgatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                      void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                      MPI_Datatype recvtype, MPI_Comm comm)
{
    return allgather(MP_CALL_Allgatherv_c, mp_side(sendbuf, sendcount, sendtype),
                     mp_side_wide(recvbuf, recvcounts, displs, recvtype), comm);
}
MP_WEAK(Allgatherv_c);

MP_ALWAYS_INLINE int alltoall(int call, struct mp_side send, struct mp_side recv, MPI_Comm comm)
{
    int err = mp_short_alltoall(call, send, recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    struct mp_side send_again = mp_side_again(&send);
    struct mp_side recv_again = mp_side_again(&recv);
    return mp_call_all(mp_blocking(call), MP_ALLTOALL, &send_again, &recv_again, comm);
}

int PMPI_Alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                  int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    return alltoall(MP_CALL_Alltoall, mp_side(sendbuf, sendcount, sendtype),
                    mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Alltoall);

int PMPI_Alltoall_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                    MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    return alltoall(MP_CALL_Alltoall_c, mp_side(sendbuf, sendcount, sendtype),
                    mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Alltoall_c);

int PMPI_Alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[],
                   MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                   const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    return alltoall(MP_CALL_Alltoallv, mp_side_int(sendbuf, sendcounts, sdispls, sendtype),
                    mp_side_int(recvbuf, recvcounts, rdispls, recvtype), comm);
}
MP_WEAK(Alltoallv);

int PMPI_Alltoallv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                     MPI_Datatype sendtype, void *recvbuf, const MPI_Count recvcounts[],
                     const MPI_Aint rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    return alltoall(MP_CALL_Alltoallv_c, mp_side_wide(sendbuf, sendcounts, sdispls, sendtype),
                    mp_side_wide(recvbuf, recvcounts, rdispls, recvtype), comm);
}
MP_WEAK(Alltoallv_c);

// Without types, which is an error or in place, this would be MPI_Alltoallv.
MP_ALWAYS_INLINE int alltoallw(int call, struct mp_side send, struct mp_side recv, MPI_Comm comm)
{
    if (unlikely(!send.types || !recv.types)) {
        struct mp_side send_again = mp_side_again(&send);
        struct mp_side recv_again = mp_side_again(&recv);
        return mp_call_all(mp_blocking(call), MP_ALLTOALL, &send_again, &recv_again, comm);
    }
    return alltoall(call, send, recv, comm);
}

int PMPI_Alltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[],
                   const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                   const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    return alltoallw(MP_CALL_Alltoallw, mp_side_types_int(sendbuf, sendcounts, sdispls, sendtypes),
                     mp_side_types_int(recvbuf, recvcounts, rdispls, recvtypes), comm);
}
MP_WEAK(Alltoallw);

int PMPI_Alltoallw_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                     const MPI_Datatype sendtypes[], void *recvbuf, const MPI_Count recvcounts[],
                     const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    return alltoallw(MP_CALL_Alltoallw_c,
                     mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes),
                     mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes), comm);
}
MP_WEAK(Alltoallw_c);

MP_ALWAYS_INLINE int reduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                            MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm)
{
    int err = mp_short_reduce(call, sendbuf, recvbuf, count, type, op, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_reduce(mp_blocking(call), sendbuf, recvbuf, count, type, op, root, comm);
}

int PMPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                int root, MPI_Comm comm)
{
    return reduce(MP_CALL_Reduce, sendbuf, recvbuf, count, datatype, op, root, comm);
}
MP_WEAK(Reduce);

int PMPI_Reduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                  MPI_Op op, int root, MPI_Comm comm)
{
    return reduce(MP_CALL_Reduce_c, sendbuf, recvbuf, count, datatype, op, root, comm);
}
MP_WEAK(Reduce_c);

MP_ALWAYS_INLINE int allreduce(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                               MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_allreduce(call, sendbuf, recvbuf, count, type, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_combine(mp_blocking(call), MP_ALLREDUCE, sendbuf, recvbuf, count, type, op,
                           comm);
}

int PMPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                   MPI_Comm comm)
{
    return allreduce(MP_CALL_Allreduce, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Allreduce);

int PMPI_Allreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                     MPI_Op op, MPI_Comm comm)
{
    return allreduce(MP_CALL_Allreduce_c, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Allreduce_c);

static int reduce_scatter(int call, const void *sendbuf, void *recvbuf, bool arrays,
                          struct mp_counts counts, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_reduce_scatter(call, sendbuf, recvbuf, &counts, arrays, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_reduce_scatter(mp_blocking(call), sendbuf, recvbuf, arrays, counts, datatype, op,
                                  comm);
}

int PMPI_Reduce_scatter_block(const void *sendbuf, void *recvbuf, int recvcount,
                              MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    return reduce_scatter(MP_CALL_Reduce_scatter_block, sendbuf, recvbuf, false,
                          mp_counts_each(recvcount), datatype, op, comm);
}
MP_WEAK(Reduce_scatter_block);

int PMPI_Reduce_scatter_block_c(const void *sendbuf, void *recvbuf, MPI_Count recvcount,
                                MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    return reduce_scatter(MP_CALL_Reduce_scatter_block_c, sendbuf, recvbuf, false,
                          mp_counts_each(recvcount), datatype, op, comm);
}
MP_WEAK(Reduce_scatter_block_c);

int PMPI_Reduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[],
                        MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    return reduce_scatter(MP_CALL_Reduce_scatter, sendbuf, recvbuf, true, mp_counts_int(recvcounts),
                          datatype, op, comm);
}
MP_WEAK(Reduce_scatter);

int PMPI_Reduce_scatter_c(const void *sendbuf, void *recvbuf, const MPI_Count recvcounts[],
                          MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
{
    return reduce_scatter(MP_CALL_Reduce_scatter_c, sendbuf, recvbuf, true,
                          mp_counts_wide(recvcounts), datatype, op, comm);
}
MP_WEAK(Reduce_scatter_c);

MP_ALWAYS_INLINE int scan(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                          MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_scan(call, sendbuf, recvbuf, count, type, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_combine(mp_blocking(call), MP_SCAN, sendbuf, recvbuf, count, type, op, comm);
}

int PMPI_Scan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
              MPI_Comm comm)
{
    return scan(MP_CALL_Scan, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan);

int PMPI_Scan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                MPI_Op op, MPI_Comm comm)
{
    return scan(MP_CALL_Scan_c, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan_c);

MP_ALWAYS_INLINE int exscan(int call, const void *sendbuf, void *recvbuf, MPI_Count count,
                            MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_exscan(call, sendbuf, recvbuf, count, type, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(call, comm, err);
    }
    return mp_call_combine(mp_blocking(call), MP_EXSCAN, sendbuf, recvbuf, count, type, op, comm);
}

int PMPI_Exscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm)
{
    return exscan(MP_CALL_Exscan, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Exscan);

int PMPI_Exscan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                  MPI_Op op, MPI_Comm comm)
{
    return exscan(MP_CALL_Exscan_c, sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Exscan_c);

static int reduce_local(int call, const void *inbuf, void *inoutbuf, MPI_Count count,
                        MPI_Datatype datatype, MPI_Op op)
{
    struct mp_datatype *type = NULL;
    struct mp_op *operation = NULL;
    int err = mp_enter(call);
    err = err ? err : mp_check_count(count, "count");
    err = err ? err : mp_check_type(datatype, "datatype", &type);
    err = err ? err : mp_check_op(op, &operation);
    err = err ? err : mp_op_check(operation, type);
    err = err ? err : mp_check_buffer(inbuf, count, type, "inbuf");
    err = err ? err : mp_check_buffer(inoutbuf, count, type, "inoutbuf");
    if (!err && inbuf == inoutbuf && count > 0 && inbuf) {
        err = mp_fail(MPI_ERR_BUFFER, "inbuf and inoutbuf are the same memory");
    }
    if (!err && count > 0) {
        mp_op_apply(operation, inbuf, inoutbuf, count, type);
    }
    return mp_leave(call, NULL, err);
}

int PMPI_Reduce_local(const void *inbuf, void *inoutbuf, int count, MPI_Datatype datatype,
                      MPI_Op op)
{
    return reduce_local(MP_CALL_Reduce_local, inbuf, inoutbuf, count, datatype, op);
}
MP_WEAK(Reduce_local);

int PMPI_Reduce_local_c(const void *inbuf, void *inoutbuf, MPI_Count count, MPI_Datatype datatype,
                        MPI_Op op)
{
    return reduce_local(MP_CALL_Reduce_local_c, inbuf, inoutbuf, count, datatype, op);
}
MP_WEAK(Reduce_local_c);
