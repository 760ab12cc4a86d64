// SPDX-License-Identifier: MIT
// Chapter 6: the blocking collective operations, one line each. Their checks are in
// collectives_check.c; MPI_Reduce_local, which talks to nobody, is here whole. Most go the short
// way where they can.
#include "api/collectives.h"
#include "collectives/short.h"

// The end of a call that went the short way.
static inline int leave_short(int call, MPI_Comm comm, int error)
{
    mp_exit();
    return likely(error == 0) ? MPI_SUCCESS : mp_raise(call, mp_comm_get(comm), error);
}

int PMPI_Barrier(MPI_Comm comm)
{
    int err = mp_short_barrier(MP_CALL_Barrier, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Barrier, comm, err);
    }
    return mp_call_barrier(mp_blocking(MP_CALL_Barrier), comm);
}
MP_WEAK(Barrier);

int PMPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)
{
    int err = mp_short_bcast(MP_CALL_Bcast, buffer, count, datatype, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Bcast, comm, err);
    }
    return mp_call_bcast(mp_blocking(MP_CALL_Bcast), buffer, count, datatype, root, comm);
}
MP_WEAK(Bcast);

int PMPI_Bcast_c(void *buffer, MPI_Count count, MPI_Datatype datatype, int root, MPI_Comm comm)
{
    int err = mp_short_bcast(MP_CALL_Bcast_c, buffer, count, datatype, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Bcast_c, comm, err);
    }
    return mp_call_bcast(mp_blocking(MP_CALL_Bcast_c), buffer, count, datatype, root, comm);
}
MP_WEAK(Bcast_c);

int PMPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    int err = mp_short_gather(MP_CALL_Gather, (struct mp_short_side){sendbuf, sendcount, sendtype},
                              (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Gather, comm, err);
    }
    return mp_call_gather(mp_blocking(MP_CALL_Gather), mp_side(sendbuf, sendcount, sendtype),
                          mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Gather);

int PMPI_Gather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                  MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    int err =
        mp_short_gather(MP_CALL_Gather_c, (struct mp_short_side){sendbuf, sendcount, sendtype},
                        (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Gather_c, comm, err);
    }
    return mp_call_gather(mp_blocking(MP_CALL_Gather_c), mp_side(sendbuf, sendcount, sendtype),
                          mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Gather_c);

int PMPI_Gatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                 const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root,
                 MPI_Comm comm)
{
    struct mp_short_sides recv = {recvbuf, mp_counts_int(recvcounts), mp_counts_int(displs),
                                  recvtype, NULL};
    int err = mp_short_gatherv(
        MP_CALL_Gatherv, (struct mp_short_side){sendbuf, sendcount, sendtype}, &recv, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Gatherv, comm, err);
    }
    return mp_call_gather(mp_blocking(MP_CALL_Gatherv), mp_side(sendbuf, sendcount, sendtype),
                          mp_side_int(recvbuf, recvcounts, displs, recvtype), root, comm);
}
MP_WEAK(Gatherv);

int PMPI_Gatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                   const MPI_Count recvcounts[], const MPI_Aint displs[], MPI_Datatype recvtype,
                   int root, MPI_Comm comm)
{
    struct mp_short_sides recv = {recvbuf, mp_counts_wide(recvcounts),
                                  mp_displacements_wide(displs), recvtype, NULL};
    int err = mp_short_gatherv(
        MP_CALL_Gatherv_c, (struct mp_short_side){sendbuf, sendcount, sendtype}, &recv, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Gatherv_c, comm, err);
    }
    return mp_call_gather(mp_blocking(MP_CALL_Gatherv_c), mp_side(sendbuf, sendcount, sendtype),
                          mp_side_wide(recvbuf, recvcounts, displs, recvtype), root, comm);
}
MP_WEAK(Gatherv_c);

int PMPI_Scatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                 int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    int err =
        mp_short_scatter(MP_CALL_Scatter, (struct mp_short_side){sendbuf, sendcount, sendtype},
                         (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scatter, comm, err);
    }
    return mp_call_scatter(mp_blocking(MP_CALL_Scatter), mp_side(sendbuf, sendcount, sendtype),
                           mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatter);

