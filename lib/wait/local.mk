# SPDX-License-Identifier: MIT
# lib/wait: progress, requests, locks.

libmpi_abi_sources += lib/wait/lock.c
libmpi_abi_sources += lib/wait/progress.c
libmpi_abi_sources += lib/wait/progress.h
libmpi_abi_sources += lib/wait/request.c
libmpi_abi_sources += lib/wait/request.h
libmpi_abi_sources += lib/wait/spread.c
libmpi_abi_sources += lib/wait/spread.h
