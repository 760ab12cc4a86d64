// SPDX-License-Identifier: MIT
// The ranks' environment, one array for each program. The variables that tell a rank who it is come
// last, in slots that the spawning code fills anew for every rank.
// Read next: lib/boot/protocol.h (those variables), spawn.c.
#define _GNU_SOURCE
#include "boot/protocol.h"
#include "launcher/preload.h"
#include "launcher/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list {
    char **entries;
    int count;
};

static bool names(const char *entry, const char *name, size_t length)
{
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

// Whether a comma-separated list, or a variable without a value, names the one in `entry`.
static bool is_listed(const struct environment_changes *changes, const char *entry)
{
    for (const char *at = changes->list; at && *at; at += strspn(at, ",")) {
        size_t length = strcspn(at, ",");
        if (names(entry, at, length))
            return true;
        at += length;
    }
    for (size_t i = 0; i < changes->count; i++)
        if (!changes->variables[i].value &&
            names(entry, changes->variables[i].name, changes->variables[i].length))
            return true;
    return false;
}

// Sets what has a value, in place of an entry of that name if there is one. False: out of memory.
static bool apply(struct list *list, const struct environment_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct variable *v = &changes->variables[i];
        int at = 0;
        if (!v->value)
            continue;
        while (at < list->count && !names(list->entries[at], v->name, v->length))
            at++;
        if (asprintf(&list->entries[at], "%.*s=%s", (int)v->length, v->name, v->value) < 0)
            return false;
        if (at == list->count)
            list->count++;
    }
    return true;
}

bool environment_has(char *const *environment, const char *name)
{
    while (*environment && !names(*environment, name, strlen(name)))
        environment++;
    return *environment != NULL;
}

// Behind what the user preloads.
static bool add_preload(struct list *list, const char *library)
{
    static const char name[] = "LD_PRELOAD";
    const char *before = NULL;
    int at = 0;

    while (at < list->count && !names(list->entries[at], name, strlen(name)))
        at++;
    if (at == list->count)
        list->count++;
    else if (list->entries[at][sizeof name])
        before = list->entries[at] + sizeof name;
    return asprintf(&list->entries[at], "%s=%s%s%s", name, before ? before : "", before ? ":" : "",
                    library) >= 0;
}

char **environment_build(const struct options *options, const struct program *program, int extra,
                         char ***slots)
{
    static const char *const ours[] = {MP_ENV_RANK, MP_ENV_SIZE, MP_ENV_SEGMENT, MP_ENV_CONTROL,
                                       MP_ENV_HEAP};
    const struct environment_changes *all = &options->environment;
    const struct environment_changes *own = &program->environment;
    bool only_listed = all->only_listed || own->only_listed;
    struct list list = {0};
    size_t room = all->count + own->count + (size_t)extra + 2;

    for (char **entry = environ; *entry; entry++)
        room++;
    list.entries = malloc(room * sizeof *list.entries);
    if (!list.entries)
        return NULL;
    for (char **entry = environ; *entry; entry++) {
        bool keep = !only_listed || is_listed(all, *entry) || is_listed(own, *entry);
        for (size_t i = 0; keep && i < sizeof ours / sizeof *ours; i++)
            keep = !names(*entry, ours[i], strlen(ours[i]));
        if (keep)
            list.entries[list.count++] = *entry;
    }
    const char *library = preload_for(program);
    if (!apply(&list, all) || !apply(&list, own) || (library && !add_preload(&list, library)))
        return NULL;
    *slots = list.entries + list.count;
    memset(*slots, 0, (size_t)(extra + 1) * sizeof **slots);
    return list.entries;
}
