# SPDX-License-Identifier: MIT
# lib/heap: the ranks' shared heap.

libmpi_abi_sources += lib/heap/extents.c lib/heap/extents.h lib/heap/guest_areas.c \
    lib/heap/guest_areas.h lib/heap/heap.c lib/heap/heap.h lib/heap/malloc.c \
    lib/heap/program_data.c lib/heap/program_data.h lib/heap/sparse.c lib/heap/sparse.h
