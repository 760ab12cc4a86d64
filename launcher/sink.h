// SPDX-License-Identifier: MIT
// Where tagged output goes: one of mprun's own descriptors behind a queue of fixed size. Writing
// never waits, as far as that can be had. See sink.c.
#ifndef MPRUN_SINK_H
#define MPRUN_SINK_H

#include "launcher/watch.h"

#include <stdbool.h>
#include <stddef.h>

enum { SINK_ROOM = 1 << 20 };

struct sink {
    int fd;
    enum watch kind; // NONE: written to at once; SHARED: poll(2) is asked before each short write
    bool terminal;
    int error; // what ended it, an errno; afterwards everything is thrown away. 0: none
    uv_poll_t poll;
    void (*on_progress)(struct sink *sink); // an event has written something, or it broke
    size_t first, length;                   // what waits in the ring
    char ring[SINK_ROOM];
};

// Makes a sink of descriptor `fd`, which stays the caller's.
void sink_open(struct sink *sink, int fd, uv_loop_t *loop, void (*on_progress)(struct sink *sink));

// How much it takes.
size_t sink_room(const struct sink *sink);

// Queues that much, which there must be room for.
void sink_put(struct sink *sink, const char *data, size_t length);

// Writes what goes without waiting; events write the rest.
void sink_flush(struct sink *sink);

#endif
