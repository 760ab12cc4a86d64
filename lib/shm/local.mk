# SPDX-License-Identifier: MIT
# lib/shm: the shared-memory channel.

libmpi_abi_sources += lib/shm/layout.h lib/shm/ring.h lib/shm/waits.h
