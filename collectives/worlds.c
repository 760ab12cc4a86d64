// SPDX-License-Identifier: MIT
// How worlds meet. The roots have a socket between them: one connects to the other's port. Each
// says who it is, so they become peers (message/meeting.h), and have a communicator of two, the
// bridge. From there on it is what MPI_Intercomm_create does. All bridges have one context; the tag
// of what is sent over one is a random number that the root that is before the other has chosen.
#define _GNU_SOURCE
#include "collectives/worlds.h"

#include "collectives/comm_make.h"
#include "message/meeting.h"
#include "object/errhandler.h"
#include "process/process.h"
#include "socket/door.h"
#include "socket/socket.h"
#include "wait/progress.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

struct greeting {
    uint64_t magic;
    struct mp_card card;
    int32_t number; // the tag, if this one decides
    uint32_t version;
};

// ---- Waiting for a descriptor

static void describe(const void *waits, struct mp_wait_record *record)
{
    (void)waits;
    struct mp_wait_item *item = mp_record_add(record, MP_WAIT_OTHER);
    if (item) {
        item->met = MP_MET_OUTSIDE; // another world
    }
}

// Calls `take` until it is done: it returns false, with errno EAGAIN, until there is more to read.
static bool await(int fd, bool (*take)(int fd, void *argument), void *argument)
{
    struct mp_waiter waiter;
    bool done = take(fd, argument);

    if (done || errno != EAGAIN || mp_socket_await(fd, true) != 0) {
        return done;
    }
    mp_waiter_begin(&waiter, MP_PEER_SEVERAL, MPI_ANY_TAG, 0, 0);
    mp_waiter_describe(&waiter, describe, NULL);
    while (!(done = take(fd, argument)) && errno == EAGAIN) {
        mp_waiter_step(&waiter);
    }
    int error = errno;
    mp_waiter_end(&waiter);
    mp_socket_await(fd, false);
    errno = error;
    return done;
}

struct caller {
    int fd;
    int asked; // -1: nothing else to wait for
};

// Or, with errno ECHILD, whoever was to come is dead.
static bool take_caller(int fd, void *argument)
{
    struct caller *caller = argument;
    char byte;

    caller->fd = mp_door_accept(fd);
    if (caller->fd < 0 && errno == EAGAIN && caller->asked >= 0) {
        bool ended = recv(caller->asked, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
        errno = ended ? ECHILD : EAGAIN;
    }
    return caller->fd >= 0;
}

struct part {
    char *to;
    size_t left;
};

static bool take_bytes(int fd, void *argument)
{
    struct part *part = argument;
    while (part->left > 0) {
        ssize_t got = recv(fd, part->to, part->left, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            errno = got == 0 ? ECONNRESET : errno;
            return false;
        }
        part->to += got;
        part->left -= (size_t)got;
    }
    return true;
}

// ---- The bridge

// Two that have a socket between them tell each other who they are. The other, a guest now, is
// held. False: there is nobody.
static bool greet(int fd, struct greeting *other, int *number)
{
    struct greeting own = {.magic = MP_SEGMENT_MAGIC,
                           .card = mp_card_of(mp_process.rank),
                           .version = MP_SEGMENT_VERSION};
    struct part part = {(char *)other, sizeof *other};

    if (getrandom(&own.number, sizeof own.number, GRND_NONBLOCK) < 0) {
        own.number = getpid();
    }
    own.number &= 0x3fffffff;
    if (send(fd, &own, sizeof own, MSG_NOSIGNAL) != (ssize_t)sizeof own ||
        !await(fd, take_bytes, &part) || other->magic != own.magic ||
        other->version != own.version) {
        return false;
    }
    *number = mp_card_before(&own.card, &other->card) ? own.number : other->number;
    if (other->card.job == own.card.job) {
        return true;
    }
    // Neither goes on before both know each other: who comes to a door and is not known is sent
    // away.
    char ready = 1;
    part = (struct part){&ready, 1};
    int peer = mp_meet(&other->card);
    mp_guest_hold(peer);
    bool both = send(fd, "", 1, MSG_NOSIGNAL) == 1 && await(fd, take_bytes, &part);
    if (!both) {
        mp_guest_release(peer);
    }
    return both;
}

// The communicator of this process and that one.
static struct mp_comm *bridge_to(const struct mp_card *card)
{
    int other = mp_guest_find(card);
    bool first = mp_peer_before(mp_process.rank, other);
    int two[2] = {first ? mp_process.rank : other, first ? other : mp_process.rank};
    struct mp_group *group = mp_group_new(2, two);
    struct mp_comm *bridge = group ? mp_comm_new(group, NULL, MP_CONTEXT_BRIDGE, NULL) : NULL;

    if (group) {
        mp_group_release(group);
    }
    if (!bridge) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while connecting to another world");
    }
    mp_errhandler_release(bridge->errhandler);
    bridge->errhandler = &mp_errors_return;
    mp_guests_tie(bridge);
    return bridge;
}

