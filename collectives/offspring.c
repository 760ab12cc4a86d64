// SPDX-License-Identifier: MIT
// Spawning: see offspring.h. The root opens a port, asks mprun's warden to start the world, which
// finds the port in its segment, and waits for it there. A program that was not started by mprun
// starts one of its own first, which lives as long as it and what it has spawned.
#define _GNU_SOURCE
#include "collectives/offspring.h"

#include "boot/protocol.h"
#include "collectives/worlds.h"
#include "message/meeting.h"
#include "object/errhandler.h"
#include "object/info.h"
#include "process/process.h"
#include "socket/door.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DOOR_OPENS_MS = 1000 };

struct mp_comm *mp_comm_parent;

// ---- soft: numbers and ranges FIRST:LAST[:STEP], with commas between them

int mp_offspring_ranks(int most, const struct mp_info *info)
{
    const char *at = info ? mp_info_find(info, "soft") : NULL;
    int best = 0;

    if (!at) {
        return most;
    }
    while (*at) {
        char *end;
        long first = strtol(at, &end, 10), last = first, step = 1;
        if (end == at) {
            return 0;
        }
        if (*end == ':') {
            last = strtol(end + 1, &end, 10);
            step = *end == ':' ? strtol(end + 1, &end, 10) : 1;
        }
        for (long i = first; step != 0 && (step > 0 ? i <= last : i >= last); i += step) {
            best = i <= most && i > best ? (int)i : best;
            if (i > most && step > 0) {
                break;
            }
        }
        at = end + strspn(end, ", ");
        if (at == end && *at) {
            return 0;
        }
    }
    return best;
}

// ---- A launcher of our own

// Where mprun is: beside the library, or in PATH.
static const char *find_mprun(char *path, size_t room)
{
    Dl_info library;
    const char *slash = NULL;

    if (dladdr((void *)(uintptr_t)mp_offspring_begin, &library) && library.dli_fname) {
        slash = strrchr(library.dli_fname, '/');
    }
    for (int i = 0; slash && i < 3; i++) {
        static const char *const places[] = {"../bin/mprun", "../mprun", "mprun"};
        snprintf(path, room, "%.*s/%s", (int)(slash - library.dli_fname), library.dli_fname,
                 places[i]);
        if (access(path, X_OK) == 0) {
            return path;
        }
    }
    return "mprun";
}

// Not a child of this process, whose program may wait for its own.
static void become_mprun(int fd, const char *mprun)
{
    char number[16];

    if (fork() != 0) {
        _exit(0);
    }
    snprintf(number, sizeof number, "%d", fd);
    fcntl(fd, F_SETFD, 0);
    execlp(mprun, mprun, "--serve", number, (char *)NULL);
    _exit(1);
}

static int start_launcher(void)
{
    static int line = -1; // open as long as this process lives
    struct mp_spawn_answer answer = {0};
    char path[4096];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return mp_fail(MPI_ERR_SPAWN, "cannot start mprun: %s", strerror(errno));
    }
    const char *mprun = find_mprun(path, sizeof path);
    pid_t pid = vfork();
    if (pid == 0) {
        become_mprun(ends[1], mprun);
    }
    close(ends[1]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0 || !mp_receive_all(ends[0], &answer, sizeof answer) || !answer.text[0]) {
        close(ends[0]);
        return mp_fail(MPI_ERR_SPAWN,
                       "this program was not started by mprun, and cannot start it as %s", mprun);
    }
    line = ends[0];
    (void)line;
    snprintf(mp_process.segment->warden, sizeof mp_process.segment->warden, "%.*s",
             (int)sizeof mp_process.segment->warden - 1, answer.text);
    return 0;
}

// ---- Asking

struct text {
    char *data;
    size_t length, room;
};

static void put(struct text *t, const char *string)
{
    size_t bytes = strlen(string) + 1;

    if (t->length + bytes > t->room) {
        t->room = 2 * (t->length + bytes);
        char *grown = realloc(t->data, t->room);
        if (!grown) {
            mp_process_abort(MPI_ERR_NO_MEM, "out of memory while spawning");
        }
        t->data = grown;
    }
    memcpy(t->data + t->length, string, bytes);
    t->length += bytes;
}

static void put_number(struct text *t, int number)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    put(t, digits);
}

