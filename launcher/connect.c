// SPDX-License-Identifier: MIT
// Introduces ranks to each other. A rank asks on its control socket for a connection to a peer; we
// make a pair of connected sockets and send one end to each. Both may ask at the same time: the
// first request makes the pair, and whoever asked second finds its answer on the way already.
// A rank that computes does not read, so answers wait in a queue, and never hold up the others.
// Read next: lib/boot/protocol.h (the datagrams), lib/boot/boot.c (the rank's side).
#define _GNU_SOURCE
#include "launcher/connect.h"

#include "base/bits.h"
#include "base/list.h"
#include "boot/protocol.h"
#include "launcher/allowed.h"
#include "launcher/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RETRY_MS = 1 };

// An answer that could not be sent yet.
struct answer {
    struct mp_list link;
    int peer;
    int fd;
};

struct line {
    int fd; // our end of the rank's control socket, -1 when the rank is gone
    int rank;
    uv_poll_t poll;
    struct mp_list answers;
};

static struct {
    int nranks;
    struct line *lines; // one for each rank
    uint64_t *made;     // bit lower * nranks + higher: that pair has its connection
    uv_timer_t retry;
    bool running;
} connect_;

static void on_line(uv_poll_t *poll, int status, int events);

int connect_prepare(int nranks)
{
    size_t bits = (size_t)nranks * (size_t)nranks;

    connect_.nranks = nranks;
    connect_.lines = calloc((size_t)nranks, sizeof *connect_.lines);
    connect_.made = calloc((bits + 63) / 64, sizeof *connect_.made);
    if (!connect_.lines || !connect_.made)
        return -1;
    for (int i = 0; i < nranks; i++) {
        connect_.lines[i].fd = -1;
        connect_.lines[i].rank = i;
        mp_list_init(&connect_.lines[i].answers);
    }
    return 0;
}

int connect_open(int rank)
{
    int ends[2];

    if (connect_.nranks == 0) {
        errno = 0;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    connect_.lines[rank].fd = ends[0];
    return ends[1];
}

static void end_line(struct line *line)
{
    if (line->fd < 0)
        return;
    if (connect_.running)
        uv_poll_stop(&line->poll);
    close(line->fd);
    line->fd = -1;
    while (!mp_list_empty(&line->answers)) {
        struct answer *answer = mp_container_of(line->answers.next, struct answer, link);
        mp_list_remove(&answer->link);
        close(answer->fd); // the peer sees its connection end
        free(answer);
    }
}

// Sends `fd` as the connection to `peer`. Returns 0 or an errno.
static int send_answer(const struct line *line, int peer, int fd)
{
    struct mp_control answer = {.kind = MP_CONTROL_PEER, .peer = peer};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t sent;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    do
        sent = sendmsg(line->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

static void on_retry(uv_timer_t *timer);

// Sends what can be sent, in order. What is left goes when the rank has read some, or, when too
// many descriptors are under way for one user (ETOOMANYREFS), a little later.
static void send_answers(struct line *line)
{
    while (line->fd >= 0 && !mp_list_empty(&line->answers)) {
        struct answer *answer = mp_container_of(line->answers.next, struct answer, link);
        int error = send_answer(line, answer->peer, answer->fd);
        if (error == EAGAIN) {
            uv_poll_start(&line->poll, UV_READABLE | UV_WRITABLE, on_line);
            return;
        }
        if (error == ETOOMANYREFS || error == ENOBUFS || error == ENOMEM) {
            uv_timer_start(&connect_.retry, on_retry, RETRY_MS, 0);
            return;
        }
        if (error != 0) {
            end_line(line);
            return;
        }
        mp_list_remove(&answer->link);
        close(answer->fd);
        free(answer);
    }
    if (line->fd >= 0)
        uv_poll_start(&line->poll, UV_READABLE, on_line);
}

static void on_retry(uv_timer_t *timer)
{
    (void)timer;
    for (int i = 0; i < connect_.nranks; i++)
        if (!mp_list_empty(&connect_.lines[i].answers))
            send_answers(&connect_.lines[i]);
}

static void queue_answer(struct line *line, int peer, int fd)
{
    if (line->fd < 0) { // the rank is gone: the other end will see that
        close(fd);
        return;
    }
    struct answer *answer = malloc(sizeof *answer);
    if (!answer) { // the rank would wait for ever: ending its line makes it fail instead
        close(fd);
        end_line(line);
        return;
    }
    answer->peer = peer;
    answer->fd = fd;
    mp_list_insert(&line->answers, &answer->link);
}

static void introduce(struct line *from, int peer)
{
    if (peer < 0 || peer >= connect_.nranks || peer == from->rank)
        return;
    struct line *to = &connect_.lines[peer];
    size_t lower = (size_t)(from->rank < peer ? from->rank : peer);
    size_t higher = (size_t)(from->rank < peer ? peer : from->rank);
    size_t bit = lower * (size_t)connect_.nranks + higher;
    uint64_t mask = UINT64_C(1) << bit % 64;
    int ends[2];

    if (connect_.made[bit / 64] & mask)
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        // Out of descriptors. The rank would wait for ever: ending its line makes it fail instead.
        report_line("cannot connect ranks %d and %d: %s%s", from->rank, peer, strerror(errno),
                    allowed_hint(errno));
        end_line(from);
        return;
    }
    connect_.made[bit / 64] |= mask;
    queue_answer(from, peer, ends[0]);
    queue_answer(to, from->rank, ends[1]);
    send_answers(from);
    send_answers(to);
}

static void on_line(uv_poll_t *poll, int status, int events)
{
    struct line *line = poll->data;
    struct mp_control request;

    if (events & UV_WRITABLE)
        send_answers(line);
    while (line->fd >= 0) {
        ssize_t got = recv(line->fd, &request, sizeof request, MSG_DONTWAIT);
        if (got == (ssize_t)sizeof request && request.kind == MP_CONTROL_CONNECT)
            introduce(line, request.peer);
        else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) || status < 0)
            end_line(line);
        else if (got < 0 && errno == EAGAIN)
            break;
    }
}

int connect_start(uv_loop_t *loop)
{
    if (connect_.nranks == 0)
        return 0;
    uv_timer_init(loop, &connect_.retry);
    for (int i = 0; i < connect_.nranks; i++) {
        struct line *line = &connect_.lines[i];
        if (line->fd < 0)
            continue;
        int error = uv_poll_init(loop, &line->poll, line->fd);
        if (error != 0)
            return error;
        line->poll.data = line;
        uv_poll_start(&line->poll, UV_READABLE, on_line);
    }
    connect_.running = true;
    return 0;
}

bool connect_is_idle(void)
{
    for (int i = 0; i < connect_.nranks; i++)
        if (!mp_list_empty(&connect_.lines[i].answers))
            return false;
    return true;
}

void connect_nudge(int rank)
{
    static const struct mp_control nudge = {.kind = MP_CONTROL_NUDGE};

    if (connect_.nranks > 0 && connect_.lines[rank].fd >= 0)
        send(connect_.lines[rank].fd, &nudge, sizeof nudge, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void connect_stop(void)
{
    for (int i = 0; i < connect_.nranks; i++)
        end_line(&connect_.lines[i]);
}
