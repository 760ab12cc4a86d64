// SPDX-License-Identifier: MIT
// Reading and writing a peer's memory through the kernel. How permission is found out: the kernel
// checks it before it looks at any address, so asking for a byte of the page at 0, which nobody
// has, is answered by EFAULT where we may and by EPERM (or ENOSYS, from a container's filter) where
// not.
#define _GNU_SOURCE
#include "process/remote.h"

#include "boot/guests.h"
#include "process/peers.h"
#include "socket/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>

unsigned mp_remote_losses;

static bool denied;    // once is enough: no peer is asked for again
static bool read_only; // valgrind cannot know that a peer wrote into its program's memory

void mp_remote_open(void)
{
    const char *wish = getenv("MPRUN_CMA");
    const char *preloaded = getenv("LD_PRELOAD");

    denied = wish && strcmp(wish, "0") == 0;
    read_only = preloaded && strstr(preloaded, "vgpreload");
    // Peers may do that here also where Yama allows it to ancestors only.
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
}

// Of a guest there may be others, so what the kernel says is said of that one.
static void refused(int world)
{
    if (mp_is_guest(world)) {
        mp_shm_peers[world].remote = -1;
    } else {
        denied = true;
    }
}

static pid_t pid_of(int world)
{
    return atomic_load_explicit(&mp_shm_peers[world].board->pid, memory_order_relaxed);
}

bool mp_remote_can(int world)
{
    if (denied || read_only || mp_shm_peers[world].remote) {
        return !denied && !read_only && mp_shm_peers[world].remote > 0;
    }
    // Acquire: pairs with the release in mp_process_count_user, after mp_remote_open over there.
    const struct mp_board *board = mp_shm_peers[world].board;
    if (atomic_load_explicit(&board->state, memory_order_acquire) == MP_RANK_STARTING) {
        return false;
    }
    char byte;
    struct iovec local = {&byte, 1}, nowhere = {NULL, 1};
    if (process_vm_readv(pid_of(world), &local, 1, &nowhere, 1, 0) >= 0 || errno == EFAULT) {
        mp_shm_peers[world].remote = 1;
        return true;
    }
    if (errno != ESRCH) { // that it has died the launcher will tell
        refused(world);
    }
    return false;
}

// This process goes on when a guest dies, whose process id may be another one's after that. Its
// stream ends before.
static bool is_there(int world)
{
    return likely(!mp_is_guest(world)) || mp_socket_is_there(world);
}

static bool move(int world, uint64_t address, void *local_address, size_t bytes, bool write)
{
    char *place = local_address;
    pid_t pid = pid_of(world);

    if (denied || !is_there(world)) {
        return false;
    }
    while (bytes > 0) {
        struct iovec local = {place, bytes};
        struct iovec remote = {(void *)(uintptr_t)address, bytes};
        ssize_t moved = write ? process_vm_writev(pid, &local, 1, &remote, 1, 0)
                              : process_vm_readv(pid, &local, 1, &remote, 1, 0);
        if (moved <= 0) {
            // Anything else is said about this address, or this moment.
            if (moved < 0 && (errno == EPERM || errno == ENOSYS || errno == EACCES)) {
                refused(world);
                mp_remote_lost();
            }
            return false;
        }
        place += moved;
        address += (uint64_t)moved;
        bytes -= (size_t)moved;
    }
    return is_there(world);
}

bool mp_remote_read(int world, uint64_t address, void *to, size_t bytes)
{
    return move(world, address, to, bytes, false);
}

bool mp_remote_write(int world, uint64_t address, const void *from, size_t bytes)
{
    return move(world, address, (void *)(uintptr_t)from, bytes, true);
}
