# SPDX-License-Identifier: MIT
# lib/object: what a handle names.

libmpi_abi_sources += lib/object/attribute.c
libmpi_abi_sources += lib/object/attribute.h
libmpi_abi_sources += lib/object/comm.c
libmpi_abi_sources += lib/object/comm.h
libmpi_abi_sources += lib/object/context.c
libmpi_abi_sources += lib/object/context.h
libmpi_abi_sources += lib/object/dims.c
libmpi_abi_sources += lib/object/errhandler.c
libmpi_abi_sources += lib/object/errhandler.h
libmpi_abi_sources += lib/object/error_strings.c
libmpi_abi_sources += lib/object/group.c
libmpi_abi_sources += lib/object/group.h
libmpi_abi_sources += lib/object/info.c
libmpi_abi_sources += lib/object/info.h
libmpi_abi_sources += lib/object/object.c
libmpi_abi_sources += lib/object/object.h
libmpi_abi_sources += lib/object/session.c
libmpi_abi_sources += lib/object/session.h
libmpi_abi_sources += lib/object/status.h
libmpi_abi_sources += lib/object/topology.c
libmpi_abi_sources += lib/object/topology.h
