// SPDX-License-Identifier: MIT
// Chapter 8.6 and 8.7: the neighbourhood collectives, blocking, nonblocking and persistent, one
// line each. Their checks are in collectives_check.c. Read next: collectives/exchange.c.
#include "api/collectives_check.h"

// ---- Blocking

int PMPI_Neighbor_allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                            void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_allgather), MP_NEIGHBOR_ALLGATHER, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_allgather);

int PMPI_Neighbor_allgather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                              void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                              MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_allgather_c), MP_NEIGHBOR_ALLGATHER,
                             &send, &recv, comm);
}
MP_WEAK(Neighbor_allgather_c);

int PMPI_Neighbor_allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                             void *recvbuf, const int recvcounts[], const int displs[],
                             MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_allgatherv), MP_NEIGHBOR_ALLGATHER, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_allgatherv);

int PMPI_Neighbor_allgatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                               void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                               MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_allgatherv_c), MP_NEIGHBOR_ALLGATHER,
                             &send, &recv, comm);
}
MP_WEAK(Neighbor_allgatherv_c);

int PMPI_Neighbor_alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                           int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoall), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoall);

int PMPI_Neighbor_alltoall_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                             void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                             MPI_Comm comm)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoall_c), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoall_c);

int PMPI_Neighbor_alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[],
                            MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                            const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoallv), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoallv);

int PMPI_Neighbor_alltoallv_c(const void *sendbuf, const MPI_Count sendcounts[],
                              const MPI_Aint sdispls[], MPI_Datatype sendtype, void *recvbuf,
                              const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                              MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoallv_c), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoallv_c);

int PMPI_Neighbor_alltoallw(const void *sendbuf, const int sendcounts[], const MPI_Aint sdispls[],
                            const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                            const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    struct mp_side send = mp_side_types_aint(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_aint(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoallw), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoallw);

int PMPI_Neighbor_alltoallw_c(const void *sendbuf, const MPI_Count sendcounts[],
                              const MPI_Aint sdispls[], const MPI_Datatype sendtypes[],
                              void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                              const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    struct mp_side send = mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_blocking(MP_CALL_Neighbor_alltoallw_c), MP_NEIGHBOR_ALLTOALL, &send,
                             &recv, comm);
}
MP_WEAK(Neighbor_alltoallw_c);

// ---- Nonblocking

int PMPI_Ineighbor_allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                             void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                             MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_allgather, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Ineighbor_allgather);

int PMPI_Ineighbor_allgather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                               void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                               MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_allgather_c, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Ineighbor_allgather_c);

int PMPI_Ineighbor_allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                              void *recvbuf, const int recvcounts[], const int displs[],
                              MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_allgatherv, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Ineighbor_allgatherv);

int PMPI_Ineighbor_allgatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                                void *recvbuf, const MPI_Count recvcounts[],
                                const MPI_Aint displs[], MPI_Datatype recvtype, MPI_Comm comm,
                                MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_allgatherv_c, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Ineighbor_allgatherv_c);

int PMPI_Ineighbor_alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                            void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                            MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoall, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoall);

int PMPI_Ineighbor_alltoall_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                              void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                              MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoall_c, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoall_c);

int PMPI_Ineighbor_alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[],
                             MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                             const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm,
                             MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoallv, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoallv);

int PMPI_Ineighbor_alltoallv_c(const void *sendbuf, const MPI_Count sendcounts[],
                               const MPI_Aint sdispls[], MPI_Datatype sendtype, void *recvbuf,
                               const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                               MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoallv_c, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoallv_c);

