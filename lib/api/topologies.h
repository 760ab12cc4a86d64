// SPDX-License-Identifier: MIT
// Chapter 8, what its two files share: checks of arguments.
#ifndef MP_API_TOPOLOGIES_H
#define MP_API_TOPOLOGIES_H

#include "api/api.h"
#include "collectives/topology_make.h"
#include "object/topology.h"

int mp_check_intra(MPI_Comm comm, struct mp_comm **out);
int mp_check_topology(MPI_Comm comm, int kind, struct mp_comm **out); // of that kind
int mp_check_member(const struct mp_comm *comm, int rank);            // a rank of it
int mp_check_list(const void *list, int length, const char *name);    // NULL only when empty

#endif
