// SPDX-License-Identifier: MIT
// Waiting for a descriptor that mprun shares with other programs. See watch.c.
#ifndef MPRUN_WATCH_H
#define MPRUN_WATCH_H

#include <uv.h>

enum watch {
    WATCH_NONE,  // cannot be waited for: a file, a device that is always ready
    WATCH_OWN,   // opened once more for ourselves, without blocking
    WATCH_SHARED // cannot be opened again: `poll` becomes readable when it is ready
};

// Prepares `poll`, whose data the caller sets, for waiting until *fd can be read (`mode` O_RDONLY)
// or written (O_WRONLY). The mode of *fd stays as it is. With WATCH_OWN *fd becomes a new one.
enum watch watch_open(uv_loop_t *loop, uv_poll_t *poll, int *fd, int mode);

#endif
