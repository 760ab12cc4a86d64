// SPDX-License-Identifier: MIT
// The ABI's status, used as our own: MPI_internal[0] holds the cancelled flag, [2] and [3] the
// count of bytes as 64 bits.
#ifndef MP_OBJECT_STATUS_H
#define MP_OBJECT_STATUS_H

#include "mpi.h"

#include <string.h>

static inline void mp_status_set_bytes(MPI_Status *status, MPI_Count bytes)
{
    memcpy(&status->MPI_internal[2], &bytes, sizeof bytes);
}

static inline MPI_Count mp_status_bytes(const MPI_Status *status)
{
    MPI_Count bytes;
    memcpy(&bytes, &status->MPI_internal[2], sizeof bytes);
    return bytes;
}

static inline void mp_status_set_cancelled(MPI_Status *status, int flag)
{
    status->MPI_internal[0] = flag != 0;
}

static inline int mp_status_cancelled(const MPI_Status *status)
{
    return status->MPI_internal[0];
}

#endif
