# SPDX-License-Identifier: MIT
# lib/boot: a rank's side of the conversation with the launcher.

libmpi_abi_sources += lib/boot/ancestry.c lib/boot/ancestry.h
libmpi_abi_sources += lib/boot/boot.c lib/boot/boot.h
libmpi_abi_sources += lib/boot/foreign.c lib/boot/foreign.h
libmpi_abi_sources += lib/boot/guests.c lib/boot/guests.h
libmpi_abi_sources += lib/boot/lines.c lib/boot/lines.h
libmpi_abi_sources += lib/boot/protocol.h
libmpi_abi_sources += lib/boot/windows.c lib/boot/windows.h

# For programs that are not linked with it; launcher/preload.c says which.
if SHARED
pkglib_LTLIBRARIES = mprun-lines.la
mprun_lines_la_SOURCES = lib/boot/plain.c lib/boot/lines.c lib/boot/lines.h
mprun_lines_la_CFLAGS = $(AM_CFLAGS) $(LIB_CFLAGS)
mprun_lines_la_LDFLAGS = -module -avoid-version -shared
endif
