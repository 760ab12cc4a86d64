# SPDX-License-Identifier: MIT
# lib/api: one file per chapter of the standard.

libmpi_abi_sources += \
    lib/api/api.h \
    lib/api/attributes.c \
    lib/api/buffers.c \
    lib/api/check.c \
    lib/api/collectives_blocking.c \
    lib/api/collectives_check.c \
    lib/api/collectives_check.h \
    lib/api/collectives_neighbor.c \
    lib/api/collectives_nonblocking.c \
    lib/api/collectives_persistent.c \
    lib/api/communicators.c \
    lib/api/connecting.c \
    lib/api/datatype_constructors.c \
    lib/api/datatype_contents.c \
    lib/api/datatype_darray.c \
    lib/api/datatype_fortran.c \
    lib/api/datatypes.c \
    lib/api/environment.c \
    lib/api/errors.c \
    lib/api/generalized.c \
    lib/api/groups.c \
    lib/api/handles.c \
    lib/api/hints.c \
    lib/api/infos.c \
    lib/api/life.c lib/api/life.h \
    lib/api/one_sided.c lib/api/one_sided.h \
    lib/api/one_sided_access.c \
    lib/api/one_sided_hints.c \
    lib/api/one_sided_sync.c \
    lib/api/ops.c \
    lib/api/pack.c \
    lib/api/partitions.c \
    lib/api/point_to_point.c \
    lib/api/probes.c \
    lib/api/processes.c \
    lib/api/requests.c lib/api/requests.h \
    lib/api/requests_other.c \
    lib/api/sendrecv.c \
    lib/api/sessions.c \
    lib/api/split_type.c \
    lib/api/statuses.c \
    lib/api/tool.c \
    lib/api/topologies.c \
    lib/api/topologies.h \
    lib/api/topologies_graph.c \
    lib/api/unsupported.c
