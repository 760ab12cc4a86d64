// SPDX-License-Identifier: MIT
// A ring of bytes before a descriptor. Standard output may be shared with other programs, so its
// mode is not ours to change (watch.c). Where it cannot be opened once more, a socket for example,
// a write is tried only when poll(2) says that there is room, and with no more than a pipe with
// room is sure to take. Read next: output.c, which fills the rings; watch.c.
#define _GNU_SOURCE
#include "launcher/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

size_t sink_room(const struct sink *sink)
{
    return SINK_ROOM - sink->length;
}

void sink_put(struct sink *sink, const char *data, size_t length)
{
    size_t at = (sink->first + sink->length) % SINK_ROOM;
    size_t to_end = SINK_ROOM - at < length ? SINK_ROOM - at : length;

    if (sink->error != 0 || length == 0)
        return;
    memcpy(sink->ring + at, data, to_end);
    memcpy(sink->ring, data + to_end, length - to_end);
    sink->length += length;
}

static ssize_t write_some(struct sink *sink)
{
    size_t to_end = SINK_ROOM - sink->first;
    struct iovec parts[2] = {{sink->ring + sink->first, sink->length}, {sink->ring, 0}};

    if (sink->length > to_end) {
        parts[0].iov_len = to_end;
        parts[1].iov_len = sink->length - to_end;
    }
    if (sink->kind != WATCH_SHARED)
        return writev(sink->fd, parts, parts[1].iov_len > 0 ? 2 : 1);
    struct pollfd question = {.fd = sink->fd, .events = POLLOUT};
    if (poll(&question, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(sink->fd, parts[0].iov_base,
                 parts[0].iov_len < PIPE_BUF ? parts[0].iov_len : PIPE_BUF);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct sink *sink = poll->data;

    (void)status;
    (void)events;
    sink_flush(sink);
    sink->on_progress(sink);
}

static void wait_for_room(struct sink *sink, bool wait)
{
    if (wait == (uv_is_active((uv_handle_t *)&sink->poll) != 0))
        return;
    if (wait)
        uv_poll_start(&sink->poll, sink->kind == WATCH_SHARED ? UV_READABLE : UV_WRITABLE,
                      on_writable);
    else
        uv_poll_stop(&sink->poll);
}

void sink_flush(struct sink *sink)
{
    while (sink->length > 0) {
        ssize_t wrote = write_some(sink);
        if (wrote >= 0) {
            sink->first = (sink->first + (size_t)wrote) % SINK_ROOM;
            sink->length -= (size_t)wrote;
        } else if (errno == EAGAIN && sink->kind != WATCH_NONE) {
            break;
        } else if (errno != EINTR) {
            sink->error = errno;
            sink->length = 0;
        }
    }
    if (sink->length == 0)
        sink->first = 0; // the same few pages again and again
    wait_for_room(sink, sink->length > 0);
}

void sink_open(struct sink *sink, int fd, uv_loop_t *loop, void (*on_progress)(struct sink *sink))
{
    struct stat status;

    sink->fd = fd;
    sink->on_progress = on_progress;
    sink->kind = WATCH_NONE;
    sink->terminal = isatty(fd);
    if (fstat(fd, &status) != 0 || S_ISREG(status.st_mode))
        return;
    sink->kind = watch_open(loop, &sink->poll, &sink->fd, O_WRONLY);
    sink->poll.data = sink;
}
