// SPDX-License-Identifier: MIT
// A peer's memory with the kernel's help (cross-memory attach: process_vm_readv and its twin), for
// what does not lie in the shared heap. Whether the kernel allows that is found out once per peer.
// `MPRUN_CMA=0` does without. Read next: message/rendezvous.c, collectives/shm_memory.h.
#ifndef MP_PROCESS_REMOTE_H
#define MP_PROCESS_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Looks at the environment. Once, when the shared-memory channel is opened.
void mp_remote_open(void);

// True once this process is known to be allowed to read and write the memory of rank `world`; it
// asks the kernel if need be. False also while that rank is not ready to be asked about.
bool mp_remote_can(int world);

// Grows whenever it is found out that a rank, this one or a peer, may not do what it could do
// before: what was concluded from mp_remote_can is to be concluded again.
extern unsigned mp_remote_losses;
static inline void mp_remote_lost(void)
{
    mp_remote_losses++;
}

// Copies `bytes` bytes between this process and the memory of that rank. False where the kernel
// refuses, also after mp_remote_can: a rank may give up rights at any time, and there are rights to
// read without those to write. `to` or the peer's memory may have been written in part.
bool mp_remote_read(int world, uint64_t address, void *to, size_t bytes);
bool mp_remote_write(int world, uint64_t address, const void *from, size_t bytes);

#endif
