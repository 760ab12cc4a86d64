// SPDX-License-Identifier: MIT
// The options that say where ranks run, and with which devices. They are Open MPI's where it has
// such, in its words. Read next: mapping.c (what comes of them).
#define _GNU_SOURCE
#include "launcher/options.h"

#include <stdlib.h>
#include <string.h>

// `slot` is what Open MPI calls a core, unless it is told otherwise, and the node is this machine.
static const struct {
    const char *name;
    enum level level;
} levels[] = {{"socket", LEVEL_SOCKET},   {"package", LEVEL_SOCKET},
              {"numa", LEVEL_NUMA},       {"l3cache", LEVEL_L3},
              {"l3", LEVEL_L3},           {"l2cache", LEVEL_L2},
              {"l2", LEVEL_L2},           {"core", LEVEL_CORE},
              {"slot", LEVEL_CORE},       {"hwthread", LEVEL_HWTHREAD},
              {"thread", LEVEL_HWTHREAD}, {"node", LEVEL_MACHINE}};

#define OBJECTS "\"socket\", \"numa\", \"l3cache\", \"l2cache\", \"core\" and \"hwthread\""

// The object whose name the first `length` letters are; LEVEL_DEFAULT: none.
static enum level find_level(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strlen(levels[i].name) == length && memcmp(levels[i].name, name, length) == 0)
            return levels[i].level;
    return LEVEL_DEFAULT;
}

int option_bind(struct parser *p, char **values)
{
    enum level level = find_level(values[0], strlen(values[0]));

    if (strcmp(values[0], "none") == 0)
        level = LEVEL_MACHINE;
    else if (level == LEVEL_DEFAULT && strcmp(values[0], "share") != 0)
        return option_fail(p, "%s knows \"share\", \"none\", " OBJECTS ", not \"%s\"", p->given,
                           values[0]);
    p->options->wish.bind = level;
    return 0;
}

// A number up to the end of `text`, or up to `end`. 0: it is none.
static int read_number(const char *text, char end)
{
    char *after;
    long n = strtol(text, &after, 10);

    return after == text || *after != end || n < 1 || n > MP_RANKS_MAX ? 0 : (int)n;
}

// OBJECT or ppr:N:OBJECT, and then perhaps :pe=N.
int option_map(struct parser *p, char **values)
{
    struct wish wish = p->options->wish;
    const char *object = values[0];

    wish.per = wish.pe = 0;
    if (strncmp(object, "ppr:", 4) == 0) {
        wish.per = read_number(object + 4, ':');
        object = wish.per > 0 ? strchr(object + 4, ':') + 1 : "";
    }
    size_t length = strcspn(object, ":");
    wish.map = find_level(object, length);
    if (strncasecmp(object + length, ":pe=", 4) == 0)
        wish.pe = read_number(object + length + 4, 0);
    if (wish.map == LEVEL_DEFAULT || (object[length] && wish.pe == 0))
        return option_fail(p,
                           "%s wants OBJECT or ppr:N:OBJECT, and perhaps :pe=N after it, not "
                           "\"%s\"; objects are " OBJECTS,
                           p->given, values[0]);
    p->options->wish = wish;
    return 0;
}

int option_rank_by(struct parser *p, char **values)
{
    p->options->wish.rank_by = find_level(values[0], strlen(values[0]));
    return p->options->wish.rank_by != LEVEL_DEFAULT
               ? 0
               : option_fail(p, "%s knows " OBJECTS ", not \"%s\"", p->given, values[0]);
}

int option_cpu_set(struct parser *p, char **values)
{
    struct mp_cpus *cpus = malloc(sizeof *cpus);

    if (!cpus)
        return option_fail(p, "out of memory");
    if (*mp_cpus_parse(cpus, values[0]) != 0 || mp_cpus_count(cpus) == 0) {
        free(cpus);
        return option_fail(p, "%s wants a list of CPUs such as 0-3,8, not \"%s\"", p->given,
                           values[0]);
    }
    p->options->cpu_set = cpus;
    return 0;
}

int option_per(struct parser *p, char **values)
{
    static const char *const vendors[] = {"nvidia", "amd", "intel"};
    static const char *const any[] = {"device", "gpu"};
    struct device_wish *devices = &p->options->devices;
    struct wish *wish = &p->options->wish;
    size_t length = strcspn(values[0], ":");
    bool all = strcmp(values[0] + length, ":all") == 0;

    *devices = (struct device_wish){.per_rank = devices->per_rank, .share = devices->share};
    wish->map = LEVEL_DEFAULT;
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (strlen(any[i]) == length && memcmp(any[i], values[0], length) == 0)
            devices->wanted = true;
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (strlen(vendors[i]) == length && memcmp(vendors[i], values[0], length) == 0) {
            devices->wanted = true;
            devices->vendor = vendors[i];
        }
    devices->all = devices->wanted && all;
    if (!devices->wanted && values[0][length] == 0) {
        wish->map = find_level(values[0], length);
        wish->per = 1;
    }
    if ((devices->wanted && values[0][length] && !all) ||
        (!devices->wanted && wish->map == LEVEL_DEFAULT))
        return option_fail(p,
                           "%s knows " OBJECTS ", \"device\" (or \"nvidia\", \"amd\", \"intel\") "
                           "and \"device:all\", not \"%s\"",
                           p->given, values[0]);
    return 0;
}

int option_devices_per_rank(struct parser *p, char **values)
{
    p->options->devices.per_rank = read_number(values[0], 0);
    return p->options->devices.per_rank > 0
               ? 0
               : option_fail(p, "%s wants a number of devices, not \"%s\"", p->given, values[0]);
}

int option_display(struct parser *p, char **values)
{
    p->options->show_map = true;
    return strcmp(values[0], "map") == 0
               ? 0
               : option_fail(p, "%s knows \"map\", not \"%s\"", p->given, values[0]);
}
