# SPDX-License-Identifier: MIT
# lib/heap: the ranks' shared heap.

libmpi_abi_sources += lib/heap/extents.c lib/heap/extents.h lib/heap/heap.c lib/heap/heap.h \
    lib/heap/malloc.c
