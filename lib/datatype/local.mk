# SPDX-License-Identifier: MIT
# lib/datatype: what lies where in a buffer.

libmpi_abi_sources += lib/datatype/counts.h
libmpi_abi_sources += lib/datatype/datatype.c
libmpi_abi_sources += lib/datatype/datatype.h
libmpi_abi_sources += lib/datatype/datatype_f90.c
libmpi_abi_sources += lib/datatype/datatype_f90.h
libmpi_abi_sources += lib/datatype/datatype_form.c
libmpi_abi_sources += lib/datatype/datatype_form.h
libmpi_abi_sources += lib/datatype/datatype_kernels.c
libmpi_abi_sources += lib/datatype/datatype_kernels.h
libmpi_abi_sources += lib/datatype/datatype_layout.h
libmpi_abi_sources += lib/datatype/datatype_make.c
libmpi_abi_sources += lib/datatype/datatype_make.h
libmpi_abi_sources += lib/datatype/datatype_move.c
libmpi_abi_sources += lib/datatype/datatype_predefined.c
libmpi_abi_sources += lib/datatype/datatype_signature.c
libmpi_abi_sources += lib/datatype/datatype_signature.h
libmpi_abi_sources += lib/datatype/datatype_walk.c
libmpi_abi_sources += lib/datatype/datatype_wire.c
libmpi_abi_sources += lib/datatype/datatype_wire.h
