// SPDX-License-Identifier: MIT
// Where ranks run, in words: for --report-bindings and --display map before they start, and instead
// of starting them for --dry-run, which asks the same functions for it that a start asks.
// Read next: placement.c, devices.c, rank_variables.c.
#define _GNU_SOURCE
#include "launcher/show.h"

#include "launcher/devices.h"
#include "launcher/program.h"
#include "launcher/rank_variables.h"
#include "launcher/report.h"
#include "launcher/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 6000 };

static void put_cpus(struct text *t, const struct mp_cpus *cpus)
{
    char list[3000];

    mp_cpus_write(cpus, list, sizeof list);
    text_put(t, "CPU%s %s", mp_cpus_count(cpus) == 1 ? "" : "s", list);
}

// "on nvidia GPU-..., 0000:01:00.0; near to no CPU that is known".
static void put_devices(struct text *t, const struct options *o, int rank)
{
    int first, count = devices_of(o, rank, &first);

    for (int i = first; i < first + count; i++) {
        const struct device *d = &o->found->list[i];
        text_put(t, "%s%s %s (%s%s%s)", i > first ? " and " : "with ", d->vendor, d->name, d->where,
                 d->model[0] ? ", " : "", d->model);
        if (mp_cpus_count(&d->near) == 0)
            text_put(t, ", near to CPUs unknown");
    }
}

static void put_place(struct text *t, const struct options *o, const struct placement *p, int rank)
{
    const struct mp_cpus *cpus = placement_of(p, rank);

    if (cpus) {
        text_put(t, "is bound to ");
        put_cpus(t, cpus);
    } else {
        text_put(t, "is not bound (%s)", p->unbound);
    }
    if (o->found) {
        text_put(t, ", ");
        put_devices(t, o, rank);
    }
}

void show_placement(const struct options *o, const struct placement *p)
{
    bool bound = p->count > 0;

    if (!o->report_bindings && !o->show_map && !(o->verbose && (bound || o->found)))
        return;
    for (int rank = 0; rank < o->nranks; rank++) {
        char line[LINE_MOST];
        struct text t = text_in(line, sizeof line);
        put_place(&t, o, p, rank);
        report_line("rank %d %s", rank, t.data);
    }
    if (p->paper)
        report_line("these are the CPUs of MPRUN_SYSROOT: nobody is bound to them");
}

// ---- --dry-run

// The node of a rank, as segments_create cuts them: in blocks.
static struct node_place place_of(const struct options *o, int rank)
{
    int node = 0;

    while ((long)(node + 1) * o->nranks / o->nodes <= rank)
        node++;
    int first = (int)((long)node * o->nranks / o->nodes);
    int next = (int)((long)(node + 1) * o->nranks / o->nodes);
    return (struct node_place){.node = node, .rank = rank - first, .size = next - first};
}

// The variables of a rank that mprun itself has not, or has with another value.
static void print_environment(char **environment)
{
    for (; *environment; environment++) {
        char *equals = strchr(*environment, '=');
        bool same = false;
        if (equals) {
            char *name = strndup(*environment, (size_t)(equals - *environment));
            const char *value = name ? getenv(name) : NULL;
            same = value && strcmp(value, equals + 1) == 0;
            free(name);
        }
        if (!same)
            printf("    %s\n", *environment);
    }
}

int show_dry_run(const struct options *o, int cpus)
{
    static struct rank_variables variables;
    struct placement placement;
    int rank = 0;

    if (placement_make(&placement, o, cpus, devices_near(o)) != 0) {
        report_line("%s", placement.error);
        return EXIT_USAGE;
    }
    placement_settle(&placement);
    for (int i = 0; i < o->nprograms; i++) {
        const struct program *program = &o->programs[i];
        for (int k = 0; k < program->ranks; k++, rank++) {
            char line[LINE_MOST];
            struct text t = text_in(line, sizeof line);
            char **slots;
            rank_variables_fill(&variables, o, rank, place_of(o, rank));
            char **environment =
                environment_build(o, program, placement.threads, &variables, 0, &slots);
            if (!environment) {
                report_line("out of memory");
                return EXIT_NOT_EXECUTABLE;
            }
            rank_variables_place(&variables, slots);
            put_place(&t, o, &placement, rank);
            printf("rank %d %s:", rank, t.data);
            for (char **word = program->argv; *word; word++)
                printf(" %s", *word);
            printf("\n");
            print_environment(environment);
            free(environment);
        }
    }
    return 0;
}
