// SPDX-License-Identifier: MIT
// Standard input. The usual case costs nothing: rank 0 inherits the descriptor, a terminal
// included, and all others inherit /dev/null. For --stdin all, each rank reads from a pipe and gets
// everything; the slowest of them sets the pace, since what was read must be kept for it.
// Read next: output.c, keeper.c.
#define _GNU_SOURCE
#include "launcher/input.h"

#include "launcher/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

struct target {
    int fd; // -1: it reads no more
    bool waiting;
    size_t written; // of the chunk
    uv_poll_t poll;
};

static struct {
    int reader;
    int nranks;
    int fd;     // mprun's standard input, moved out of the way; -1: none, or ended
    int opened; // the end that the rank being started takes
    bool pollable;
    uv_poll_t poll;
    struct target *targets;
    size_t length; // of the chunk
    char chunk[CHUNK];
} input = {.fd = -1, .opened = -1};

static void on_readable(uv_poll_t *poll, int status, int events);
static void copy(void);

int input_prepare(int reader, int nranks)
{
    input.reader = reader;
    input.nranks = nranks;
    if (reader != STDIN_NONE)
        input.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3); // closed by our parent: stays -1
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return -1;
    if (null != STDIN_FILENO) {
        if (dup2(null, STDIN_FILENO) < 0)
            return -1;
        close(null);
    } else {
        fcntl(null, F_SETFD, 0);
    }
    if (reader == STDIN_ALL) {
        input.targets = calloc((size_t)nranks, sizeof *input.targets);
        if (!input.targets)
            return -1;
        for (int i = 0; i < nranks; i++)
            input.targets[i].fd = -1;
    }
    return 0;
}

int input_open(int rank)
{
    int ends[2];

    if (input.reader == rank && input.fd >= 0)
        return input.fd;
    if (input.reader != STDIN_ALL)
        return STDIN_FILENO;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    input.targets[rank].fd = ends[1];
    input.opened = ends[0];
    return ends[0];
}

void input_opened(int rank)
{
    if (input.reader == rank && input.fd >= 0) {
        close(input.fd); // so that the writer of a pipe learns when that rank is gone
        input.fd = -1;
    }
    if (input.opened >= 0)
        close(input.opened);
    input.opened = -1;
}

// ---- To all ranks

static void end_target(struct target *target)
{
    if (target->fd < 0)
        return;
    uv_poll_stop(&target->poll);
    close(target->fd);
    target->fd = -1;
    target->waiting = false;
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct target *target = poll->data;

    (void)status;
    (void)events;
    uv_poll_stop(poll);
    target->waiting = false;
    copy();
}

// Hands the chunk to everybody. Returns whether all have it.
static bool spread(void)
{
    bool all = true;

    for (int i = 0; i < input.nranks; i++) {
        struct target *target = &input.targets[i];
        while (target->fd >= 0 && !target->waiting && target->written < input.length) {
            ssize_t wrote =
                write(target->fd, input.chunk + target->written, input.length - target->written);
            if (wrote >= 0) {
                target->written += (size_t)wrote;
            } else if (errno == EAGAIN) {
                target->waiting = true;
                uv_poll_start(&target->poll, UV_WRITABLE, on_writable);
            } else if (errno != EINTR) {
                end_target(target); // it reads no more
            }
        }
        all = all && (target->fd < 0 || target->written >= input.length);
    }
    return all;
}

static bool anybody_reads(void)
{
    for (int i = 0; i < input.nranks; i++)
        if (input.targets[i].fd >= 0)
            return true;
    return false;
}

// Spreads the chunk, and reads the next as long as that goes without waiting.
static void copy(void)
{
    for (;;) {
        if (!spread()) {
            if (input.pollable && input.fd >= 0)
                uv_poll_stop(&input.poll);
            return;
        }
        input.length = 0;
        ssize_t got = -1;
        if (input.fd >= 0 && anybody_reads())
            do
                got = read(input.fd, input.chunk, sizeof input.chunk);
            while (got < 0 && errno == EINTR);
        else
            errno = 0;
        if (got < 0 && errno == EAGAIN) {
            uv_poll_start(&input.poll, UV_READABLE, on_readable);
            return;
        }
        if (got <= 0) {
            input_stop();
            return;
        }
        input.length = (size_t)got;
        for (int i = 0; i < input.nranks; i++)
            input.targets[i].written = 0;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
    copy();
}

void input_start(uv_loop_t *loop)
{
    char path[32];

    if (input.reader != STDIN_ALL)
        return;
    for (int i = 0; i < input.nranks; i++) {
        struct target *target = &input.targets[i];
        if (target->fd < 0)
            continue;
        if (uv_poll_init(loop, &target->poll, target->fd) != 0)
            abort();
        target->poll.data = target;
    }
    if (input.fd >= 0) {
        // A description of our own: the mode of the one that we share is not ours to change.
        snprintf(path, sizeof path, "/proc/self/fd/%d", input.fd);
        int own = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0 && lseek(input.fd, 0, SEEK_CUR) < 0) {
            close(input.fd);
            input.fd = own;
        } else if (own >= 0) {
            close(own); // a file: opened anew it would start again from its beginning
        }
        input.pollable = uv_poll_init(loop, &input.poll, input.fd) == 0;
    }
    copy();
}

void input_stop(void)
{
    if (input.fd >= 0) {
        if (input.pollable)
            uv_poll_stop(&input.poll);
        close(input.fd);
        input.fd = -1;
    }
    for (int i = 0; input.targets && i < input.nranks; i++)
        end_target(&input.targets[i]);
}
