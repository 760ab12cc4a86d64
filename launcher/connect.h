// SPDX-License-Identifier: MIT
// Connections between ranks, made on request. See connect.c.
#ifndef MPRUN_CONNECT_H
#define MPRUN_CONNECT_H

#include <stdbool.h>
#include <uv.h>

// Prepares to serve `nranks` ranks. Not called when the channel needs no connections; then nothing
// below has any effect. Returns 0, or -1 with errno.
int connect_prepare(int nranks);

// The rank's end of its control socket, close-on-exec, the caller's; -1 with errno 0 when there is
// none, and with another errno when it cannot be made.
int connect_open(int rank);

// From now on requests are served by events of `loop`. Returns 0 or an error of libuv.
int connect_start(uv_loop_t *loop);

// Whether nothing that a rank has asked for waits to be handed on.
bool connect_is_idle(void);

// Makes the rank look again, if it sleeps.
void connect_nudge(int rank);

// Ends all control sockets.
void connect_stop(void);

#endif
