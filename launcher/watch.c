// SPDX-License-Identifier: MIT
// libuv sets what it polls to nonblocking mode. That mode belongs to the open file, which our
// standard input and output share with whoever else has it: the shell, the next program. So libuv
// gets an epoll descriptor, which is readable as soon as the one that it looks at is ready.
// Read next: sink.c and input.c, which do this with what cannot be opened once more.
#define _GNU_SOURCE
#include "launcher/watch.h"

#include <sys/epoll.h>
#include <unistd.h>

int watch_init(uv_loop_t *loop, uv_poll_t *poll, int fd, unsigned epoll_events)
{
    struct epoll_event event = {.events = epoll_events};

    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return -1;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 &&
        uv_poll_init(loop, poll, epoll_fd) == 0)
        return 0;
    close(epoll_fd);
    return -1;
}
