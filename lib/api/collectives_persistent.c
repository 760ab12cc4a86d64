// SPDX-License-Identifier: MIT
// Chapter 6.13: the persistent collective operations, one line each. Their checks are in
// collectives_check.c.
#include "api/collectives_check.h"

int PMPI_Barrier_init(MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_barrier(mp_persistent(MP_CALL_Barrier_init, info, request), comm);
}
MP_WEAK(Barrier_init);

int PMPI_Bcast_init(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm,
                    MPI_Info info, MPI_Request *request)
{
    return mp_call_bcast(mp_persistent(MP_CALL_Bcast_init, info, request), buffer, count, datatype,
                         root, comm);
}
MP_WEAK(Bcast_init);

int PMPI_Bcast_init_c(void *buffer, MPI_Count count, MPI_Datatype datatype, int root, MPI_Comm comm,
                      MPI_Info info, MPI_Request *request)
{
    return mp_call_bcast(mp_persistent(MP_CALL_Bcast_init_c, info, request), buffer, count,
                         datatype, root, comm);
}
MP_WEAK(Bcast_init_c);

int PMPI_Gather_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                     int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Info info,
                     MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Gather_init, info, request), MP_GATHER, &send,
                          &recv, root, comm);
}
MP_WEAK(Gather_init);

int PMPI_Gather_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                       void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype, int root,
                       MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Gather_init_c, info, request), MP_GATHER, &send,
                          &recv, root, comm);
}
MP_WEAK(Gather_init_c);

int PMPI_Gatherv_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                      const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root,
                      MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Gatherv_init, info, request), MP_GATHER, &send,
                          &recv, root, comm);
}
MP_WEAK(Gatherv_init);

int PMPI_Gatherv_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                        void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                        MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Info info,
                        MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Gatherv_init_c, info, request), MP_GATHER, &send,
                          &recv, root, comm);
}
MP_WEAK(Gatherv_init_c);

int PMPI_Scatter_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                      int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Info info,
                      MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Scatter_init, info, request), MP_SCATTER, &send,
                          &recv, root, comm);
}
MP_WEAK(Scatter_init);

int PMPI_Scatter_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                        void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype, int root,
                        MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Scatter_init_c, info, request), MP_SCATTER, &send,
                          &recv, root, comm);
}
MP_WEAK(Scatter_init_c);

int PMPI_Scatterv_init(const void *sendbuf, const int sendcounts[], const int displs[],
                       MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                       int root, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, displs, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Scatterv_init, info, request), MP_SCATTER, &send,
                          &recv, root, comm);
}
MP_WEAK(Scatterv_init);

int PMPI_Scatterv_init_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint displs[],
                         MPI_Datatype sendtype, void *recvbuf, MPI_Count recvcount,
                         MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Info info,
                         MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, displs, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_rooted(mp_persistent(MP_CALL_Scatterv_init_c, info, request), MP_SCATTER, &send,
                          &recv, root, comm);
}
MP_WEAK(Scatterv_init_c);

int PMPI_Allgather_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                        int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                        MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Allgather_init, info, request), MP_ALLGATHER, &send,
                       &recv, comm);
}
MP_WEAK(Allgather_init);

int PMPI_Allgather_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                          void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                          MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Allgather_init_c, info, request), MP_ALLGATHER, &send,
                       &recv, comm);
}
MP_WEAK(Allgather_init_c);

int PMPI_Allgatherv_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                         const int recvcounts[], const int displs[], MPI_Datatype recvtype,
                         MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Allgatherv_init, info, request), MP_ALLGATHER, &send,
                       &recv, comm);
}
MP_WEAK(Allgatherv_init);

int PMPI_Allgatherv_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                           void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                           MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                           MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Allgatherv_init_c, info, request), MP_ALLGATHER, &send,
                       &recv, comm);
}
MP_WEAK(Allgatherv_init_c);

int PMPI_Alltoall_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                       int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                       MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Alltoall_init, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoall_init);

int PMPI_Alltoall_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                         void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                         MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Alltoall_init_c, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoall_init_c);

int PMPI_Alltoallv_init(const void *sendbuf, const int sendcounts[], const int sdispls[],
                        MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                        const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                        MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Alltoallv_init, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoallv_init);

