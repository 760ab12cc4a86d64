// SPDX-License-Identifier: MIT
// What of the machine this process is restricted to: its CPU affinity, held against what the kernel
// tells of packages, memory nodes, caches and cores. For MPI_Get_hw_resource_info and
// MPI_Comm_split_type. No communication, no state, but for what cannot change.
#ifndef MP_PROCESS_HARDWARE_H
#define MP_PROCESS_HARDWARE_H

#include <stddef.h>

// Types of resources, from the whole machine down. Not all machines have all of them.
enum { MP_HARDWARE_TYPES = 8 };

// "hwloc://NUMANode" and so on: hwloc's names, which other MPIs use too.
const char *mp_hardware_name(int type);

// The type of that name, with or without "hwloc://", whatever the case of the letters; or -1.
int mp_hardware_find(const char *name);

// For every type, which one of its instances this thread is restricted to, as the number of its
// first CPU; MP_HARDWARE_SEVERAL when it may use more than one, MP_HARDWARE_NONE when this machine
// has no such thing, or does not tell.
enum { MP_HARDWARE_SEVERAL = -1, MP_HARDWARE_NONE = -2 };
void mp_hardware_instances(int instances[MP_HARDWARE_TYPES]);

// Bytes of the last-level cache for each CPU that shares it; SIZE_MAX where the machine does not
// tell. Looked up once.
size_t mp_hardware_cache_share(void);

#endif
