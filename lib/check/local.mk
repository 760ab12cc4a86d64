# SPDX-License-Identifier: MIT
# lib/check: mprun --check: what a program does that no call can refuse.

libmpi_abi_sources += lib/check/close.c
libmpi_abi_sources += lib/check/fault.c
libmpi_abi_sources += lib/check/fault.h
libmpi_abi_sources += lib/check/owned.c
libmpi_abi_sources += lib/check/owned.h
libmpi_abi_sources += lib/check/pending.c
libmpi_abi_sources += lib/check/pending.h
libmpi_abi_sources += lib/check/where.c
libmpi_abi_sources += lib/check/where.h
