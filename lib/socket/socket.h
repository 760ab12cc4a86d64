// SPDX-License-Identifier: MIT
// The Unix-socket channel: serves where ranks may not share memory, and keeps the channel interface
// honest. Between each pair of ranks that talk lies one stream socket, made on first use.
// Read next: base/channel.h (the contract), boot/protocol.h (how a connection comes about).
#ifndef MP_SOCKET_SOCKET_H
#define MP_SOCKET_SOCKET_H

#include "base/channel.h"
#include "boot/guests.h"

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

// What this process tells a guest of its memory; its descriptors, at most so many, go along. `made`
// is closed then, -1: none is.
enum { MP_TOLD_FDS = 3 };
struct mp_told {
    struct mp_shares shares;
    int fds[MP_TOLD_FDS], count, made;
};

// What is handed down, to be called from poll.
struct mp_guest_calls {
    // For each that ended without a farewell or cannot be found.
    void (*died)(int peer);
    // Whether the two may share memory is found out when they have a stream, before any packet:
    // says what this process has, or false; what the guest has said, or false if that cannot be
    // used; and what has come of it. `first`: this process has made the stream, and speaks first.
    bool (*tell)(int peer, bool first, struct mp_told *told);
    bool (*hear)(int peer, bool first, const struct mp_told *told);
    void (*settled)(int peer, bool near);
    // The stream has ended. `whole`: the guest has sent all that it will.
    void (*ended)(int peer, bool whole);
};

// From now on they may come to this process, whose number is `self`. Returns 0, or -1 with errno.
int mp_socket_open_door(int self, const struct mp_guest_calls *calls);

// A guest that was never met, or had gone, may be met again: takes what it had sent, and forgets
// what was. Returns how much happened: others of this rank's threads may wait for that.
int mp_socket_meet(int peer);

// Begins the stream to a guest, if there is none.
void mp_socket_tie(int peer);

// Whether it is known what a guest and this process share, or that there will be no stream between
// the two. `ask`: begins one, if there is none yet.
bool mp_socket_is_settled(int peer, bool ask);

// Whether a guest lives, as far as its stream tells, which does before its process id can be
// another one's.
bool mp_socket_is_there(int peer);

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
