// SPDX-License-Identifier: MIT
// The Unix-socket channel: serves where ranks may not share memory, and keeps the channel interface
// honest. Between each pair of ranks that talk lies one stream socket, made on first use.
// Read next: base/channel.h (the contract), boot/protocol.h (how a connection comes about).
#ifndef MP_SOCKET_SOCKET_H
#define MP_SOCKET_SOCKET_H

#include "base/channel.h"

#include <stdatomic.h>

struct mp_boot;

// Opens this process's one socket channel. Uses boot's rank, size and control_fd; `boot` must stay
// until the channel is closed. Packets that arrive go to `deliver`. NULL on failure, with errno
// set.
const struct mp_channel *mp_socket_open(struct mp_boot *boot, mp_deliver_fn *deliver);

// A datagram socket that ends sleeps too. What comes by it is taken and thrown away, and counts as
// something that poll did; but not while `is_for` is not 0, for then a thread sleeps, and is to
// find it. Returns 0, or -1 with errno.
int mp_socket_watch(int fd, const _Atomic uint32_t *is_for);

#endif
