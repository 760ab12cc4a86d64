// SPDX-License-Identifier: MIT
// Requests to start worlds: strings that become options. What a world has not said it takes over
// from the job that mprun was started for: channel, nodes, tags, limits, the environment. What is
// made here is gone with the world's keeper, which reads its own request.
#define _GNU_SOURCE
#include "launcher/spawning.h"

#include "launcher/hosts.h"
#include "launcher/library.h"
#include "launcher/machine.h"
#include "launcher/program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct strings {
    char *at, *end;
};

// The next string; NULL: there is none.
static char *next(struct strings *s)
{
    char *text = s->at;
    char *zero = text < s->end ? memchr(text, 0, (size_t)(s->end - text)) : NULL;

    if (!zero)
        return NULL;
    s->at = zero + 1;
    return text;
}

static char *joined(const char *folder, const char *path)
{
    char *whole = NULL;
    return asprintf(&whole, "%s/%s", folder, path) < 0 ? NULL : whole;
}

static bool read_program(struct strings *s, const char *folder, const struct options *base,
                         struct options *options, struct program *program)
{
    char *ranks = next(s), *count = next(s), *wdir = next(s), *path = next(s), *hosts = next(s);
    char *errhandler = next(s);
    int arguments = count ? atoi(count) : 0;

    if (!errhandler || arguments < 1 || (size_t)arguments > (size_t)(s->end - s->at))
        return false;
    *program = (struct program){.ranks = atoi(ranks), .path = *path ? path : NULL};
    if (base->nprograms > 0)
        program->environment = base->programs[0].environment;
    program->wdir = *wdir == '/' ? wdir : *wdir ? joined(folder, wdir) : folder;
    program->argv = calloc((size_t)arguments + 1, sizeof *program->argv);
    for (int i = 0; program->argv && i < arguments; i++)
        if (!(program->argv[i] = next(s)))
            return false;
    if (!program->argv || program->ranks < 1)
        return false;
    if (*errhandler && !errhandler_read(errhandler, &options->errhandler))
        snprintf(options->error, sizeof options->error, "no error handler is called %s",
                 errhandler);
    if (*hosts)
        hosts_read_list(hosts, &program->slots, options->error, sizeof options->error);
    return true;
}

// Whether it can be started.
static void settle(struct options *o)
{
    if (o->error[0] == 0 && options_settle(o, machine_cpus()) == 0) {
        bool fine = true;
        for (int i = 0; i < o->nprograms && fine; i++)
            fine = program_find(&o->programs[i], o->error, sizeof o->error) == 0 &&
                   library_check(&o->programs[i], o->nranks, o->error, sizeof o->error) == 0;
    }
}

bool spawning_read_head(int fd, struct mp_spawn_head *head)
{
    return mp_receive_all(fd, head, sizeof *head) && head->magic == MP_SEGMENT_MAGIC &&
           head->version == MP_SEGMENT_VERSION;
}

bool spawning_read(int fd, const struct mp_spawn_head *head, struct options *options)
{
    const struct options base = *options;

    if (head->kind != MP_SPAWN_START || head->programs < 1 || head->bytes < 1 ||
        head->bytes > MP_SPAWN_BYTES || head->programs > head->bytes)
        return false;
    char *text = malloc(head->bytes);
    options->programs = calloc(head->programs, sizeof *options->programs);
    if (!text || !options->programs || !mp_receive_all(fd, text, head->bytes))
        return false;

    struct strings strings = {text, text + head->bytes};
    const char *folder = next(&strings);
    options->error[0] = 0;
    options->nprograms = 0;
    while (folder && options->nprograms < (int)head->programs) {
        if (!read_program(&strings, folder, &base, options, &options->programs[options->nprograms]))
            return false;
        options->nprograms++;
    }
    if (!folder)
        return false;
    options->action = ACTION_RUN;
    options->stdin_rank = STDIN_NONE;
    options->devices.wanted = false;
    options->found = NULL;
    options->restarts = 0;
    options->parent = strndup(head->port, sizeof head->port - 1);
    settle(options);
    return true;
}
