# SPDX-License-Identifier: MIT
# lib/socket: the Unix-socket channel.

libmpi_abi_sources += lib/socket/door.c lib/socket/door.h
libmpi_abi_sources += lib/socket/guest_streams.c lib/socket/streams.h
libmpi_abi_sources += lib/socket/socket.c lib/socket/socket.h
