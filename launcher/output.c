// SPDX-License-Identifier: MIT
// Each rank writes into two pipes of its own. What arrives is cut into lines, and only whole lines,
// of any length, go out, so that lines of different ranks never mix. A rank that writes faster than
// our reader reads is held back by its pipe: while much is waiting to go out, nothing is read.
//
// Our standard output may be shared with other programs, so its mode is not ours to change: a
// terminal or a pipe is opened once more, to have a descriptor of our own that does not block.
// Read next: keeper.c (hands out the pipes), input.c (the other direction).
#define _GNU_SOURCE
#include "launcher/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, HIGH_WATER = 1 << 20 };

struct bytes {
    char *data;
    size_t length;
    size_t room;
};

// One of our two outputs, or the only one if both lead to the same place.
struct sink {
    int fd;
    bool blocking; // a file, or what cannot be opened again: written to directly
    bool broken;   // nobody reads it any more
    bool waiting;  // for the poll to say that there is room
    uv_poll_t poll;
    struct bytes queue;
    size_t written; // of the queue
};

// The reading end of one pipe.
struct source {
    int fd; // -1 once it ended
    int rank;
    struct sink *sink;
    uv_poll_t poll;
    struct bytes partial; // the line that has begun
};

static struct {
    struct source *sources; // two for each rank
    int nsources;
    struct sink sinks[2];
    int writers[2]; // of the rank that is being started
    uv_loop_t *loop;
    bool held; // nothing is read until the sinks have room
    bool draining;
    void (*done)(void *);
    void *argument;
} output = {.writers = {-1, -1}};

static void on_writable(uv_poll_t *poll, int status, int events);
static void on_readable(uv_poll_t *poll, int status, int events);

static void append(struct bytes *to, const char *data, size_t length)
{
    if (length == 0)
        return;
    if (to->length + length > to->room) {
        size_t room = 2 * (to->length + length);
        char *grown = realloc(to->data, room);
        if (!grown)
            abort();
        to->data = grown;
        to->room = room;
    }
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

// ---- Going out

static size_t waiting_in(const struct sink *sink)
{
    return sink->queue.length - sink->written;
}

static void hold(bool held)
{
    output.held = held;
    for (int i = 0; i < output.nsources; i++) {
        struct source *source = &output.sources[i];
        if (source->fd < 0)
            continue;
        if (held)
            uv_poll_stop(&source->poll);
        else
            uv_poll_start(&source->poll, UV_READABLE, on_readable);
    }
}

// Writes as much as goes without waiting.
static void flush(struct sink *sink)
{
    while (waiting_in(sink) > 0 && !sink->broken) {
        ssize_t wrote = write(sink->fd, sink->queue.data + sink->written, waiting_in(sink));
        if (wrote > 0) {
            sink->written += (size_t)wrote;
        } else if (wrote < 0 && errno == EAGAIN && !sink->blocking) {
            if (!sink->waiting)
                uv_poll_start(&sink->poll, UV_WRITABLE, on_writable);
            sink->waiting = true;
            break;
        } else if (wrote < 0 && errno != EINTR) {
            sink->broken = true; // EPIPE, or a full disk: the ranks shall see it as well
        }
    }
    if (waiting_in(sink) == 0 || sink->broken) {
        sink->queue.length = sink->written = 0;
        if (sink->waiting)
            uv_poll_stop(&sink->poll);
        sink->waiting = false;
    }
    bool full = waiting_in(&output.sinks[0]) + waiting_in(&output.sinks[1]) > HIGH_WATER;
    if (full != output.held && !output.draining)
        hold(full);
}

static void call_done_if_dry(void)
{
    if (!output.draining || waiting_in(&output.sinks[0]) > 0 || waiting_in(&output.sinks[1]) > 0)
        return;
    void (*done)(void *) = output.done;
    output.done = NULL;
    if (done)
        done(output.argument);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    flush(poll->data);
    call_done_if_dry();
}

// ---- Coming in

static void put_line(struct source *source, const char *text, size_t length)
{
    char tag[32];
    struct bytes *queue = &source->sink->queue;

    append(queue, tag, (size_t)snprintf(tag, sizeof tag, "[%d] ", source->rank));
    append(queue, source->partial.data, source->partial.length);
    append(queue, text, length);
    append(queue, "\n", 1);
    source->partial.length = 0;
}

static void end_source(struct source *source)
{
    if (source->partial.length > 0) // the last line lacks its newline
        put_line(source, "", 0);
    uv_poll_stop(&source->poll);
    close(source->fd);
    source->fd = -1;
}

// Reads what is there, up to `most` bytes.
static void read_source(struct source *source, size_t most)
{
    static char chunk[CHUNK];

    while (source->fd >= 0 && most > 0) {
        ssize_t got = read(source->fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0 || source->sink->broken) {
            end_source(source);
            return;
        }
        const char *at = chunk;
        const char *end = chunk + got;
        for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at)));
             at = newline + 1)
            put_line(source, at, (size_t)(newline - at));
        append(&source->partial, at, (size_t)(end - at));
        most -= most < (size_t)got ? most : (size_t)got;
        if ((size_t)got < sizeof chunk)
            return; // the pipe is empty now
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct source *source = poll->data;

    (void)status;
    (void)events;
    read_source(source, CHUNK);
    flush(source->sink);
}

