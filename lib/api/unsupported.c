// SPDX-License-Identifier: MIT
//
// The functions of the standard that are not built yet: lib/base/unsupported.def lists them. They
// are exported with their signatures, so that programs and tools link, and raise
// MPI_ERR_UNSUPPORTED_OPERATION in their own name: none returns success without having done its
// work. See tool.c for MPI_T, which never raises.

#include "api/api.h"
#include "base/calls.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define UNSUPPORTED_ON(name, parameters, raise_on)       \
    int PMPI_##name parameters                           \
    {                                                    \
        return mp_unsupported(MP_CALL_##name, raise_on); \
    }                                                    \
    MP_WEAK(name);
#define UNSUPPORTED(name, parameters) UNSUPPORTED_ON(name, parameters, MPI_COMM_SELF)
#include "base/unsupported.def"
