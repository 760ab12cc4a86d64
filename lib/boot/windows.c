// SPDX-License-Identifier: MIT
// Windows into the segment. They need its descriptor, which lies there as long as the process does.
// A program may close all descriptors that it does not know, and open something else under the same
// number: then the keeper has the file (boot/ancestry.c), as it has for those that join late.
#include "boot/windows.h"

#include "base/bits.h"
#include "boot/ancestry.h"
#include "boot/protocol.h"
#include "shm/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static struct {
    struct mp_segment_header *segment;
    int fd; // -1: nothing is beyond the head
    struct stat file;
} windows = {.fd = -1};

bool mp_windows_open(struct mp_segment_header *segment, int fd)
{
    windows.segment = segment;
    windows.fd = fd;
    return fd < 0 || (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fstat(fd, &windows.file) == 0);
}

void mp_windows_close(void)
{
    munmap(windows.segment, windows.segment->head_bytes);
    if (windows.fd >= 0) {
        close(windows.fd);
    }
}

static bool is_ours(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 && file.st_dev == windows.file.st_dev &&
           file.st_ino == windows.file.st_ino;
}

// The segment's descriptor, or -1 with errno.
static int find_file(void)
{
    struct mp_ancestry ancestry;

    if (is_ours(windows.fd)) {
        return windows.fd;
    }
    int fd = mp_ancestry_find(&ancestry);
    if (fd >= 0 && !is_ours(fd)) { // the first node's
        close(fd);
        fd = mp_ancestry_open(&ancestry, mp_node_segment_fd((int)windows.segment->node));
    }
    if (fd >= 0 && is_ours(fd)) {
        return windows.fd = fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    errno = EBADF;
    return -1;
}

int mp_windows_file(void)
{
    return windows.fd < 0 ? -1 : find_file();
}

void *mp_window_map_of(int fd, uint64_t offset, uint64_t bytes)
{
    uint64_t start = mp_round_down(offset, PAGE);
    size_t size = offset + bytes - start;
    // Opened afterwards: where the program has locked all its memory to come (mlockall), the system
    // would else fill it with pages.
    char *window = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_NONE, MAP_SHARED, fd, (off_t)start);
    if (window == MAP_FAILED) {
        return NULL;
    }
    if (mprotect(window, size, PROT_READ | PROT_WRITE) != 0) {
        int error = errno;
        munmap(window, size);
        errno = error;
        return NULL;
    }
    return window + (offset - start);
}

void mp_window_unmap(void *at, uint64_t bytes)
{
    uintptr_t start = mp_round_down((uintptr_t)at, PAGE);
    munmap((void *)start, (uintptr_t)at + bytes - start);
}

void *mp_window_map(uint64_t offset, uint64_t bytes)
{
    return windows.fd < 0 ? (char *)windows.segment + offset
                          : mp_window_map_of(find_file(), offset, bytes);
}

const char *mp_window_error(void)
{
    switch (errno) {
    case EBADF:
        return "the program has closed its descriptor, and mprun's own cannot be opened";
    case ENOMEM:
        return "out of memory (is there a limit on address space, ulimit -v?)";
    case EAGAIN:
        return "too much memory is locked (ulimit -l)";
    default:
        return strerror(errno);
    }
}
