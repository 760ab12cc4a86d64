// SPDX-License-Identifier: MIT
// Each rank writes into two pipes of its own. What arrives is cut into lines, and only whole lines
// go out, so that lines of different ranks never mix.
//
// Memory is bounded, whatever ranks print and however slowly it is read. What goes out waits in a
// queue of fixed size (sink.c). A pipe is read only while the queue has room for
// whatever may come of it, so a rank that is faster than our reader is held back by its pipe. A
// line that has begun is kept until its end arrives, but not beyond LINE_MOST: then it goes out as
// if it ended there, and what follows is tagged as a line of its own.
//
// On a terminal a line that has begun and stays so is a prompt, or a dot of progress: it is shown
// after a moment. Then the line on the screen is that rank's: what the rank prints next goes on
// there. If another has something to say first, that begins a new line.
// Read next: sink.c, keeper.c (hands out the pipes), input.c (the other direction).
#define _GNU_SOURCE
#include "launcher/output.h"

#include "base/bits.h"
#include "launcher/report.h"
#include "launcher/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK = 64 << 10,
    LINE_MOST = 64 << 10, // as the manual says
    AROUND = 20,          // tag and newline, and a newline for a line that was shown: "[4095] "
    // What one chunk may become: it ends the line that has begun, and has nothing but empty lines.
    YIELD_MOST = LINE_MOST + CHUNK * AROUND / 2 + AROUND,
    STAYS_MS = 100 // twice that at most
};
_Static_assert(YIELD_MOST <= SINK_ROOM * 3 / 4, "a sink takes more than it needs at once");

// One of our two outputs; only the first if both lead to the same place.
struct side {
    struct sink sink;
    const struct source *shown; // whose line stands there without its end
    int held;                   // how many sources are not read until there is room
};

// The reading end of one pipe.
struct source {
    int fd; // -1 once it ended
    int rank;
    struct side *side;
    uv_poll_t poll;
    bool held;   // not polled until the sink has room
    bool stayed; // nothing came since the last tick
    char *line;  // that has begun; NULL: none has
    size_t length;
    size_t room;
};

static struct {
    int world;              // 0: the first
    struct source *sources; // two for each rank
    int nsources;
    struct side sides[2];
    uv_timer_t tick;
    bool draining;
    void (*done)(void *);
    void *argument;
} output;

static void on_readable(uv_poll_t *poll, int status, int events);
static void on_tick(uv_timer_t *timer);

// ---- Lines

// Writes the line that has begun and then `text`, behind the tag, unless that stands there already.
static void put(struct source *source, const char *text, size_t length, bool ends)
{
    struct side *side = source->side;
    char tag[AROUND + 1];

    if (side->shown != source) {
        const char *begin = side->shown ? "\n" : "";
        char world[12] = "";
        if (output.world > 0)
            snprintf(world, sizeof world, "%d.", output.world);
        int put = snprintf(tag, sizeof tag, "%s[%s%d] ", begin, world, source->rank);
        sink_put(&side->sink, tag, (size_t)put);
    }
    sink_put(&side->sink, source->line, source->length);
    sink_put(&side->sink, text, length);
    if (ends)
        sink_put(&side->sink, "\n", 1);
    side->shown = ends ? NULL : source;
    free(source->line);
    source->line = NULL;
    source->length = source->room = 0;
}

// Keeps the beginning of a line. Returns false if there is no memory for it.
static bool keep(struct source *source, const char *text, size_t length)
{
    if (source->length + length > source->room) {
        size_t room = 2 * (source->length + length);
        char *grown = realloc(source->line, room < LINE_MOST ? room : LINE_MOST);
        if (!grown)
            return false;
        source->line = grown;
        source->room = room < LINE_MOST ? room : LINE_MOST;
    }
    memcpy(source->line + source->length, text, length);
    source->length += length;
    return true;
}

// Takes a part of a line, which ends it or not.
static void take(struct source *source, const char *text, size_t length, bool ends)
{
    while (source->length + length > LINE_MOST) {
        size_t fits = LINE_MOST - source->length;
        put(source, text, fits, true);
        text += fits;
        length -= fits;
    }
    if (ends) {
        put(source, text, length, true);
        return;
    }
    if (length == 0)
        return;
    if (!keep(source, text, length))
        put(source, text, length, true);
    source->stayed = false;
    if (source->side->sink.terminal && !uv_is_active((uv_handle_t *)&output.tick))
        uv_timer_start(&output.tick, on_tick, STAYS_MS, STAYS_MS);
}

// ---- Going out

static void hold(struct source *source, bool held)
{
    if (source->fd < 0 || source->held == held)
        return;
    source->held = held;
    source->side->held += held ? 1 : -1;
    if (held)
        uv_poll_stop(&source->poll);
    else
        uv_poll_start(&source->poll, UV_READABLE, on_readable);
}

static void end_source(struct source *source)
{
    if (source->length > 0 || source->side->shown == source) // the last line lacks its newline
        put(source, "", 0, true);
    hold(source, true);
    source->side->held--;
    close(source->fd);
    source->fd = -1;
}

