// SPDX-License-Identifier: MIT
// How processes of different worlds find each other: by sockets with a name that is in no file
// system (unix(7), abstract), and gone with whoever opened it. Each process that has met others has
// a door, whose name follows from its card, so nobody need tell it. Anybody on the machine could
// come there, or take a name before us: so both ends look who the other is, and deal with processes
// of the same user only.
#ifndef MP_SOCKET_DOOR_H
#define MP_SOCKET_DOOR_H

#include "boot/guests.h"

#include <stdbool.h>
#include <stddef.h>

enum { MP_DOOR_NAME = 107 }; // longest name, with the 0

// What somebody who comes to a door says first.
enum mp_call_at_door {
    MP_DOOR_STREAM = 1, // this is the stream between us
    MP_DOOR_KNOCK       // come to mine: of two, the one that is before the other makes the stream
};

// A listening socket of that name, nonblocking, close-on-exec; -1 with errno.
int mp_door_listen(const char *name);

// Connects to that name: a blocking socket, close-on-exec. -1 with errno: ECONNREFUSED, nobody is
// there; EACCES, it is another user.
int mp_door_connect(const char *name);

// Takes one connection: a blocking socket, close-on-exec, on which nobody waits for long. -1 with
// errno, EAGAIN: there is none now.
int mp_door_accept(int listening);

// The same between processes that know each other's cards. mp_door_call returns the stream. What
// mp_door_answer takes has said what it comes for, to us and nobody else.
int mp_door_open(const struct mp_card *own);
int mp_door_call(const struct mp_card *own, const struct mp_card *to, enum mp_call_at_door call);
int mp_door_answer(int listening, const struct mp_card *own, struct mp_card *from,
                   enum mp_call_at_door *call);

// Asks mprun's warden for something (boot/protocol.h), with head->bytes of strings. Returns the
// socket that the answer comes by; -1 with errno.
struct mp_spawn_head;
int mp_door_ask(const char *warden, struct mp_spawn_head *head, const char *strings);

#endif
