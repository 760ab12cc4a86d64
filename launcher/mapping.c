// SPDX-License-Identifier: MIT
// Which CPUs each rank gets. There is one way for all that can be asked for: ranks are dealt to
// spots, which are sets of CPUs; each spot is cut among its ranks; and a part may grow to all of
// the object that it lies in.
//
//   nothing asked       one spot, the machine, cut in equal parts
//   --map-by OBJ        each object is a spot, and gets one rank after another, in turn
//   --per, ppr:N:OBJ    the same, but N ranks at a time
//   --per device        the CPUs near a device are a spot, of the ranks that have the device
//   --bind-to OBJ       also is --map-by OBJ if that is not said; parts grow to the object, one of
//                       those in the spot where they are smaller than it
//
// Parts are neighbours in the machine (cpu_order.c), and whole cores if there are as many as ranks.
// 4 ranks on 16 CPUs have 4 each, so threads of a rank have room.
// Read next: placement.c (which CPUs are taken).
#define _GNU_SOURCE
#include "launcher/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct spot {
    struct mp_cpus cpus;
    int room;  // for so many ranks, with what they shall have
    int ranks; // so many were dealt to it
    int cut;   // so many of them have their part
    int at;    // where in the order the next part begins
};

struct mapping {
    struct placement *placement;
    const struct topology *topology;
    const struct wish *wish;
    int nranks;
    struct mp_cpus usable, free;
    struct spot *spots;
    int nspots;
    struct spot **home; // of each rank
};

static const char *const names[LEVELS] = {
    [LEVEL_MACHINE] = "machine",  [LEVEL_SOCKET] = "socket", [LEVEL_NUMA] = "numa",
    [LEVEL_L3] = "l3cache",       [LEVEL_L2] = "l2cache",    [LEVEL_CORE] = "core",
    [LEVEL_HWTHREAD] = "hwthread"};

// What an object is must be known to the machine; one without memory nodes has one.
static int check_known(const struct topology *t, const struct wish *wish, char *error, size_t room)
{
    const enum level levels[] = {wish->map, wish->bind, wish->rank_by};

    for (int i = 0; i < 3; i++)
        if ((levels[i] == LEVEL_L3 || levels[i] == LEVEL_L2) && !(t->known & 1U << levels[i])) {
            snprintf(error, room, "this machine does not tell which CPUs share an %s",
                     names[levels[i]]);
            return -1;
        }
    return 0;
}

static int out_of_memory(struct placement *placement)
{
    snprintf(placement->error, sizeof placement->error, "out of memory");
    return -1;
}

// ---- Units: whole cores, or single CPUs

static struct core unit_at(const struct topology *t, bool by_core, int at)
{
    return by_core ? t->cores[at] : (struct core){.at = at, .threads = 1};
}

static bool is_of(const struct topology *t, struct core unit, const struct mp_cpus *cpus)
{
    for (int i = 0; i < unit.threads; i++)
        if (!mp_cpus_has(cpus, t->cpus[unit.at + i]))
            return false;
    return true;
}

static int count_units(const struct topology *t, bool by_core, const struct mp_cpus *cpus)
{
    int count = 0;

    for (int at = 0; at < (by_core ? t->ncores : t->ncpus); at++)
        count += is_of(t, unit_at(t, by_core, at), cpus);
    return count;
}

// Adds the next `count` units of `cpus` to a part, and moves *at, where to go on, past them; from
// the first one on again after the last.
static void add_units(struct mp_cpus *part, const struct topology *t, const struct mp_cpus *cpus,
                      bool by_core, int *at, int count)
{
    for (; count > 0; ++*at) {
        *at %= by_core ? t->ncores : t->ncpus;
        struct core unit = unit_at(t, by_core, *at);
        if (!is_of(t, unit, cpus))
            continue;
        for (int i = 0; i < unit.threads; i++)
            mp_cpus_add(part, t->cpus[unit.at + i]);
        count--;
    }
}

// What ranks are dealt to. Several cores each are taken from the machine.
static enum level level_of(const struct wish *wish)
{
    enum level level = wish->map != LEVEL_DEFAULT ? wish->map : wish->bind;

    return level == LEVEL_DEFAULT || (wish->pe > 0 && level >= LEVEL_CORE) ? LEVEL_MACHINE : level;
}

static bool wants_threads(const struct wish *wish)
{
    return wish->bind == LEVEL_HWTHREAD || wish->map == LEVEL_HWTHREAD;
}

static bool wants_cores(const struct wish *wish)
{
    return !wants_threads(wish) &&
           (wish->pe > 0 || wish->bind == LEVEL_CORE || wish->map == LEVEL_CORE);
}

// ---- Spots

// For how many ranks there is room among those of a spot's CPUs that are free.
static int room_of(const struct mapping *m, const struct spot *spot)
{
    const struct wish *w = m->wish;
    struct mp_cpus cpus = spot->cpus;

    mp_cpus_keep(&cpus, &m->free);
    int units = count_units(m->topology, wants_cores(w), &cpus) / (w->pe > 0 ? w->pe : 1);
    return w->per == 0 ? units : units >= w->per ? w->per : 0;
}

