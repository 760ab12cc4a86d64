# SPDX-License-Identifier: MIT
# lib/op: reduction operations.

libmpi_abi_sources += lib/op/op.c
libmpi_abi_sources += lib/op/op.h
libmpi_abi_sources += lib/op/op_arithmetic.c
libmpi_abi_sources += lib/op/op_avx2.c
libmpi_abi_sources += lib/op/op_bits.c
libmpi_abi_sources += lib/op/op_kernels.h
libmpi_abi_sources += lib/op/op_location.c
