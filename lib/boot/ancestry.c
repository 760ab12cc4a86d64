// SPDX-License-Identifier: MIT
// Between mprun and its program may stand one that empties the environment (env -i, sudo, a batch
// script) or closes descriptors (Python's subprocess does). But the keeper, which started the rank,
// is still among its ancestors, since orphans of a job go to the keeper too; and it has what it
// handed over still open, where /proc shows it to processes of the same user.
// Read next: boot/boot.c, which asks only when something is missing.
#define _GNU_SOURCE
#include "boot/ancestry.h"

#include "base/file.h"
#include "boot/protocol.h"
#include "shm/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Does this text of a `cmdline` begin with one of mprun's names?
static bool is_mprun(const char *command)
{
    const char *slash = strrchr(command, '/'); // in the first word: the others come behind a 0
    const char *name = slash ? slash + 1 : command;

    return strcmp(name, "mprun") == 0 || strcmp(name, "mpirun") == 0 ||
           strcmp(name, "mpiexec") == 0;
}

bool mp_segment_behind(int fd)
{
    uint64_t magic;
    return pread(fd, &magic, sizeof magic, offsetof(struct mp_segment_header, magic)) ==
               (ssize_t)sizeof magic &&
           magic == MP_SEGMENT_MAGIC;
}

int mp_ancestry_open(const struct mp_ancestry *ancestry, int number)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)ancestry->keeper, number);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fd >= MP_HEAP_FD)
        return fd;
    // The program may have closed all descriptors, and what it opens next is to be its input.
    int error, above = fcntl(fd, F_DUPFD_CLOEXEC, MP_HEAP_FD);
    if (above < 0 && errno == EINVAL) // beyond its limit
        above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    error = errno;
    close(fd);
    errno = error;
    return above;
}

// Is `pid`, which has a keeper's name, a keeper? Returns its segment; or -1.
static int ask_keeper(struct mp_ancestry *ancestry, pid_t pid)
{
    char command[4096];

    ancestry->keeper = pid;
    int fd = mp_ancestry_open(ancestry, MP_SEGMENT_FD);
    if (fd >= 0 && mp_segment_behind(fd))
        return fd;
    // Anybody may call a program so. Its command line may be read by all.
    ancestry->denied = fd < 0 && (errno == EACCES || errno == EPERM) &&
                       mp_file_read(command, sizeof command, "/proc/%d/cmdline", (int)pid) > 0 &&
                       is_mprun(command);
    if (fd >= 0)
        close(fd);
    if (!ancestry->denied)
        ancestry->keeper = 0;
    return -1;
}

int mp_ancestry_find(struct mp_ancestry *ancestry)
{
    char path[32] = "/proc/self/stat"; // its own number, where /proc shows another set of processes
    struct mp_stat stat;

    *ancestry = (struct mp_ancestry){.keeper = 0};
    while (ancestry->count < MP_GENERATIONS && mp_stat_read(&stat, path)) {
        if (ancestry->count > 0 && strcmp(stat.name, MP_KEEPER_NAME) == 0) {
            int fd = ask_keeper(ancestry, stat.pid);
            if (fd >= 0 || ancestry->denied)
                return fd;
        }
        ancestry->pids[ancestry->count++] = stat.pid;
        if (stat.parent <= 1)
            break;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)stat.parent);
    }
    return -1;
}