int PMPI_Ineighbor_alltoallw(const void *sendbuf, const int sendcounts[], const MPI_Aint sdispls[],
                             const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                             const MPI_Aint rdispls[], const MPI_Datatype recvtypes[],
                             MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_types_aint(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_aint(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoallw, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoallw);

int PMPI_Ineighbor_alltoallw_c(const void *sendbuf, const MPI_Count sendcounts[],
                               const MPI_Aint sdispls[], const MPI_Datatype sendtypes[],
                               void *recvbuf, const MPI_Count recvcounts[],
                               const MPI_Aint rdispls[], const MPI_Datatype recvtypes[],
                               MPI_Comm comm, MPI_Request *request)
{
    struct mp_side send = mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_nonblocking(MP_CALL_Ineighbor_alltoallw_c, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Ineighbor_alltoallw_c);

// ---- Persistent

int PMPI_Neighbor_allgather_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                                 void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                                 MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_allgather_init, info, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Neighbor_allgather_init);

int PMPI_Neighbor_allgather_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                                   void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                                   MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_allgather_init_c, info, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Neighbor_allgather_init_c);

int PMPI_Neighbor_allgatherv_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                                  void *recvbuf, const int recvcounts[], const int displs[],
                                  MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                                  MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_allgatherv_init, info, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Neighbor_allgatherv_init);

int PMPI_Neighbor_allgatherv_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                                    void *recvbuf, const MPI_Count recvcounts[],
                                    const MPI_Aint displs[], MPI_Datatype recvtype, MPI_Comm comm,
                                    MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, displs, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_allgatherv_init_c, info, request),
                             MP_NEIGHBOR_ALLGATHER, &send, &recv, comm);
}
MP_WEAK(Neighbor_allgatherv_init_c);

int PMPI_Neighbor_alltoall_init(const void *sendbuf, int sendcount, MPI_Datatype sendtype,
                                void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm,
                                MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoall_init, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoall_init);

int PMPI_Neighbor_alltoall_init_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                                  void *recvbuf, MPI_Count recvcount, MPI_Datatype recvtype,
                                  MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side(sendbuf, sendcount, sendtype);
    struct mp_side recv = mp_side(recvbuf, recvcount, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoall_init_c, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoall_init_c);

int PMPI_Neighbor_alltoallv_init(const void *sendbuf, const int sendcounts[], const int sdispls[],
                                 MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                                 const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm,
                                 MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side_int(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_int(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoallv_init, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoallv_init);

int PMPI_Neighbor_alltoallv_init_c(const void *sendbuf, const MPI_Count sendcounts[],
                                   const MPI_Aint sdispls[], MPI_Datatype sendtype, void *recvbuf,
                                   const MPI_Count recvcounts[], const MPI_Aint rdispls[],
                                   MPI_Datatype recvtype, MPI_Comm comm, MPI_Info info,
                                   MPI_Request *request)
{
    struct mp_side send = mp_side_wide(sendbuf, sendcounts, sdispls, sendtype);
    struct mp_side recv = mp_side_wide(recvbuf, recvcounts, rdispls, recvtype);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoallv_init_c, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoallv_init_c);

int PMPI_Neighbor_alltoallw_init(const void *sendbuf, const int sendcounts[],
                                 const MPI_Aint sdispls[], const MPI_Datatype sendtypes[],
                                 void *recvbuf, const int recvcounts[], const MPI_Aint rdispls[],
                                 const MPI_Datatype recvtypes[], MPI_Comm comm, MPI_Info info,
                                 MPI_Request *request)
{
    struct mp_side send = mp_side_types_aint(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_aint(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoallw_init, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoallw_init);

int PMPI_Neighbor_alltoallw_init_c(const void *sendbuf, const MPI_Count sendcounts[],
                                   const MPI_Aint sdispls[], const MPI_Datatype sendtypes[],
                                   void *recvbuf, const MPI_Count recvcounts[],
                                   const MPI_Aint rdispls[], const MPI_Datatype recvtypes[],
                                   MPI_Comm comm, MPI_Info info, MPI_Request *request)
{
    struct mp_side send = mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes);
    struct mp_side recv = mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes);
    return mp_call_neighbors(mp_persistent(MP_CALL_Neighbor_alltoallw_init_c, info, request),
                             MP_NEIGHBOR_ALLTOALL, &send, &recv, comm);
}
MP_WEAK(Neighbor_alltoallw_init_c);