int PMPI_Scatter_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                   MPI_Count recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    int err =
        mp_short_scatter(MP_CALL_Scatter_c, (struct mp_short_side){sendbuf, sendcount, sendtype},
                         (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scatter_c, comm, err);
    }
    return mp_call_scatter(mp_blocking(MP_CALL_Scatter_c), mp_side(sendbuf, sendcount, sendtype),
                           mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatter_c);

int PMPI_Scatterv(const void *sendbuf, const int sendcounts[], const int displs[],
                  MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype,
                  int root, MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_int(sendcounts), mp_counts_int(displs),
                                  sendtype, NULL};
    int err = mp_short_scatterv(MP_CALL_Scatterv, &send,
                                (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scatterv, comm, err);
    }
    return mp_call_scatter(mp_blocking(MP_CALL_Scatterv),
                           mp_side_int(sendbuf, sendcounts, displs, sendtype),
                           mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatterv);

int PMPI_Scatterv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint displs[],
                    MPI_Datatype sendtype, void *recvbuf, MPI_Count recvcount,
                    MPI_Datatype recvtype, int root, MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_wide(sendcounts),
                                  mp_displacements_wide(displs), sendtype, NULL};
    int err = mp_short_scatterv(MP_CALL_Scatterv_c, &send,
                                (struct mp_short_side){recvbuf, recvcount, recvtype}, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scatterv_c, comm, err);
    }
    return mp_call_scatter(mp_blocking(MP_CALL_Scatterv_c),
                           mp_side_wide(sendbuf, sendcounts, displs, sendtype),
                           mp_side(recvbuf, recvcount, recvtype), root, comm);
}
MP_WEAK(Scatterv_c);

int PMPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                   int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    int err =
        mp_short_allgather(MP_CALL_Allgather, (struct mp_short_side){sendbuf, sendcount, sendtype},
                           (struct mp_short_side){recvbuf, recvcount, recvtype}, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allgather, comm, err);
    }
    return mp_call_allgather(mp_blocking(MP_CALL_Allgather), mp_side(sendbuf, sendcount, sendtype),
                             mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Allgather);

int PMPI_Allgather_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                     MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    int err = mp_short_allgather(MP_CALL_Allgather_c,
                                 (struct mp_short_side){sendbuf, sendcount, sendtype},
                                 (struct mp_short_side){recvbuf, recvcount, recvtype}, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allgather_c, comm, err);
    }
    return mp_call_allgather(mp_blocking(MP_CALL_Allgather_c),
                             mp_side(sendbuf, sendcount, sendtype),
                             mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Allgather_c);

int PMPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                    const int recvcounts[], const int displs[], MPI_Datatype recvtype,
                    MPI_Comm comm)
{
    struct mp_short_sides recv = {recvbuf, mp_counts_int(recvcounts), mp_counts_int(displs),
                                  recvtype, NULL};
    int err = mp_short_allgatherv(
        MP_CALL_Allgatherv, (struct mp_short_side){sendbuf, sendcount, sendtype}, &recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allgatherv, comm, err);
    }
    return mp_call_allgather(mp_blocking(MP_CALL_Allgatherv), mp_side(sendbuf, sendcount, sendtype),
                             mp_side_int(recvbuf, recvcounts, displs, recvtype), comm);
}
MP_WEAK(Allgatherv);

int PMPI_Allgatherv_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype,
                      void *recvbuf, const MPI_Count recvcounts[], const MPI_Aint displs[],
                      MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_short_sides recv = {recvbuf, mp_counts_wide(recvcounts),
                                  mp_displacements_wide(displs), recvtype, NULL};
    int err = mp_short_allgatherv(
        MP_CALL_Allgatherv_c, (struct mp_short_side){sendbuf, sendcount, sendtype}, &recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allgatherv_c, comm, err);
    }
    return mp_call_allgather(mp_blocking(MP_CALL_Allgatherv_c),
                             mp_side(sendbuf, sendcount, sendtype),
                             mp_side_wide(recvbuf, recvcounts, displs, recvtype), comm);
}
MP_WEAK(Allgatherv_c);

