# SPDX-License-Identifier: MIT
# lib/window: one-sided communication (MPI 5.0, chapter 12).

libmpi_abi_sources += lib/window/accumulate.c
libmpi_abi_sources += lib/window/access.h
libmpi_abi_sources += lib/window/epoch.c
libmpi_abi_sources += lib/window/gate.c
libmpi_abi_sources += lib/window/gate.h
libmpi_abi_sources += lib/window/memory.c
libmpi_abi_sources += lib/window/move.c
libmpi_abi_sources += lib/window/remote_access.c
libmpi_abi_sources += lib/window/remote_access.h
libmpi_abi_sources += lib/window/serve.c
libmpi_abi_sources += lib/window/stripes.c
libmpi_abi_sources += lib/window/stripes.h
libmpi_abi_sources += lib/window/window.c
libmpi_abi_sources += lib/window/window.h
libmpi_abi_sources += lib/window/window_waits.c
libmpi_abi_sources += lib/window/window_waits.h
