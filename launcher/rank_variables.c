// SPDX-License-Identifier: MIT
// What programs look for to know which rank of a node they are, before MPI tells them: there is no
// standard for that, so these are the names that the widespread launchers use. What a rank starts
// inherits them, which must not look as if it had been started by one of those launchers: see
// lib/boot/foreign.c. And there are the masks of a rank's devices, and what PyTorch wants.
// Read next: variables.c (the rest of the environment), devices.c.
#define _GNU_SOURCE
#include "launcher/rank_variables.h"

#include "boot/protocol.h"
#include "launcher/devices.h"
#include "launcher/program.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Notes the text that was written behind the others.
static void add(struct rank_variables *v, const char *name, int length, bool is_mask)
{
    char *text = v->texts + v->used;

    if (v->count == RANK_VARIABLES_MOST || length < 0 ||
        (size_t)length >= sizeof v->texts - v->used)
        return;
    struct rank_variable *variable = &v->list[v->count++];
    variable->text = text;
    variable->length = strlen(name);
    variable->is_mask = is_mask;
    v->used += (size_t)length + 1;
}

static void put(struct rank_variables *v, const char *name, const char *value)
{
    add(v, name, snprintf(v->texts + v->used, sizeof v->texts - v->used, "%s=%s", name, value),
        false);
}

static void put_number(struct rank_variables *v, const char *name, int number)
{
    add(v, name, snprintf(v->texts + v->used, sizeof v->texts - v->used, "%s=%d", name, number),
        false);
}

static void put_mask(void *to, const char *name, const char *value)
{
    struct rank_variables *v = to;

    add(v, name, snprintf(v->texts + v->used, sizeof v->texts - v->used, "%s=%s", name, value),
        true);
}

// A port that nobody listens on now. The rank that shall listen there comes a moment later.
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port = 29500; // PyTorch's own choice

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static void put_torch(struct rank_variables *v, const struct options *o, int rank,
                      struct node_place place)
{
    put_number(v, "RANK", rank);
    put_number(v, "WORLD_SIZE", o->nranks);
    put_number(v, "LOCAL_WORLD_SIZE", place.size);
    put_number(v, "GROUP_RANK", place.node);
    if (v->port == 0)
        v->port = free_port();
    if (!environment_value(o, "MASTER_ADDR"))
        put(v, "MASTER_ADDR", "127.0.0.1");
    if (!environment_value(o, "MASTER_PORT"))
        put_number(v, "MASTER_PORT", v->port);
}

void rank_variables_fill(struct rank_variables *v, const struct options *o, int rank,
                         struct node_place place)
{
    char sizes[40];

    v->count = 0;
    v->used = 0;
    put_number(v, "LOCAL_RANK", place.rank);
    put_number(v, "MPI_LOCALRANKID", place.rank);
    put_number(v, "MPI_LOCALNRANKS", place.size);
    put_number(v, "OMPI_COMM_WORLD_RANK", rank);
    put_number(v, "OMPI_COMM_WORLD_SIZE", o->nranks);
    put_number(v, "OMPI_COMM_WORLD_LOCAL_RANK", place.rank);
    put_number(v, "OMPI_COMM_WORLD_LOCAL_SIZE", place.size);
    put_number(v, "OMPI_COMM_WORLD_NODE_RANK", place.rank);
    put_number(v, "MV2_COMM_WORLD_RANK", rank);
    put_number(v, "MV2_COMM_WORLD_SIZE", o->nranks);
    put_number(v, "MV2_COMM_WORLD_LOCAL_RANK", place.rank);
    put_number(v, "MV2_COMM_WORLD_LOCAL_SIZE", place.size);
    snprintf(sizes, sizeof sizes, "%d,%d", o->nranks, place.size);
    put(v, MP_ENV_SIZES, sizes);
    if (o->tmpdir)
        put(v, "TMPDIR", o->tmpdir);
    if (o->restarts > 0)
        put_number(v, "MPRUN_RESTART_COUNT", o->restarted);
    if (o->torch)
        put_torch(v, o, rank, place);
    if (o->found)
        devices_variables(o, rank, put_mask, v);
}

char **rank_variables_place(const struct rank_variables *v, char **slots)
{
    for (int i = 0; i < v->count; i++)
        if (!v->list[i].by_user)
            *slots++ = v->list[i].text;
    return slots;
}