int PMPI_Alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
                  int recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    int err =
        mp_short_alltoall(MP_CALL_Alltoall, (struct mp_short_side){sendbuf, sendcount, sendtype},
                          (struct mp_short_side){recvbuf, recvcount, recvtype}, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoall, comm, err);
    }
    return mp_call_alltoall(mp_blocking(MP_CALL_Alltoall), mp_side(sendbuf, sendcount, sendtype),
                            mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Alltoall);

int PMPI_Alltoall_c(const void *sendbuf, MPI_Count sendcount, MPI_Datatype sendtype, void *recvbuf,
                    MPI_Count recvcount, MPI_Datatype recvtype, MPI_Comm comm)
{
    int err =
        mp_short_alltoall(MP_CALL_Alltoall_c, (struct mp_short_side){sendbuf, sendcount, sendtype},
                          (struct mp_short_side){recvbuf, recvcount, recvtype}, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoall_c, comm, err);
    }
    return mp_call_alltoall(mp_blocking(MP_CALL_Alltoall_c), mp_side(sendbuf, sendcount, sendtype),
                            mp_side(recvbuf, recvcount, recvtype), comm);
}
MP_WEAK(Alltoall_c);

int PMPI_Alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[],
                   MPI_Datatype sendtype, void *recvbuf, const int recvcounts[],
                   const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_int(sendcounts), mp_counts_int(sdispls),
                                  sendtype, NULL};
    struct mp_short_sides recv = {recvbuf, mp_counts_int(recvcounts), mp_counts_int(rdispls),
                                  recvtype, NULL};
    int err = mp_short_alltoallv(MP_CALL_Alltoallv, &send, &recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoallv, comm, err);
    }
    return mp_call_alltoall(mp_blocking(MP_CALL_Alltoallv),
                            mp_side_int(sendbuf, sendcounts, sdispls, sendtype),
                            mp_side_int(recvbuf, recvcounts, rdispls, recvtype), comm);
}
MP_WEAK(Alltoallv);

int PMPI_Alltoallv_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                     MPI_Datatype sendtype, void *recvbuf, const MPI_Count recvcounts[],
                     const MPI_Aint rdispls[], MPI_Datatype recvtype, MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_wide(sendcounts),
                                  mp_displacements_wide(sdispls), sendtype, NULL};
    struct mp_short_sides recv = {recvbuf, mp_counts_wide(recvcounts),
                                  mp_displacements_wide(rdispls), recvtype, NULL};
    int err = mp_short_alltoallv(MP_CALL_Alltoallv_c, &send, &recv, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoallv_c, comm, err);
    }
    return mp_call_alltoall(mp_blocking(MP_CALL_Alltoallv_c),
                            mp_side_wide(sendbuf, sendcounts, sdispls, sendtype),
                            mp_side_wide(recvbuf, recvcounts, rdispls, recvtype), comm);
}
MP_WEAK(Alltoallv_c);

int PMPI_Alltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[],
                   const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[],
                   const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_int(sendcounts), mp_counts_int(sdispls),
                                  MPI_DATATYPE_NULL, sendtypes};
    struct mp_short_sides recv = {recvbuf, mp_counts_int(recvcounts), mp_counts_int(rdispls),
                                  MPI_DATATYPE_NULL, recvtypes};
    int err = sendtypes && recvtypes ? mp_short_alltoallv(MP_CALL_Alltoallw, &send, &recv, comm)
                                     : MP_LONG_WAY;
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoallw, comm, err);
    }
    return mp_call_alltoallw(mp_blocking(MP_CALL_Alltoallw),
                             mp_side_types_int(sendbuf, sendcounts, sdispls, sendtypes),
                             mp_side_types_int(recvbuf, recvcounts, rdispls, recvtypes), comm);
}
MP_WEAK(Alltoallw);

