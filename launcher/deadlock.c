// SPDX-License-Identifier: MIT
// The solver: see deadlock.h. One round over all ranks costs a look at each item, since the number
// of live ranks up to each rank tells whether there is one in a run. Rounds go on until nothing
// changes. Read next: deadlock_text.c (the words).
#include "launcher/deadlock.h"

#include <stdlib.h>
#include <string.h>

struct solver {
    const struct snapshot *snapshot;
    bool *live;
    int *up_to;   // live ranks before this one
    int *busy;    // ranks before this one that may do something inside
    int all_live; // how many
};

static int in_run(const int *before, const struct mp_wait_item *item, int run, int nranks)
{
    int first = item->runs[run].first < 0 ? 0 : item->runs[run].first;
    int last = item->runs[run].last >= nranks ? nranks - 1 : item->runs[run].last;
    return first > last ? 0 : before[last + 1] - before[first];
}

// Whether a rank of the run can do its part. Of those that have begun an operation that goes on by
// itself, nobody knows by whom it is moved: by any live rank.
static int able(const struct solver *s, const struct mp_wait_item *item, int run)
{
    int nranks = s->snapshot->nranks;
    int able = in_run(s->up_to, item, run, nranks);
    return item->inside && s->all_live > 0 ? able + in_run(s->busy, item, run, nranks) : able;
}

static bool item_is_live(const struct solver *s, const struct mp_wait_item *item)
{
    int nruns = item->nruns < MP_WAIT_RUNS ? item->nruns : MP_WAIT_RUNS;

    if (item->met != MP_MET_BY_RANKS)
        return item->met != MP_MET_BY_ANYBODY || s->all_live > 0;
    for (int i = 0; i < nruns; i++) {
        bool any = able(s, item, i) > 0;
        if (item->all && !any)
            return false; // none of them: so not all
        if (!item->all && any)
            return true;
    }
    // Each run of those that are all needed has one that can, maybe not all: look one by one.
    for (int i = 0; item->all && i < nruns; i++)
        for (int r = item->runs[i].first; r <= item->runs[i].last; r++)
            if (r >= 0 && r < s->snapshot->nranks && !s->live[r] &&
                !(item->inside && s->all_live > 0 && s->busy[r + 1] > s->busy[r]))
                return false;
    return item->all;
}

static bool wait_is_live(const struct solver *s, const struct mp_wait_record *record)
{
    int nitems = record->nitems < MP_WAIT_ITEMS ? record->nitems : MP_WAIT_ITEMS;

    if (nitems == 0 || record->unsent)
        return true; // says nothing; has something under way, which counts as from outside
    for (int i = 0; i < nitems; i++)
        if (item_is_live(s, &record->items[i]) == (record->any != 0))
            return record->any != 0;
    return record->any == 0;
}

static void count(struct solver *s)
{
    for (int i = 0; i < s->snapshot->nranks; i++)
        s->up_to[i + 1] = s->up_to[i] + s->live[i];
    s->all_live = s->up_to[s->snapshot->nranks];
}

static struct mp_wait_record *record_of(const struct snapshot *s, int rank, int i)
{
    return s->records[rank * MP_WAIT_THREADS + i];
}

int deadlock_solve(const struct snapshot *snapshot, bool *dead)
{
    int n = snapshot->nranks;
    struct solver s = {.snapshot = snapshot,
                       .live = calloc((size_t)n + 1, sizeof *s.live),
                       .up_to = calloc((size_t)n + 1, sizeof *s.up_to),
                       .busy = calloc((size_t)n + 1, sizeof *s.busy)};
    int ndead = 0;
    bool usable = s.live && s.up_to && s.busy;

    for (int i = 0; usable && i < n; i++) {
        bool busy = false;
        s.live[i] = snapshot->presence[i] == PRESENCE_LIVE;
        for (int k = 0; snapshot->presence[i] == PRESENCE_ASLEEP && k < snapshot->nwaits[i]; k++)
            busy = busy || record_of(snapshot, i, k)->busy;
        s.busy[i + 1] = s.busy[i] + busy;
    }
    for (bool changed = usable; changed;) {
        changed = false;
        count(&s);
        for (int i = 0; i < n; i++) {
            if (s.live[i] || snapshot->presence[i] >= PRESENCE_POLLS)
                continue;
            for (int k = 0; k < snapshot->nwaits[i] && !s.live[i]; k++)
                s.live[i] = wait_is_live(&s, record_of(snapshot, i, k));
            changed = changed || s.live[i];
        }
    }
    for (int i = 0; i < n; i++) {
        dead[i] = usable && !s.live[i] && snapshot->presence[i] < PRESENCE_POLLS;
        ndead += dead[i];
    }
    free(s.live);
    free(s.up_to);
    free(s.busy);
    return ndead;
}

// ---- The order

// The lowest dead rank that `rank` waits for, or -1: others first, itself if it is all there is.
static int next_of(const struct snapshot *s, const bool *dead, int rank)
{
    int self = -1;
    for (int k = 0; k < s->nwaits[rank]; k++) {
        const struct mp_wait_record *record = record_of(s, rank, k);
        for (int i = 0; i < record->nitems && i < MP_WAIT_ITEMS; i++) {
            const struct mp_wait_item *item = &record->items[i];
            for (int run = 0; item->met == MP_MET_BY_RANKS && run < item->nruns; run++) {
                for (int r = item->runs[run].first; r <= item->runs[run].last; r++) {
                    if (r == rank)
                        self = r;
                    else if (r >= 0 && r < s->nranks && dead[r])
                        return r;
                }
            }
        }
    }
    return self;
}

int deadlock_order(const struct snapshot *snapshot, const bool *dead, int *order, int *closed)
{
    int n = snapshot->nranks, count = 0, at = -1;
    bool *told = calloc((size_t)n, sizeof *told);

    *closed = 0;
    if (!told)
        return 0;
    // From the lowest rank on until one comes again: that one is in a cycle.
    for (int i = 0; i < n && at < 0; i++)
        at = dead[i] ? i : -1;
    while (at >= 0 && !told[at]) {
        told[at] = true;
        at = next_of(snapshot, dead, at);
    }
    memset(told, 0, (size_t)n * sizeof *told);
    if (at >= 0) {
        int first = at, lowest = at;
        for (at = next_of(snapshot, dead, first); at != first; at = next_of(snapshot, dead, at))
            lowest = at < lowest ? at : lowest;
        at = lowest;
        do {
            told[at] = true;
            order[count++] = at;
            at = next_of(snapshot, dead, at);
        } while (at != lowest);
        *closed = count;
    }
    for (int i = 0; i < n; i++)
        if (dead[i] && !told[i])
            order[count++] = i;
    free(told);
    return count;
}