// ---- From start to end

void output_prepare(int nranks)
{
    output.nsources = 2 * nranks;
    output.sources = calloc((size_t)output.nsources, sizeof *output.sources);
    if (!output.sources)
        abort();
    for (int i = 0; i < output.nsources; i++)
        output.sources[i].fd = -1;
}

int output_open(int rank, int fds[3])
{
    for (int i = 0; i < 2 && output.nsources > 0; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return -1;
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        output.sources[2 * rank + i] =
            (struct source){.fd = ends[0], .rank = rank, .sink = &output.sinks[i]};
        output.writers[i] = fds[1 + i] = ends[1];
    }
    return 0;
}

void output_opened(void)
{
    for (int i = 0; i < 2; i++) {
        if (output.writers[i] >= 0)
            close(output.writers[i]);
        output.writers[i] = -1;
    }
}

static void open_sink(struct sink *sink, int fd)
{
    struct stat status;
    char path[32];

    sink->fd = fd;
    sink->blocking = true;
    if (fstat(fd, &status) != 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own < 0)
        return;
    if (uv_poll_init(output.loop, &sink->poll, own) != 0) { // /dev/null cannot be waited for
        close(own);
        return;
    }
    sink->poll.data = sink;
    sink->fd = own;
    sink->blocking = false;
}

void output_start(uv_loop_t *loop)
{
    struct stat out;
    struct stat err;

    if (output.nsources == 0)
        return;
    output.loop = loop;
    open_sink(&output.sinks[0], STDOUT_FILENO);
    bool same = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
                out.st_dev == err.st_dev && out.st_ino == err.st_ino;
    if (!same)
        open_sink(&output.sinks[1], STDERR_FILENO);
    for (int i = 0; i < output.nsources; i++) {
        struct source *source = &output.sources[i];
        if (source->fd < 0)
            continue;
        if (same)
            source->sink = &output.sinks[0];
        if (uv_poll_init(loop, &source->poll, source->fd) != 0)
            abort();
        source->poll.data = source;
        uv_poll_start(&source->poll, UV_READABLE, on_readable);
    }
}

void output_drain(void (*done)(void *argument), void *argument)
{
    output.done = done;
    output.argument = argument;
    if (!output.draining) {
        output.draining = true;
        for (int i = 0; i < output.nsources; i++) {
            read_source(&output.sources[i], SIZE_MAX);
            if (output.sources[i].fd >= 0)
                end_source(&output.sources[i]);
        }
        for (int i = 0; i < 2 && output.nsources > 0; i++)
            flush(&output.sinks[i]);
    }
    call_done_if_dry();
}