int PMPI_Alltoallw_c(const void *sendbuf, const MPI_Count sendcounts[], const MPI_Aint sdispls[],
                     const MPI_Datatype sendtypes[], void *recvbuf, const MPI_Count recvcounts[],
                     const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm)
{
    struct mp_short_sides send = {sendbuf, mp_counts_wide(sendcounts),
                                  mp_displacements_wide(sdispls), MPI_DATATYPE_NULL, sendtypes};
    struct mp_short_sides recv = {recvbuf, mp_counts_wide(recvcounts),
                                  mp_displacements_wide(rdispls), MPI_DATATYPE_NULL, recvtypes};
    int err = sendtypes && recvtypes ? mp_short_alltoallv(MP_CALL_Alltoallw_c, &send, &recv, comm)
                                     : MP_LONG_WAY;
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Alltoallw_c, comm, err);
    }
    return mp_call_alltoallw(mp_blocking(MP_CALL_Alltoallw_c),
                             mp_side_types_wide(sendbuf, sendcounts, sdispls, sendtypes),
                             mp_side_types_wide(recvbuf, recvcounts, rdispls, recvtypes), comm);
}
MP_WEAK(Alltoallw_c);

int PMPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                int root, MPI_Comm comm)
{
    int err = mp_short_reduce(MP_CALL_Reduce, sendbuf, recvbuf, count, datatype, op, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Reduce, comm, err);
    }
    return mp_call_reduce(mp_blocking(MP_CALL_Reduce), sendbuf, recvbuf, count, datatype, op, root,
                          comm);
}
MP_WEAK(Reduce);

int PMPI_Reduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                  MPI_Op op, int root, MPI_Comm comm)
{
    int err = mp_short_reduce(MP_CALL_Reduce_c, sendbuf, recvbuf, count, datatype, op, root, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Reduce_c, comm, err);
    }
    return mp_call_reduce(mp_blocking(MP_CALL_Reduce_c), sendbuf, recvbuf, count, datatype, op,
                          root, comm);
}
MP_WEAK(Reduce_c);

int PMPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                   MPI_Comm comm)
{
    int err = mp_short_allreduce(MP_CALL_Allreduce, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allreduce, comm, err);
    }
    return mp_call_allreduce(mp_blocking(MP_CALL_Allreduce), sendbuf, recvbuf, count, datatype, op,
                             comm);
}
MP_WEAK(Allreduce);

int PMPI_Allreduce_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                     MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_allreduce(MP_CALL_Allreduce_c, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Allreduce_c, comm, err);
    }
    return mp_call_allreduce(mp_blocking(MP_CALL_Allreduce_c), sendbuf, recvbuf, count, datatype,
                             op, comm);
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

int PMPI_Scan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
              MPI_Comm comm)
{
    int err = mp_short_scan(MP_CALL_Scan, false, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scan, comm, err);
    }
    return mp_call_scan(mp_blocking(MP_CALL_Scan), sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan);

int PMPI_Scan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_scan(MP_CALL_Scan_c, false, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Scan_c, comm, err);
    }
    return mp_call_scan(mp_blocking(MP_CALL_Scan_c), sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Scan_c);

int PMPI_Exscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm)
{
    int err = mp_short_scan(MP_CALL_Exscan, true, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Exscan, comm, err);
    }
    return mp_call_exscan(mp_blocking(MP_CALL_Exscan), sendbuf, recvbuf, count, datatype, op, comm);
}
MP_WEAK(Exscan);

int PMPI_Exscan_c(const void *sendbuf, void *recvbuf, MPI_Count count, MPI_Datatype datatype,
                  MPI_Op op, MPI_Comm comm)
{
    int err = mp_short_scan(MP_CALL_Exscan_c, true, sendbuf, recvbuf, count, datatype, op, comm);
    if (likely(err != MP_LONG_WAY)) {
        return leave_short(MP_CALL_Exscan_c, comm, err);
    }
    return mp_call_exscan(mp_blocking(MP_CALL_Exscan_c), sendbuf, recvbuf, count, datatype, op,
                          comm);
}
MP_WEAK(Exscan_c);

static int reduce_local(int call, const void *inbuf, void *inoutbuf, MPI_Count count,
                        MPI_Datatype datatype, MPI_Op op)
{
    struct mp_datatype *type = NULL;
    struct mp_op *operation = mp_op_get(op);
    int err = mp_enter(call);
    if (err) {
        return err;
    }
    err = mp_check_count(count, "count");
    err = err ? err : mp_check_type(datatype, "datatype", &type);
    if (!err && !operation) {
        err = mp_fail(MPI_ERR_OP, "op is %p, which is no operation, or one that was freed",
                      (void *)op);
    }
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
