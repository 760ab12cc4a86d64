# SPDX-License-Identifier: MIT
# lib/boot: a rank's side of the conversation with the launcher.

libmpi_abi_sources += lib/boot/ancestry.c lib/boot/ancestry.h lib/boot/boot.c lib/boot/boot.h lib/boot/foreign.c lib/boot/foreign.h \
    lib/boot/protocol.h
