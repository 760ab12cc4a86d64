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

// An OpenMP program whose user says nothing gets as many threads as its rank has CPUs for: its
// library would count all, and threads of several ranks that spin for each other on one CPU are
// some hundred times slower.
#define THREADS "OMP_NUM_THREADS"

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

// Whether an entry is a variable of the kind that each rank has of its own.
static struct rank_variable *own_of(struct rank_variables *own, const char *entry)
{
    for (int i = 0; i < own->count; i++)
        if (*entry == *own->list[i].text && names(entry, own->list[i].text, own->list[i].length))
            return &own->list[i];
    return NULL;
}

// The place of the entry of that name, or of a new one, which is NULL.
static char **place_of(struct list *list, const char *name, size_t length)
{
    int at = 0;

    while (at < list->count && !names(list->entries[at], name, length))
        at++;
    if (at == list->count)
        list->entries[list->count++] = NULL;
    return &list->entries[at];
}

// Sets what has a value. False: out of memory.
static bool apply(struct list *list, const struct environment_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct variable *v = &changes->variables[i];
        if (v->value && asprintf(place_of(list, v->name, v->length), "%.*s=%s", (int)v->length,
                                 v->name, v->value) < 0)
            return false;
    }
    return true;
}

// Behind what the user preloads.
static bool add_preload(struct list *list, const char *library)
{
    static const char name[] = "LD_PRELOAD";
    char **place = place_of(list, name, strlen(name));
    const char *before = *place ? *place + sizeof name : "";

    return asprintf(place, "%s=%s%s%s", name, before, *before ? ":" : "", library) >= 0;
}

const char *environment_value(const struct options *options, const char *name)
{
    const struct environment_changes *changes[] = {&options->programs[0].environment,
                                                   &options->environment};

    for (int i = 0; i < 2; i++)
        for (size_t k = changes[i]->count; k-- > 0;) {
            const struct variable *v = &changes[i]->variables[k];
            if (v->value && v->length == strlen(name) && memcmp(v->name, name, v->length) == 0)
                return v->value;
        }
    return getenv(name);
}

// What the user says of a rank's own variables, in the entries from `first` on, holds, except for
// masks: those were cut from his.
static void drop_own(struct list *list, int first, struct rank_variables *own)
{
    int kept = first;

    for (int i = 0; i < own->count; i++)
        own->list[i].by_user = false;
    for (int i = first; i < list->count; i++) {
        struct rank_variable *variable = own_of(own, list->entries[i]);
        if (variable && variable->is_mask)
            continue;
        if (variable)
            variable->by_user = true;
        list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

char **environment_build(const struct options *options, const struct program *program, int threads,
                         struct rank_variables *own, int extra, char ***slots)
{
    static const char *const ours[] = {MP_ENV_ALL};
    const struct environment_changes *all = &options->environment;
    const struct environment_changes *of_program = &program->environment;
    bool only_listed = all->only_listed || of_program->only_listed;
    struct list list = {0};
    size_t room = all->count + of_program->count + (size_t)(own->count + extra) + 3;

    for (char **entry = environ; *entry; entry++)
        room++;
    list.entries = malloc(room * sizeof *list.entries);
    if (!list.entries)
        return NULL;
    for (char **entry = environ; *entry; entry++) {
        bool keep = !only_listed || is_listed(all, *entry) || is_listed(of_program, *entry);
        for (size_t i = 0; keep && i < sizeof ours / sizeof *ours; i++)
            keep = !names(*entry, ours[i], strlen(ours[i]));
        if (keep && !own_of(own, *entry))
            list.entries[list.count++] = *entry;
    }
    int inherited = list.count;
    const char *library = preload_for(program);
    if (!apply(&list, all) || !apply(&list, of_program) ||
        (library && !add_preload(&list, library)))
        return NULL;
    char **place = place_of(&list, THREADS, strlen(THREADS));
    if (!*place && asprintf(place, "%s=%d", THREADS, threads) < 0)
        return NULL;
    drop_own(&list, inherited, own);
    *slots = list.entries + list.count;
    memset(*slots, 0, (size_t)(own->count + extra + 1) * sizeof **slots);
    return list.entries;
}
