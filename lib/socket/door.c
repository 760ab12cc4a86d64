// SPDX-License-Identifier: MIT
// Doors: see door.h.
#define _GNU_SOURCE
#include "socket/door.h"

#include "boot/protocol.h"
#include "shm/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, PATIENCE_S = 2 };

struct greeting {
    uint64_t magic;
    uint32_t version;
    uint32_t call; // enum mp_call_at_door
    struct mp_card from, to;
};

static socklen_t fill(struct sockaddr_un *address, const char *name)
{
    size_t length = strnlen(name, MP_DOOR_NAME - 1);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

// Closes a socket, and leaves errno as it was, or as it is given.
static int fail(int fd, int error)
{
    error = error ? error : errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return -1;
}

static bool is_of_this_user(int fd)
{
    struct ucred other;
    socklen_t length = sizeof other;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &length) == 0 && other.uid == geteuid();
}

int mp_door_listen(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = fill(&address, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, BACKLOG) != 0) {
        return fail(fd, 0);
    }
    return fd;
}

int mp_door_connect(const char *name)
{
    struct sockaddr_un address;
    socklen_t length = fill(&address, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        return -1;
    }
    do {
        error = connect(fd, (struct sockaddr *)&address, length);
    } while (error != 0 && errno == EINTR);
    if (error != 0) {
        return fail(fd, 0);
    }
    return is_of_this_user(fd) ? fd : fail(fd, EACCES);
}

int mp_door_accept(int listening)
{
    for (;;) {
        struct timeval patience = {.tv_sec = PATIENCE_S};
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) {
            continue;
        }
        if (fd < 0) {
            return -1;
        }
        if (is_of_this_user(fd)) {
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            return fd;
        }
        close(fd);
    }
}

static void door_name(const struct mp_card *card, char name[MP_DOOR_NAME])
{
    snprintf(name, MP_DOOR_NAME, "mprun-%016llx-%d", (unsigned long long)card->job, card->rank);
}

int mp_door_open(const struct mp_card *own)
{
    char name[MP_DOOR_NAME];

    door_name(own, name);
    return mp_door_listen(name);
}

int mp_door_call(const struct mp_card *own, const struct mp_card *to, enum mp_call_at_door call)
{
    struct greeting greeting = {MP_SEGMENT_MAGIC, MP_SEGMENT_VERSION, (uint32_t)call, *own, *to};
    char name[MP_DOOR_NAME];

    door_name(to, name);
    int fd = mp_door_connect(name);
    if (fd >= 0 && send(fd, &greeting, sizeof greeting, MSG_NOSIGNAL) != sizeof greeting) {
        return fail(fd, 0);
    }
    return fd;
}

// Whoever came says so at once: it was sent right after the connection was made.
int mp_door_answer(int listening, const struct mp_card *own, struct mp_card *from,
                   enum mp_call_at_door *call)
{
    for (;;) {
        struct greeting greeting;
        int fd = mp_door_accept(listening);

        if (fd < 0) {
            return -1;
        }
        if (mp_receive_all(fd, &greeting, sizeof greeting) && greeting.magic == MP_SEGMENT_MAGIC &&
            greeting.version == MP_SEGMENT_VERSION && mp_card_is(&greeting.to, own)) {
            *from = greeting.from;
            *call = (enum mp_call_at_door)greeting.call;
            return fd;
        }
        close(fd);
    }
}

static bool send_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

int mp_door_ask(const char *warden, struct mp_spawn_head *head, const char *strings)
{
    head->magic = MP_SEGMENT_MAGIC;
    head->version = MP_SEGMENT_VERSION;
    int fd = mp_door_connect(warden);
    if (fd >= 0 && (!send_all(fd, head, sizeof *head) || !send_all(fd, strings, head->bytes))) {
        return fail(fd, 0);
    }
    return fd;
}