static int measure(struct mapping *m)
{
    int room = 0;

    for (int i = 0; i < m->nspots; i++) {
        m->spots[i].room = room_of(m, &m->spots[i]);
        room += m->spots[i].room;
    }
    return room;
}

static int make_spots(struct mapping *m)
{
    struct mp_cpus *objects;

    m->nspots = topology_objects(m->topology, level_of(m->wish), &objects);
    m->spots = m->nspots > 0 ? calloc((size_t)m->nspots, sizeof *m->spots) : NULL;
    for (int i = 0; m->spots && i < m->nspots; i++)
        m->spots[i].cpus = objects[i];
    free(objects);
    return m->spots ? 0 : out_of_memory(m->placement);
}

// One after another to the spots in turn, or as many as shall be there at a time, past those that
// have no room left. With more ranks than there is room for they share.
static int deal(struct mapping *m)
{
    const struct wish *w = m->wish;
    int room = measure(m);
    int at = 0;

    if (room < m->nranks) { // then others are in the way
        m->free = m->usable;
        room = measure(m);
    }
    if (w->per > 0 && m->nranks > w->per * m->nspots) {
        snprintf(m->placement->error, sizeof m->placement->error,
                 "%d ranks, but %d on each %s makes %d", m->nranks, w->per, names[level_of(w)],
                 w->per * m->nspots);
        return -1;
    }
    for (int rank = 0; rank < m->nranks; rank++) {
        while (rank < room && m->spots[at].ranks >= m->spots[at].room)
            at = (at + 1) % m->nspots;
        while (w->per > 0 && m->spots[at].ranks >= w->per)
            at = (at + 1) % m->nspots;
        m->home[rank] = &m->spots[at];
        m->spots[at].ranks++;
        if (w->per == 0)
            at = (at + 1) % m->nspots;
    }
    return 0;
}

// A spot for each set of CPUs that is near to some rank's device.
static int deal_by_nearness(struct mapping *m, const struct mp_cpus *near)
{
    m->spots = calloc((size_t)m->nranks, sizeof *m->spots);
    if (!m->spots)
        return out_of_memory(m->placement);
    for (int rank = 0; rank < m->nranks; rank++) {
        int at = 0;
        while (at < m->nspots && memcmp(&m->spots[at].cpus, &near[rank], sizeof *near) != 0)
            at++;
        if (at == m->nspots)
            m->spots[m->nspots++].cpus = near[rank];
        m->home[rank] = &m->spots[at];
        m->spots[at].ranks++;
    }
    return 0;
}

// ---- Cutting

// All that is free of the objects that a part lies in.
static void grow(const struct mapping *m, struct mp_cpus *part, enum level level)
{
    const struct topology *t = m->topology;
    struct mp_cpus grown = *part;

    for (int i = 0; i < t->ncpus; i++)
        for (int k = 0; mp_cpus_has(part, t->cpus[i]) && k < t->ncpus; k++)
            if (t->in[k][level] == t->in[i][level] && mp_cpus_has(&m->free, t->cpus[k]))
                mp_cpus_add(&grown, t->cpus[k]);
    *part = grown;
}

// Whether ranks shall have an object each that is smaller than what they were dealt to, and larger
// than a core.
static bool wants_objects(const struct wish *w)
{
    return w->pe == 0 && w->bind > level_of(w) && w->bind < LEVEL_CORE;
}

// The next part of a spot.
static int cut(const struct mapping *m, struct spot *spot, struct mp_cpus *part)
{
    const struct topology *t = m->topology;
    const struct wish *w = m->wish;
    bool one_each = w->bind >= LEVEL_CORE || wants_objects(w);
    struct mp_cpus cpus = spot->cpus;

    mp_cpus_keep(&cpus, &m->free);
    if (mp_cpus_count(&cpus) < spot->ranks)
        cpus = spot->cpus;
    bool by_core =
        wants_cores(w) || (!wants_threads(w) && count_units(t, true, &cpus) >= spot->ranks);
    int units = count_units(t, by_core, &cpus);
    if (w->pe > 0 && units < w->pe * spot->ranks) {
        snprintf(m->placement->error, sizeof m->placement->error,
                 "pe=%d: %d ranks on one %s want %d %s, but there are %d", w->pe, spot->ranks,
                 names[level_of(w)], w->pe * spot->ranks, by_core ? "cores" : "hardware threads",
                 units);
        return -1;
    }
    int each = w->pe > 0 ? w->pe : one_each ? 1 : units / spot->ranks;
    if (each == 0 || units == 0) // crowded
        *part = cpus;
    else
        add_units(part, t, &cpus, by_core, &spot->at, each);
    if (w->bind > LEVEL_MACHINE)
        grow(m, part, w->bind);
    for (int i = 0, n = by_core ? t->ncores : t->ncpus; wants_objects(w) && i < n; i++)
        if (is_of(t, unit_at(t, by_core, spot->at % n), part))
            spot->at++; // to the next object
    return 0;
}