// A reader that has gone: the ranks shall see it, as if they wrote to it themselves. Anything else
// is no reason to end a job; they would hardly look.
static void note_break(struct side *side)
{
    static bool told;
    int error = side->sink.error;

    for (int i = 0; error == EPIPE && i < output.nsources; i++)
        if (output.sources[i].side == side && output.sources[i].fd >= 0)
            end_source(&output.sources[i]);
    if (error == 0 || error == EPIPE || told)
        return;
    told = true;
    report_line("cannot write what the ranks print: %s; it is lost from here on", strerror(error));
}

// Something may have gone out. Whoever is held waits until there is room for several chunks.
static void note_progress(struct side *side)
{
    note_break(side);
    if (side->held == 0 || sink_room(&side->sink) < (SINK_ROOM + YIELD_MOST) / 2)
        return;
    for (int i = 0; i < output.nsources; i++)
        if (output.sources[i].side == side)
            hold(&output.sources[i], false);
}

static void flush(struct side *side)
{
    sink_flush(&side->sink);
    note_progress(side);
}

// ---- Coming in

// May a chunk be taken from it, whatever that may become?
static bool may_read(struct source *source)
{
    struct side *side = source->side;

    if (sink_room(&side->sink) < YIELD_MOST)
        flush(side); // which may end the source
    return source->fd >= 0 && sink_room(&side->sink) >= YIELD_MOST;
}

// Takes a chunk of what is there. Returns whether there was any.
static bool read_source(struct source *source)
{
    static char chunk[CHUNK];
    ssize_t got;

    do
        got = read(source->fd, chunk, sizeof chunk);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        end_source(source);
        return false;
    }
    const char *at = chunk;
    const char *end = chunk + got;
    for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
        take(source, at, (size_t)(newline - at), true);
    take(source, at, (size_t)(end - at), false);
    return true;
}

// Takes what is left in the pipes, as far as there is room.
static void drain(void)
{
    for (int i = 0; i < output.nsources; i++) {
        struct source *source = &output.sources[i];
        while (may_read(source))
            if (!read_source(source) && source->fd >= 0)
                end_source(source);
    }
    for (int i = 0; i < 2 && output.nsources > 0; i++)
        flush(&output.sides[i]);
    for (int i = 0; i < output.nsources; i++)
        if (output.sources[i].fd >= 0)
            return;
    if (output.sides[0].sink.length > 0 || output.sides[1].sink.length > 0)
        return;
    void (*done)(void *) = output.done;
    output.done = NULL;
    if (done)
        done(output.argument);
}

static void on_progress(struct sink *sink)
{
    note_progress(mp_container_of(sink, struct side, sink));
    if (output.draining)
        drain();
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct source *source = poll->data;

    (void)status;
    (void)events;
    if (!may_read(source)) {
        hold(source, true);
        return;
    }
    read_source(source);
    flush(source->side);
}

// Shows what has stayed since the last tick.
static void on_tick(uv_timer_t *timer)
{
    bool more = false;

    for (int i = 0; i < output.nsources; i++) {
        struct source *source = &output.sources[i];
        if (source->length == 0 || !source->side->sink.terminal)
            continue;
        if (source->stayed && may_read(source)) {
            put(source, "", 0, false);
            flush(source->side);
        } else {
            source->stayed = true;
            more = true;
        }
    }
    if (!more)
        uv_timer_stop(timer);
}

// ---- From start to end

int output_prepare(int world, int nranks)
{
    output.world = world;
    output.sources = calloc((size_t)(2 * nranks), sizeof *output.sources);
    if (!output.sources)
        return -1;
    output.nsources = 2 * nranks;
    for (int i = 0; i < output.nsources; i++)
        output.sources[i].fd = -1;
    return 0;
}

int output_open(int rank, int fds[3])
{
    for (int i = 0; i < 2 && output.nsources > 0; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return -1;
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        output.sources[2 * rank + i] =
            (struct source){.fd = ends[0], .rank = rank, .side = &output.sides[i]};
        fds[1 + i] = ends[1];
    }
    return 0;
}

void output_start(uv_loop_t *loop)
{
    struct stat out;
    struct stat err;

    if (output.nsources == 0)
        return;
    uv_timer_init(loop, &output.tick);
    sink_open(&output.sides[0].sink, STDOUT_FILENO, loop, on_progress);
    bool same = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
                out.st_dev == err.st_dev && out.st_ino == err.st_ino;
    if (!same)
        sink_open(&output.sides[1].sink, STDERR_FILENO, loop, on_progress);
    for (int i = 0; i < output.nsources; i++) {
        struct source *source = &output.sources[i];
        if (source->fd < 0)
            continue;
        if (same)
            source->side = &output.sides[0];
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
    if (!output.draining && output.nsources > 0)
        uv_timer_stop(&output.tick);
    output.draining = true;
    drain();
}

bool output_has_reader(void)
{
    struct pollfd question = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&question, 1, 0) <= 0 || !(question.revents & (POLLERR | POLLHUP));
}

int output_status(void)
{
    int status = 0;

    for (int i = 0; i < 2 && output.nsources > 0; i++) {
        if (output.sides[i].sink.error == EPIPE && status == 0)
            status = 128 + SIGPIPE;
        else if (output.sides[i].sink.error != 0 && output.sides[i].sink.error != EPIPE)
            status = EXIT_FAILURE;
    }
    return status;
}
