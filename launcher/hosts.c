// SPDX-License-Identifier: MIT
// Host lists, from the command lines that people's fingers know. There is one machine, so a list
// can only repeat its name and say how many ranks it takes; anything else is refused, since ranks
// on another machine is a promise that we cannot keep.
// Read next: options.c, which calls this for -host and -hostfile.
#define _GNU_SOURCE
#include "launcher/hosts.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_this_machine(const char *name, size_t length)
{
    static const char *const always[] = {"localhost", "127.0.0.1", "::1", "localhost.localdomain"};
    char own[256] = "";

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strlen(always[i]) == length && strncasecmp(always[i], name, length) == 0)
            return true;
    if (gethostname(own, sizeof own - 1) != 0 || !*own)
        return false;
    // Either may carry a domain that the other lacks.
    const char *dot = memchr(name, '.', length);
    size_t own_length = strcspn(own, ".");
    if (dot && own[own_length])
        own_length = strlen(own);
    else if (dot)
        length = (size_t)(dot - name);
    return length == own_length && strncasecmp(own, name, length) == 0;
}

// One host, perhaps followed by `:slots`. Adds 0 slots when there is no number.
static int read_host(const char *text, size_t length, int *slots, char *error, size_t room)
{
    size_t name = length;
    int number = 0;

    const char *colon = memrchr(text, ':', length);
    if (colon && colon + 1 < text + length && memchr(text, ':', length) == colon) {
        name = (size_t)(colon - text);
        for (const char *digit = colon + 1; digit < text + length; digit++) {
            if (!isdigit((unsigned char)*digit) || number > 1000000) {
                snprintf(error, room, "\"%.*s\" does not read as host:slots", (int)length, text);
                return -1;
            }
            number = number * 10 + (*digit - '0');
        }
    }
    if (!is_this_machine(text, name)) {
        snprintf(error, room,
                 "host \"%.*s\" is not this machine: mprun starts ranks on this machine only "
                 "(localhost)",
                 (int)name, text);
        return -1;
    }
    *slots += number;
    return 0;
}

int hosts_read_list(const char *list, int *slots, char *error, size_t room)
{
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        int before = *slots;
        if (length == 0) {
            snprintf(error, room, "the list of hosts \"%s\" has an empty name", list);
            return -1;
        }
        if (read_host(at, length, slots, error, room) != 0)
            return -1;
        if (*slots == before)
            ++*slots;
        at += length;
        if (!*at)
            return 0;
    }
}

int hosts_read_file(const char *file, int *slots, char *error, size_t room)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t space = 0;
    int status = 0;

    if (!stream) {
        snprintf(error, room, "cannot read the list of hosts %s: %s", file, strerror(errno));
        return -1;
    }
    while (status == 0 && getline(&line, &space, stream) >= 0) {
        line[strcspn(line, "#\n")] = 0;
        const char *name = line + strspn(line, " \t\r");
        size_t length = strcspn(name, " \t\r");
        if (length == 0)
            continue;
        status = read_host(name, length, slots, error, room);
        const char *more = strstr(name + length, "slots=");
        if (status == 0 && more)
            *slots += atoi(more + strlen("slots="));
    }
    free(line);
    fclose(stream);
    return status;
}