// ---- Numbering

struct place {
    int first;  // its first CPU, by place in the order
    int object; // that it lies in, for --rank-by
    int nth;    // part of that object
    struct mp_cpus part;
};

static int by_first(const void *a, const void *b)
{
    return ((const struct place *)a)->first - ((const struct place *)b)->first;
}

static int by_turn(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->nth != y->nth ? x->nth - y->nth : x->first - y->first;
}

// Gives the parts to ranks in the order of the machine, or to the parts of all objects in turn.
static int renumber(struct mapping *m, enum level level)
{
    struct placement *p = m->placement;
    struct place *places = calloc((size_t)p->count, sizeof *places);
    bool in_turn = level > LEVEL_MACHINE && level < LEVEL_CORE;

    if (!places)
        return out_of_memory(p);
    for (int i = 0; i < p->count; i++) {
        places[i].part = p->parts[i];
        while (!mp_cpus_has(&p->parts[i], m->topology->cpus[places[i].first]))
            places[i].first++;
        places[i].object = in_turn ? m->topology->in[places[i].first][level] : 0;
    }
    qsort(places, (size_t)p->count, sizeof *places, by_first);
    for (int i = 0; in_turn && i < p->count; i++)
        for (int k = 0; k < i; k++)
            places[i].nth += places[k].object == places[i].object;
    if (in_turn)
        qsort(places, (size_t)p->count, sizeof *places, by_turn);
    for (int i = 0; i < p->count; i++)
        p->parts[i] = places[i].part;
    free(places);
    return 0;
}

// ---- All of it

// A CPU with several ranks counts for each in part. The smallest part counts, for all.
static void settle_threads(struct placement *p, const struct topology *t)
{
    int *on = calloc((size_t)t->ncpus, sizeof *on);

    for (int i = 0; on && i < t->ncpus; i++) {
        for (int k = 0; k < p->count; k++)
            on[i] += mp_cpus_has(&p->parts[k], t->cpus[i]);
        p->crowd = on[i] > p->crowd ? on[i] : p->crowd;
    }
    for (int k = 0; on && k < p->count; k++) {
        double share = 1e-6; // thirds need not add up
        for (int i = 0; i < t->ncpus; i++)
            share += mp_cpus_has(&p->parts[k], t->cpus[i]) ? 1.0 / on[i] : 0;
        int threads = share < 1 ? 1 : (int)share;
        p->threads = threads < p->threads ? threads : p->threads;
    }
    free(on);
}

static int map(struct mapping *m, const struct mp_cpus *near)
{
    struct placement *p = m->placement;

    m->home = calloc((size_t)m->nranks, sizeof *m->home);
    p->parts = calloc((size_t)m->nranks, sizeof *p->parts);
    if (!m->home || !p->parts)
        return out_of_memory(p);
    if (near ? deal_by_nearness(m, near) != 0 : make_spots(m) != 0 || deal(m) != 0)
        return -1;
    for (int rank = 0; rank < m->nranks; rank++) {
        if (cut(m, m->home[rank], &p->parts[rank]) != 0)
            return -1;
    }
    p->count = m->nranks;
    if (m->wish->rank_by != LEVEL_DEFAULT && renumber(m, m->wish->rank_by) != 0)
        return -1;
    settle_threads(p, m->topology);
    return 0;
}

int mapping_make(struct placement *placement, const struct topology *topology,
                 const struct mp_cpus *taken, int nranks, const struct wish *wish,
                 const struct mp_cpus *near)
{
    struct mapping m = {
        .placement = placement, .topology = topology, .wish = wish, .nranks = nranks};
    bool asked = near || wish->map != LEVEL_DEFAULT || wish->bind != LEVEL_DEFAULT;

    for (int i = 0; i < topology->ncpus; i++)
        mp_cpus_add(&m.usable, topology->cpus[i]);
    m.free = m.usable;
    mp_cpus_drop(&m.free, taken);
    if (check_known(topology, wish, placement->error, sizeof placement->error) != 0)
        return -1;
    if (wish->bind == LEVEL_MACHINE || (!asked && nranks > mp_cpus_count(&m.free)))
        return 0;
    int error = map(&m, near);
    free(m.spots);
    free(m.home);
    if (error != 0) {
        free(placement->parts);
        placement->parts = NULL;
        placement->count = 0;
    }
    return error;
}

int mapping_count(const struct topology *topology, const struct wish *wish, char *error,
                  size_t room)
{
    struct mp_cpus *objects;

    if (check_known(topology, wish, error, room) != 0)
        return -1;
    int count = topology_objects(topology, level_of(wish), &objects);
    free(objects);
    if (count < 0)
        snprintf(error, room, "out of memory");
    return count < 0 ? -1 : count * wish->per;
}