static void put_key(struct text *t, const struct mp_info *info, const char *key)
{
    const char *value = info ? mp_info_find(info, key) : NULL;
    put(t, value ? value : "");
}

static void put_program(struct text *t, const struct mp_offspring *program)
{
    int arguments = 0;

    while (program->arguments && program->arguments[arguments]) {
        arguments++;
    }
    put_number(t, mp_offspring_ranks(program->ranks, program->info));
    put_number(t, 1 + arguments);
    put_key(t, program->info, "wdir");
    put_key(t, program->info, "path");
    put_key(t, program->info, "host");
    put_key(t, program->info, "mpi_initial_errhandler");
    put(t, program->command);
    for (int i = 0; i < arguments; i++) {
        put(t, program->arguments[i]);
    }
}

// *asked is the socket by which the world's end will be told. *job is the world.
static int ask(const struct mp_offspring *programs, int count, const char *port, int *asked,
               uint64_t *job)
{
    struct mp_spawn_head head = {.kind = MP_SPAWN_START, .programs = (uint32_t)count};
    struct mp_spawn_answer answer = {0};
    struct text strings = {0};
    char folder[4096];
    int error = mp_process.segment->warden[0] || mp_process.launched ? 0 : start_launcher();

    if (error) {
        return error;
    }
    put(&strings, getcwd(folder, sizeof folder) ? folder : ".");
    for (int i = 0; i < count; i++) {
        put_program(&strings, &programs[i]);
    }
    head.bytes = (uint32_t)strings.length;
    snprintf(head.port, sizeof head.port, "%s", port);
    // The warden opens its door while the first world starts: it may not be there yet.
    for (int ms = 0; ms < DOOR_OPENS_MS; ms++) {
        const struct timespec nap = {.tv_nsec = 1000000};
        *asked = mp_door_ask(mp_process.segment->warden, &head, strings.data);
        if (*asked >= 0 || errno != ECONNREFUSED)
            break;
        nanosleep(&nap, NULL);
    }
    free(strings.data);
    if (*asked < 0) {
        return mp_fail(MPI_ERR_SPAWN, "mprun cannot be asked to start a world: %s",
                       strerror(errno));
    }
    if (mp_receive_all(*asked, &answer, sizeof answer) && answer.kind == MP_SPAWN_STARTED) {
        *job = answer.job;
        return 0;
    }
    close(*asked);
    *asked = -1;
    return mp_fail(MPI_ERR_SPAWN, "%.400s",
                   answer.kind == MP_SPAWN_REFUSED ? answer.text : "mprun has ended");
}

int mp_comm_spawn(const struct mp_offspring *programs, int count, int root, struct mp_comm *comm,
                  int problem, struct mp_comm **made)
{
    char port[MP_PORT_ROOM] = "";
    uint64_t job = 0;
    int asked = -1;

    if (comm->rank == root && !problem) {
        problem = mp_port_open(port, sizeof port);
        problem = problem ? problem : ask(programs, count, port, &asked, &job);
    }
    int error = mp_comm_accept_world(port, asked, root, comm, problem, made);
    if (port[0]) {
        (void)mp_port_close(port);
    }
    if (error && job) {
        mp_guests_forgive(job); // who spawned it is told, and deals with that
    }
    return error == MPI_ERR_PROC_ABORTED
               ? mp_fail(MPI_ERR_SPAWN, "the world ended while it was connected")
               : error;
}

// ---- The other side

static struct mp_errhandler *initial_errhandler(void)
{
    switch (mp_process.segment->errhandler) {
    case MP_INITIAL_RETURN:
        return &mp_errors_return;
    case MP_INITIAL_ABORT:
        return &mp_errors_abort;
    default:
        return &mp_errors_are_fatal;
    }
}

static void handle(struct mp_comm *comm)
{
    mp_errhandler_release(comm->errhandler);
    comm->errhandler = initial_errhandler();
    mp_errhandler_hold(comm->errhandler);
}

int mp_offspring_begin(void)
{
    const char *parent = mp_process.segment->parent;
    struct mp_comm *made = NULL;

    handle(&mp_comm_world);
    handle(&mp_comm_self);
    if (!parent[0]) {
        return 0;
    }
    int error = mp_comm_connect(parent, 0, &mp_comm_world, 0, &made);
    if (!error) {
        mp_comm_parent = made;
        snprintf(made->name, sizeof made->name, "MPI_COMM_PARENT");
    }
    return error;
}
