# SPDX-License-Identifier: MIT
# lib/wait: progress and waiting.

libmpi_abi_sources += lib/wait/progress.c
libmpi_abi_sources += lib/wait/progress.h
libmpi_abi_sources += lib/wait/record.c
libmpi_abi_sources += lib/wait/record.h
libmpi_abi_sources += lib/wait/spread.c
libmpi_abi_sources += lib/wait/spread.h
