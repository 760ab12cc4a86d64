// SPDX-License-Identifier: MIT
// The Unix-socket channel: serves where ranks may not share memory, and keeps the channel interface
// honest. Between each pair of ranks that talk lies one stream socket, made on first use.
// Read next: base/channel.h (the contract), boot/protocol.h (how a connection comes about).
#ifndef MP_SOCKET_SOCKET_H
#define MP_SOCKET_SOCKET_H

#include "base/channel.h"

#include <stdatomic.h>
#include <stdbool.h>

struct mp_boot;

// Opens this process's one socket channel. Uses boot's rank, size and control_fd; `boot` must stay
// until the channel is closed. Packets that arrive go to `deliver`. NULL on failure, with errno
// set.
const struct mp_channel *mp_socket_open(struct mp_boot *boot, mp_deliver_fn *deliver);

// A datagram socket that ends sleeps too. What comes by it is taken and thrown away, and counts as
// something that poll did; but not while `is_for` is not 0, for then a thread sleeps, and is to
// find it. Returns 0, or -1 with errno.
int mp_socket_watch(int fd, const _Atomic uint32_t *is_for);

// ---- Guests (boot/guests.h), once the channel is open. Their numbers are there when these are
// called.

// From now on they may come to this process, whose number is `self`. `on_death` is called from
// poll, for each that ended without a farewell or cannot be found. Returns 0, or -1 with errno.
int mp_socket_open_door(int self, void (*on_death)(int peer));

// A guest that was never met, or had gone, may be met again: takes what it had sent, and forgets
// what was. Returns how much happened: others of this rank's threads may wait for that.
int mp_socket_meet(int peer);

// Begins the stream to a guest, if there is none.
void mp_socket_tie(int peer);

// Tells a guest, if there is a stream, that nothing more will come. False: there is no room, call
// again. And whether it has said so itself, or there is none.
bool mp_socket_bye(int peer);
bool mp_socket_has_parted(int peer);

// The same, and ends the stream. False: not all is out yet, call again.
bool mp_socket_part(int peer);

// Ends the stream as it is: the guest is dead. What is sent to it is dropped.
void mp_socket_drop(int peer);

// Nobody can come any more; who has come is told so.
void mp_socket_close_door(void);

// Whether that descriptor ends sleeps when there is something to read: as long as somebody waits
// for it. Returns 0, or -1 with errno.
int mp_socket_await(int fd, bool on);

#endif
