// SPDX-License-Identifier: MIT
// Waiting for a descriptor that mprun shares with other programs. See watch.c.
#ifndef MPRUN_WATCH_H
#define MPRUN_WATCH_H

#include <uv.h>

// Prepares `poll`, whose data the caller sets, to become readable when `fd` is ready for
// `epoll_events`. The mode of `fd` stays as it is. Returns 0, or not if `fd` can not be waited for.
int watch_init(uv_loop_t *loop, uv_poll_t *poll, int fd, unsigned epoll_events);

#endif
