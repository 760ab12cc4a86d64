// SPDX-License-Identifier: MIT
// --limit mem=2G,cpu=60,files=100, of each rank; and --restart, a limit of another kind.
// Read next: limit.c (mem), spawn.c (the others), front.c (restarts).
#define _GNU_SOURCE
#include "launcher/options.h"

#include <stdlib.h>
#include <string.h>

// A positive number, with K, M, G or T behind it if that is for bytes. 0: it is none.
static uint64_t read_amount(const char *text, const char **end, bool bytes)
{
    static const char units[] = "KMGT";
    char *after;
    double amount = strtod(text, &after);

    if (bytes && *after && strchr(units, *after & ~32)) {
        for (const char *unit = units;; unit++) {
            amount *= 1024;
            if (*unit == (*after & ~32))
                break;
        }
        after++;
    }
    *end = after;
    return after > text && amount >= 1 && amount < 1e18 ? (uint64_t)amount : 0;
}

int option_limit(struct parser *p, char **values)
{
    struct limits *limits = &p->options->limits;
    const struct {
        const char *name;
        uint64_t *place;
        bool bytes;
    } kinds[] = {{"mem=", &limits->memory, true},
                 {"cpu=", &limits->cpu_seconds, false},
                 {"files=", &limits->files, false}};

    for (const char *at = values[0];; at++) {
        uint64_t amount = 0;
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (strncmp(at, kinds[i].name, strlen(kinds[i].name)) == 0) {
                amount = read_amount(at + strlen(kinds[i].name), &at, kinds[i].bytes);
                *kinds[i].place = amount;
                break;
            }
        if (amount == 0 || (*at != 0 && *at != ','))
            return option_fail(p,
                               "%s wants mem=BYTES (with K, M, G or T), cpu=SECONDS, files=N, with "
                               "commas between, not \"%s\"",
                               p->given, values[0]);
        if (*at == 0)
            return 0;
    }
}

int option_restart(struct parser *p, char **values)
{
    char *end;
    long n = strtol(values[0], &end, 10);

    if (*end || end == values[0] || n < 1 || n > 1000000)
        return option_fail(p, "%s wants a number of times, not \"%s\"", p->given, values[0]);
    p->options->restarts = (int)n;
    return 0;
}
