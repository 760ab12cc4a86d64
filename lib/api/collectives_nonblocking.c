// SPDX-License-Identifier: MIT
// Chapter 6.12: the nonblocking collective operations, one line each. Their checks are in
// collectives_check.c.
#include "api/collectives_check.h"

int PMPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
{
    return mp_call_barrier(mp_nonblocking(MP_CALL_Ibarrier, request), comm);
}
MP_WEAK(Ibarrier);

int PMPI_Ibcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm,
                MPI_Request *request)
{
    return mp_call_bcast(mp_nonblocking(MP_CALL_Ibcast, request), buffer, count, datatype, root,
                         comm);
}
MP_WEAK(Ibcast);

int PMPI_Ibcast_c(void *buffer, MPI_Count count, MPI_Datatype datatype, int root, MPI_Comm comm,
                  MPI_Request *request)
{
    return mp_call_bcast(mp_nonblocking(MP_CALL_Ibcast_c, request), buffer, count, datatype, root,
                         comm);
}
MP_WEAK(Ibcast_c);

int PMPI_Igather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                 int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm,
                 MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Igather, request), MP_GATHER, &send, &recv, root,
                          comm);
}
MP_WEAK(Igather);

int PMPI_Igather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                   MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm,
                   MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Igather_c, request), MP_GATHER, &send, &recv, root,
                          comm);
}
MP_WEAK(Igather_c);

int PMPI_Igatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                  const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root,
                  MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Igatherv, request), MP_GATHER, &send, &recv, root,
                          comm);
}
MP_WEAK(Igatherv);

int PMPI_Igatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                    const MPI_Count recvcounts[], const MPI_Aint displs[], MPI_Datatype recvtype,
                    int root, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Igatherv_c, request), MP_GATHER, &send, &recv,
                          root, comm);
}
MP_WEAK(Igatherv_c);

int PMPI_Iscatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                  int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm,
                  MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Iscatter, request), MP_SCATTER, &send, &recv, root,
                          comm);
}
MP_WEAK(Iscatter);

int PMPI_Iscatter_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                    MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm,
                    MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Iscatter_c, request), MP_SCATTER, &send, &recv,
                          root, comm);
}
MP_WEAK(Iscatter_c);

int PMPI_Iscatterv(const void *sendbuf, const int sendcounts[], const int displs[],
                   MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                   int root, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, displs, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Iscatterv, request), MP_SCATTER, &send, &recv,
                          root, comm);
}
MP_WEAK(Iscatterv);

int PMPI_Iscatterv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint displs[],
                     MPI_Datatype sendtype, void *recvbuf, MPI_Count recvcount,
                     MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, displs, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_nonblocking(MP_CALL_Iscatterv_c, request), MP_SCATTER, &send, &recv,
                          root, comm);
}
MP_WEAK(Iscatterv_c);

int PMPI_Iallgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                    int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Iallgather, request), MP_ALLGATHER, &send, &recv,
                       comm);
}
MP_WEAK(Iallgather);

int PMPI_Iallgather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                      void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                      MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Iallgather_c, request), MP_ALLGATHER, &send, &recv,
                       comm);
}
MP_WEAK(Iallgather_c);

int PMPI_Iallgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                     const int recvcounts[], const int displs[], MPI_Datatype recvtype,
                     MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Iallgatherv, request), MP_ALLGATHER, &send, &recv,
                       comm);
}
MP_WEAK(Iallgatherv);

int PMPI_Iallgatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                       void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                       MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Iallgatherv_c, request), MP_ALLGATHER, &send, &recv,
                       comm);
}
MP_WEAK(Iallgatherv_c);

int PMPI_Ialltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                   int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoall, request), MP_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ialltoall);

int PMPI_Ialltoall_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                     MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                     MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoall_c, request), MP_ALLTOALL, &send, &recv,
                       comm);
}
MP_WEAK(Ialltoall_c);

int PMPI_Ialltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[],
                    MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                    const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoallv, request), MP_ALLTOALL, &send, &recv,
                       comm);
}
MP_WEAK(Ialltoallv);