int PMPI_Alltoallv_init_c(const void *sendbuf, const MPI_Count sendcounts[],
                          const MPI_Aint sdispls[], MPI_Datatype sendtype, void *recvbuf,
                          const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                          MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_all(mp_persistent(MP_CALL_Alltoallv_init_c, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoallv_init_c);

int PMPI_Alltoallw_init(const void *sendbuf, const int sendcounts[], const int sdispls[],
                        const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                        const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm,
                        MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side_types_int(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_int(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_all(mp_persistent(MP_CALL_Alltoallw_init, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoallw_init);

int PMPI_Alltoallw_init_c(const void *sendbuf, const MPI_Count sendcounts[],
                          const MPI_Aint sdispls[], const MPI_Datatype sendtypes[], void *recvbuf,
                          const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                          const MPI_Datatype recvtypes[], MPI_Comm comm, MPI_Info info,
                          MPI_Request *request)
{
    struct mp_side send = mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_all(mp_persistent(MP_CALL_Alltoallw_init_c, info, request), MP_ALLTOALL, &send,
                       &recv, comm);
}
MP_WEAK(Alltoallw_init_c);

int PMPI_Reduce_init(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                     MPI_Op op, int root, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_reduce(mp_persistent(MP_CALL_Reduce_init, info, request), sendbuf, recvbuf,
                          count, datatype, op, root, comm);
}
MP_WEAK(Reduce_init);

int PMPI_Reduce_init_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                       MPI_Op op, int root, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_reduce(mp_persistent(MP_CALL_Reduce_init_c, info, request), sendbuf, recvbuf,
                          count, datatype, op, root, comm);
}
MP_WEAK(Reduce_init_c);

int PMPI_Allreduce_init(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                        MPI_Op op, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Allreduce_init, info, request), MP_ALLREDUCE,
                           sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Allreduce_init);

int PMPI_Allreduce_init_c(const void *sendbuf, void *recvbuf, MPI_Count count,
                          MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Info info,
                          MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Allreduce_init_c, info, request), MP_ALLREDUCE,
                           sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Allreduce_init_c);

int PMPI_Reduce_scatter_block_init(const void *sendbuf, void *recvbuf, int recvcount,
                                   MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Info info,
                                   MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_persistent(MP_CALL_Reduce_scatter_block_init, info, request),
                                  sendbuf, recvbuf, false, mp_counts_each(recvcount), datatype, op,
                                  comm);
}
MP_WEAK(Reduce_scatter_block_init);

int PMPI_Reduce_scatter_block_init_c(const void *sendbuf, void *recvbuf, MPI_Count recvcount,
                                     MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Info info,
                                     MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_persistent(MP_CALL_Reduce_scatter_block_init_c, info, request),
                                  sendbuf, recvbuf, false, mp_counts_each(recvcount), datatype, op,
                                  comm);
}
MP_WEAK(Reduce_scatter_block_init_c);

int PMPI_Reduce_scatter_init(const void *sendbuf, void *recvbuf, const int recvcounts[],
                             MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Info info,
                             MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_persistent(MP_CALL_Reduce_scatter_init, info, request),
                                  sendbuf, recvbuf, true, mp_counts_int(recvcounts), datatype, op,
                                  comm);
}
MP_WEAK(Reduce_scatter_init);

int PMPI_Reduce_scatter_init_c(const void *sendbuf, void *recvbuf, const MPI_Count recvcounts[],
                               MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Info info,
                               MPI_Request *request)
{
    return mp_call_reduce_scatter(mp_persistent(MP_CALL_Reduce_scatter_init_c, info, request),
                                  sendbuf, recvbuf, true, mp_counts_wide(recvcounts), datatype, op,
                                  comm);
}
MP_WEAK(Reduce_scatter_init_c);

int PMPI_Scan_init(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                   MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Scan_init, info, request), MP_SCAN, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan_init);

int PMPI_Scan_init_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                     MPI_Op op, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Scan_init_c, info, request), MP_SCAN, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan_init_c);

int PMPI_Exscan_init(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype,
                     MPI_Op op, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Exscan_init, info, request), MP_EXSCAN, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Exscan_init);

int PMPI_Exscan_init_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                       MPI_Op op, MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    return mp_call_combine(mp_persistent(MP_CALL_Exscan_init_c, info, request), MP_EXSCAN, sendbuf,
                           recvbuf, count, datatype, op, comm);
}
MP_WEAK(Exscan_init_c);
