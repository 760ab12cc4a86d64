// SPDX-License-Identifier: MIT
// libuv sets what it polls to nonblocking mode. That mode belongs to the open file, which our
// standard input and output share with whoever else has it: the shell, the next program. So a
// terminal or a pipe is opened once more, to have a description of our own. What cannot be opened
// (a socket, a terminal of another user) is put into an epoll descriptor, which libuv gets instead:
// that is readable as soon as the one that it looks at is ready.
// Read next: sink.c and input.c, which do this.
#define _GNU_SOURCE
#include "launcher/watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum watch watch_open(uv_loop_t *loop, uv_poll_t *poll, int *fd, int mode)
{
    struct epoll_event event = {.events = mode == O_RDONLY ? EPOLLIN : EPOLLOUT};
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    int own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0 && uv_poll_init(loop, poll, own) == 0) {
        *fd = own;
        return WATCH_OWN;
    }
    if (own >= 0)
        close(own);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, *fd, &event) == 0 &&
        uv_poll_init(loop, poll, epoll_fd) == 0)
        return WATCH_SHARED;
    if (epoll_fd >= 0)
        close(epoll_fd);
    return WATCH_NONE;
}