int PMPI_Ialltoallv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                      MPI_Datatype sendtype, void *recvbuf, const MPI_Count recvcounts[],
                      const MPI_Aint rdispls[], MPI_Datatype recvtype, MPI_Comm comm,
                      MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoallv_c, request), MP_ALLTOALL, &send, &recv,
                       comm);
}
MP_WEAK(Ialltoallv_c);

int PMPI_Ialltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[],
                    const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                    const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm,
                    MPI_Request *request)
{
    struct mp_side send = mp_side_types_int(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_int(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoallw, request), MP_ALLTOALL, &send, &recv,
                       comm);
}
MP_WEAK(Ialltoallw);

int PMPI_Ialltoallw_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                      const MPI_Datatype sendtypes[], void *recvbuf, const MPI_Count recvcounts[],
                      const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm,
                      MPI_Request *request)
{
    struct mp_side send = mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_all(mp_nonblocking(MP_CALL_Ialltoallw_c, request), MP_ALLTOALL, &send, &recv,
                       comm);
}
MP_WEAK(Ialltoallw_c);

int PMPI_Ireduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                 int root, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_reduce(mp_nonblocking(MP_CALL_Ireduce, request), sendbuf, recvbuf, count,
                          datatype, op, root, comm);
}
MP_WEAK(Ireduce);

int PMPI_Ireduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                   MPI_Op op, int root, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_reduce(mp_nonblocking(MP_CALL_Ireduce_c, request), sendbuf, recvbuf, count,
                          datatype, op, root, comm);
}
MP_WEAK(Ireduce_c);

int PMPI_Iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                    MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iallreduce, request), MP_ALLREDUCE, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Iallreduce);

int PMPI_Iallreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                      MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iallreduce_c, request), MP_ALLREDUCE, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Iallreduce_c);

int PMPI_Ireduce_scatter_block(const void *sendbuf, void *recvbuf, int recvcount,
                               MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                               MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_nonblocking(MP_CALL_Ireduce_scatter_block, request), sendbuf,
                                  recvbuf, false, mp_counts_each(recvcount), datatype, op, comm);
}
MP_WEAK(Ireduce_scatter_block);

int PMPI_Ireduce_scatter_block_c(const void *sendbuf, void *recvbuf, MPI_Count recvcount,
                                 MPI_Datatype datatype, MPI_Op op, MPI_Comm comm,
                                 MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_nonblocking(MP_CALL_Ireduce_scatter_block_c, request), sendbuf,
                                  recvbuf, false, mp_counts_each(recvcount), datatype, op, comm);
}
MP_WEAK(Ireduce_scatter_block_c);

int PMPI_Ireduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[],
                         MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_nonblocking(MP_CALL_Ireduce_scatter, request), sendbuf,
                                  recvbuf, true, mp_counts_int(recvcounts), datatype, op, comm);
}
MP_WEAK(Ireduce_scatter);

int PMPI_Ireduce_scatter_c(const void *sendbuf, void *recvbuf, const MPI_Count recvcounts[],
                           MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_nonblocking(MP_CALL_Ireduce_scatter_c, request), sendbuf,
                                  recvbuf, true, mp_counts_wide(recvcounts), datatype, op, comm);
}
MP_WEAK(Ireduce_scatter_c);

int PMPI_Iscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
               MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iscan, request), MP_SCAN, sendbuf, recvbuf, count,
                           datatype, op, comm);
}
MP_WEAK(Iscan);

int PMPI_Iscan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                 MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iscan_c, request), MP_SCAN, sendbuf, recvbuf,
                           count, datatype, op, comm);
}
MP_WEAK(Iscan_c);

int PMPI_Iexscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                 MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iexscan, request), MP_EXSCAN, sendbuf, recvbuf,
                           count, datatype, op, comm);
}
MP_WEAK(Iexscan);

int PMPI_Iexscan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                   MPI_Op op, MPI_Comm comm, MPI_Request *request)
{
    return mp_call_combine(mp_nonblocking(MP_CALL_Iexscan_c, request), MP_EXSCAN, sendbuf, recvbuf,
                           count, datatype, op, comm);
}
MP_WEAK(Iexscan_c);