// With `fd` at the root, which it closes; -1: there was a problem there.
static int meet(int fd, struct mp_card *card, int number, int root, struct mp_comm *comm,
                int problem, const char *argument, struct mp_comm **made)
{
    int words[2] = {problem, number};
    int error = mp_ask_leader(comm, root, words, argument);
    struct mp_comm *bridge = NULL;

    if (!error) {
        error = mp_guests_open();
    }
    if (!error && comm->rank == root) {
        bridge = bridge_to(card);
    }
    if (comm->rank == root && !problem && mp_is_guest(mp_guest_find(card))) {
        mp_guest_release(mp_guest_find(card));
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!error) {
        error = mp_intercomm_create(comm, root, bridge, bridge ? 1 - bridge->rank : 0, words[1], 0,
                                    made);
    }
    if (bridge) {
        bridge->freed = true;
        mp_comm_release(bridge);
    }
    mp_guests_sweep();
    // mprun ends the ranks that a world's death concerns, and looks for them once. If it looked
    // before this rank had said what it is tied to, that world's sockets were closed by then. (The
    // fence: between saying and looking.) So no rank goes on and computes, tied to the dead.
    atomic_thread_fence(memory_order_seq_cst);
    (void)mp_progress();
    return error;
}

// ---- Ports

struct port {
    struct port *next;
    int fd;
    char name[MP_PORT_ROOM];
};

static struct port *ports;

static struct port *find_port(const char *name)
{
    struct port *port = ports;
    while (port && strcmp(port->name, name) != 0) {
        port = port->next;
    }
    return port;
}

int mp_port_open(char *name, size_t room)
{
    struct port *port = calloc(1, sizeof *port);
    uint64_t number = 0;

    if (!port) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a port");
    }
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0) {
        number = (uint64_t)(uintptr_t)port;
    }
    snprintf(port->name, sizeof port->name, MP_PORT_PREFIX "%d-%016llx", (int)getpid(),
             (unsigned long long)number);
    port->fd = mp_door_listen(port->name);
    if (port->fd < 0) {
        free(port);
        return mp_fail(MPI_ERR_PORT, "cannot make a socket for a port: %s", strerror(errno));
    }
    port->next = ports;
    ports = port;
    snprintf(name, room, "%s", port->name);
    return 0;
}

