# SPDX-License-Identifier: MIT
# lib/socket: the Unix-socket channel.

libmpi_abi_sources += lib/socket/socket.c lib/socket/socket.h
