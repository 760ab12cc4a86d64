# SPDX-License-Identifier: MIT
# lib/process: this process as a rank.

libmpi_abi_sources += lib/process/child.c
libmpi_abi_sources += lib/process/child.h
libmpi_abi_sources += lib/process/handed.h
libmpi_abi_sources += lib/process/hardware.c
libmpi_abi_sources += lib/process/hardware.h
libmpi_abi_sources += lib/process/lock.c
libmpi_abi_sources += lib/process/near_guests.c
libmpi_abi_sources += lib/process/near_guests.h
libmpi_abi_sources += lib/process/peers.c
libmpi_abi_sources += lib/process/peers.h
libmpi_abi_sources += lib/process/process.c
libmpi_abi_sources += lib/process/process.h
libmpi_abi_sources += lib/process/remote.c
libmpi_abi_sources += lib/process/remote.h