int mp_port_close(const char *name)
{
    struct port **at = &ports;
    while (*at && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    struct port *port = *at;
    if (!port) {
        return mp_fail(MPI_ERR_PORT,
                       "port_name is \"%.60s\", which is no open port of this process", name);
    }
    *at = port->next;
    close(port->fd);
    free(port);
    return 0;
}

// Whoever came and is gone again is forgotten.
static int take_connection(const struct port *port, int asked, struct mp_card *card, int *number)
{
    struct greeting other;
    struct caller caller = {.asked = asked};

    if (asked >= 0) {
        mp_socket_await(asked, true);
    }
    while (await(port->fd, take_caller, &caller)) {
        if (greet(caller.fd, &other, number)) {
            *card = other.card;
            break;
        }
        close(caller.fd);
    }
    if (asked >= 0) {
        int error = errno;
        mp_socket_await(asked, false);
        errno = error;
    }
    return caller.fd;
}

int mp_comm_accept_world(const char *name, int asked, int root, struct mp_comm *comm, int problem,
                         struct mp_comm **made)
{
    struct mp_card card;
    int number = 0, fd = -1;

    *made = NULL;
    if (comm->rank == root && !problem) {
        const struct port *port = find_port(name);
        problem =
            port ? mp_guests_open()
                 : mp_fail(MPI_ERR_PORT,
                           "port_name is \"%.60s\", which is no open port of this process", name);
        fd = problem ? -1 : take_connection(port, asked, &card, &number);
        if (fd < 0 && !problem && errno == ECHILD) {
            problem = mp_fail(MPI_ERR_SPAWN, "the world ended before it was connected");
        } else if (fd < 0 && !problem) {
            problem = mp_fail(MPI_ERR_PORT, "the socket of port \"%.60s\" broke: %s", name,
                              strerror(errno));
        }
    }
    if (asked >= 0) {
        close(asked);
    }
    return meet(fd, &card, number, root, comm, problem,
                asked >= 0 ? "program" : "port_name or info", made);
}

int mp_comm_accept(const char *name, int root, struct mp_comm *comm, int problem,
                   struct mp_comm **made)
{
    return mp_comm_accept_world(name, -1, root, comm, problem, made);
}

int mp_comm_connect(const char *name, int root, struct mp_comm *comm, int problem,
                    struct mp_comm **made)
{
    struct greeting other = {0};
    int number = 0, fd = -1;

    *made = NULL;
    if (comm->rank == root && !problem) {
        problem = mp_guests_open();
        bool known = strncmp(name, MP_PORT_PREFIX, strlen(MP_PORT_PREFIX)) == 0;
        fd = problem || !known ? -1 : mp_door_connect(name);
        if (!problem && fd < 0) {
            problem = mp_fail(MPI_ERR_PORT, "port_name is \"%.60s\": %s", name,
                              !known                  ? "no name of MPI_Open_port"
                              : errno == ECONNREFUSED ? "no such port is open on this machine"
                              : errno == EACCES       ? "it is another user's"
                                                      : strerror(errno));
        } else if (!problem && !greet(fd, &other, &number)) {
            problem = mp_fail(MPI_ERR_PORT, "port \"%.60s\" was closed", name);
        }
    }
    return meet(fd, &other.card, number, root, comm, problem, "port_name or info", made);
}

int mp_comm_join(int fd, struct mp_comm **made)
{
    struct greeting other;
    int number = 0;
    int error = mp_guests_open();

    *made = NULL;
    if (error || !greet(fd, &other, &number) || mp_guest_find(&other.card) == mp_process.rank) {
        return error;
    }
    return meet(-1, &other.card, number, 0, &mp_comm_self, 0, "fd", made);
}

// ---- Names

// A name is a socket too, whose name has the port's in it: who looks finds it in the list of all
// sockets of the machine. A second one, without the port, keeps others from taking the name.
struct name {
    struct name *next;
    int fds[2];
    char key[MP_DOOR_NAME];
};

static struct name *names;

static void make_key(char *key, size_t room, const char *service)
{
    uint64_t a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f;

    for (const char *at = service; *at; at++) {
        a = (a ^ (unsigned char)*at) * 0x100000001b3;
        b = (b + a) * 0xff51afd7ed558ccd;
        b ^= b >> 29;
    }
    snprintf(key, room, "mprun-name-%u-%08x%016llx", (unsigned)geteuid(), (unsigned)(a >> 32),
             (unsigned long long)b);
}

int mp_name_publish(const char *service, const char *port)
{
    struct name *name = calloc(1, sizeof *name);
    char with_port[MP_DOOR_NAME];

    if (!name) {
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a name");
    }
    make_key(name->key, sizeof name->key, service);
    int length = snprintf(with_port, sizeof with_port, "%s=%s", name->key, port);
    if (length >= (int)sizeof with_port) {
        free(name);
        return mp_fail(MPI_ERR_PORT, "port_name is \"%.60s\", no name of MPI_Open_port", port);
    }
    name->fds[0] = mp_door_listen(name->key);
    name->fds[1] = name->fds[0] < 0 ? -1 : mp_door_listen(with_port);
    if (name->fds[1] < 0) {
        int error = errno;
        if (name->fds[0] >= 0) {
            close(name->fds[0]);
        }
        free(name);
        return mp_fail(MPI_ERR_SERVICE, "service_name \"%.60s\" cannot be published: %s", service,
                       error == EADDRINUSE ? "it is already" : strerror(error));
    }
    name->next = names;
    names = name;
    return 0;
}

int mp_name_unpublish(const char *service)
{
    char key[MP_DOOR_NAME];
    struct name **at = &names;

    make_key(key, sizeof key, service);
    while (*at && strcmp((*at)->key, key) != 0) {
        at = &(*at)->next;
    }
    struct name *name = *at;
    if (!name) {
        return mp_fail(MPI_ERR_SERVICE, "service_name \"%.60s\" was not published by this process",
                       service);
    }
    *at = name->next;
    close(name->fds[0]);
    close(name->fds[1]);
    free(name);
    return 0;
}

int mp_name_look_up(const char *service, char *port, size_t room)
{
    char key[MP_DOOR_NAME + 2], line[512];
    FILE *sockets = fopen("/proc/net/unix", "re");
    bool found = false;

    key[0] = '@';
    make_key(key + 1, sizeof key - 2, service);
    strcat(key, "=");
    while (sockets && !found && fgets(line, sizeof line, sockets)) {
        char *at = strstr(line, key);
        if (!at) {
            continue;
        }
        at[strcspn(at, "\n")] = 0;
        int fd = mp_door_connect(at + 1); // it is there, and this user's
        found = fd >= 0;
        if (found) {
            close(fd);
            snprintf(port, room, "%s", at + strlen(key));
        }
    }
    if (sockets) {
        fclose(sockets);
    }
    return found ? 0 : mp_fail(MPI_ERR_NAME, "service_name \"%.60s\" is not published", service);
}
