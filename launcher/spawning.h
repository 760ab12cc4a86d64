// SPDX-License-Identifier: MIT
// What a rank asks for that wants a world to be started. See spawning.c.
#ifndef MPRUN_SPAWNING_H
#define MPRUN_SPAWNING_H

#include "boot/protocol.h"
#include "launcher/options.h"

#include <stdbool.h>

// Reads the head of a request (boot/protocol.h) from a socket. False: there is none, or it makes no
// sense.
bool spawning_read_head(int fd, struct mp_spawn_head *head);

// And what follows it for a world. *options, those that mprun was given, become that world's; or
// say in their `error` why there can be none. False: it makes no sense.
bool spawning_read(int fd, const struct mp_spawn_head *head, struct options *options);

#endif
