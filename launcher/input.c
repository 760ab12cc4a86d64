// SPDX-License-Identifier: MIT
// Standard input. The usual case costs nothing: rank 0 inherits the descriptor, a terminal
// included, and all others inherit /dev/null. For --stdin all, each rank reads from a pipe and gets
// everything. The fastest of them sets the pace: as soon as somebody has had all, more is read.
// What the others have not had yet is kept for them.
// Read next: spool.c (where it is kept), output.c, keeper.c.
#define _GNU_SOURCE
#include "launcher/input.h"

#include "launcher/options.h"
#include "launcher/report.h"
#include "launcher/spool.h"
#include "launcher/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BURST = 16 }; // chunks, before other events have their turn

struct target {
    int fd;            // -1: it reads no more
    uint64_t position; // in the stream: what it has had
    uv_poll_t poll;
};

static struct {
    int reader;
    int nranks;
    int fd; // mprun's standard input, moved out of the way; -1: none, or ended
    enum watch kind;
    uv_poll_t poll;
    uv_timer_t again;
    struct target *targets;
    void (*on_failure)(void *);
    void *argument;
} input = {.fd = -1};

static void on_readable(uv_poll_t *poll, int status, int events);
static void copy(bool ready);

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

    if (input.reader == rank && input.fd >= 0) {
        int fd = input.fd;
        input.fd = -1;
        return fd;
    }
    if (input.reader != STDIN_ALL)
        return STDIN_FILENO;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    input.targets[rank].fd = ends[1];
    return ends[0];
}

// ---- To all ranks

static void end_target(struct target *target)
{
    if (target->fd < 0)
        return;
    uv_poll_stop(&target->poll);
    close(target->fd);
    target->fd = -1;
}

static void end_reading(void)
{
    if (input.fd < 0)
        return;
    if (input.kind != WATCH_NONE)
        uv_poll_stop(&input.poll);
    close(input.fd);
    input.fd = -1;
}

void input_stop(void)
{
    if (input.targets)
        uv_timer_stop(&input.again);
    end_reading();
    for (int i = 0; input.targets && i < input.nranks; i++)
        end_target(&input.targets[i]);
}

static void fail(void)
{
    input_stop();
    input.on_failure(input.argument);
}

static void fail_to_keep(int rank, int error)
{
    const char *folder = getenv("TMPDIR");

    report_line("cannot keep the standard input that rank %d has not read yet, in %s: %s", rank,
                folder && *folder ? folder : "/tmp", strerror(error));
    fail();
}

// What does not say EAGAIN is read once for each event that says that something is there.
static bool never_blocks(void)
{
    return input.kind != WATCH_SHARED;
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    copy(never_blocks());
}

// Until it takes more.
static bool waits(const struct target *target)
{
    return uv_is_active((const uv_handle_t *)&target->poll);
}

// Gives one rank what it takes without waiting, and the end when it has had all. Returns 0, or an
// errno if what was kept for it is lost.
static int serve(struct target *target)
{
    while (target->fd >= 0 && !waits(target) && target->position < spool_end()) {
        const char *data;
        size_t length = spool_get(target->position, &data);
        if (length == 0)
            return errno;
        ssize_t wrote = write(target->fd, data, length);
        if (wrote >= 0) {
            target->position += (size_t)wrote;
        } else if (errno == EAGAIN) {
            uv_poll_start(&target->poll, UV_WRITABLE, on_writable);
        } else if (errno != EINTR) {
            end_target(target); // it reads no more
        }
    }
    if (input.fd < 0 && target->position == spool_end())
        end_target(target);
    return 0;
}

// Serves everybody. Returns the rank that is furthest behind, or -1 if none reads any more, or all
// is lost. *hungry: somebody has had all there is.
static int serve_all(bool *hungry)
{
    int last = -1;

    *hungry = false;
    for (int i = 0; i < input.nranks; i++) {
        struct target *target = &input.targets[i];
        int error = serve(target);
        if (error != 0) {
            fail_to_keep(i, error);
            return -1;
        }
        if (target->fd < 0)
            continue;
        if (last < 0 || target->position < input.targets[last].position)
            last = i;
        *hungry = *hungry || target->position == spool_end();
    }
    return last;
}

// Reads a chunk, if one is there. Returns whether to go on at once.
static bool read_chunk(int last)
{
    static char chunk[SPOOL_CHUNK];
    ssize_t got;

    do
        got = read(input.fd, chunk, sizeof chunk);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        int error = spool_put(chunk, (size_t)got);
        if (error != 0)
            fail_to_keep(last, error);
        return error == 0;
    }
    if (got == 0) {
        end_reading();
        return true;
    }
    if (errno != EAGAIN) {
        report_line("cannot read standard input: %s", strerror(errno));
        fail();
    }
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
    copy(true);
}

static void on_again(uv_timer_t *timer)
{
    (void)timer;
    copy(never_blocks());
}

// Copies what goes without waiting; events continue here. `ready`: a read will not wait.
static void copy(bool ready)
{
    bool hungry;

    for (int chunks = 0;; chunks++) {
        int last = serve_all(&hungry);
        if (last < 0) {
            input_stop();
            return;
        }
        spool_forget(input.targets[last].position);
        if (!hungry || input.fd < 0 || !ready)
            break;
        if (chunks == BURST) {
            uv_timer_start(&input.again, on_again, 0, 0);
            return;
        }
        if (!read_chunk(last))
            break;
        ready = never_blocks();
    }
    if (input.kind == WATCH_NONE || input.fd < 0)
        return;
    if (hungry)
        uv_poll_start(&input.poll, UV_READABLE, on_readable);
    else
        uv_poll_stop(&input.poll);
}

void input_start(uv_loop_t *loop, void (*on_failure)(void *), void *argument)
{
    if (input.reader != STDIN_ALL)
        return;
    input.on_failure = on_failure;
    input.argument = argument;
    uv_timer_init(loop, &input.again);
    for (int i = 0; i < input.nranks; i++) {
        struct target *target = &input.targets[i];
        if (target->fd < 0)
            continue;
        if (uv_poll_init(loop, &target->poll, target->fd) != 0)
            abort();
    }
    if (input.fd >= 0) {
        int inherited = input.fd;
        if (lseek(input.fd, 0, SEEK_CUR) < 0) // a file: opened anew it would start at its beginning
            input.kind = watch_open(loop, &input.poll, &input.fd, O_RDONLY);
        if (input.fd != inherited)
            close(inherited);
    }
    copy(never_blocks());
}
