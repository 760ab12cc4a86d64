// SPDX-License-Identifier: MIT
// A livelock cannot be proved: a program may poll until the clock, a file or a thread of its own
// tells it to stop. It is suspected when, since a moment long ago,
// - every rank either sleeps in one and the same wait, and no packet has come to it or gone from it
//   (`since_ns` and `events` of its records), or has looked in vain again and again, in one row,
//   without a pause (`polls` and `polls_met`), or has ended; and
// - if those that poll are taken for gone, all others are dead.
// Read next: lib/shm/waits.h, deadlock.h.
#include "launcher/livelock.h"

#include <stdlib.h>

// A rank polls as long as it is seen to have done so within this part of the time.
enum { PAUSES = 6 };

struct then {
    enum presence presence;
    uint64_t waits; // what tells one wait from another, of all records together
    uint32_t polls, met;
    int64_t grew_ns;
};

static struct then *then;
static int *polls_in;
static int64_t since_ns;
static bool told;

static uint64_t wait_of(const struct snapshot *now, int rank)
{
    uint64_t sum = 0;
    for (int k = 0; k < now->nwaits[rank]; k++) {
        const struct mp_wait_record *r = now->records[rank * MP_WAIT_THREADS + k];
        sum = sum * 31 + (uint64_t)r->since_ns + 7 * r->events;
    }
    return sum;
}

// Whether the rank has done nothing else since the last look.
static bool goes_on_alike(const struct job *job, const struct snapshot *now, int rank,
                          int64_t now_ns, int64_t pause_ns)
{
    const struct mp_waits *waits = job_waits(job, rank);
    struct then *t = &then[rank];
    struct then seen = {.presence = now->presence[rank],
                        .polls = atomic_load_explicit(&waits->polls, memory_order_relaxed),
                        .met = atomic_load_explicit(&waits->polls_met, memory_order_relaxed),
                        .grew_ns = t->grew_ns};
    bool asleep = seen.presence == PRESENCE_ASLEEP;

    seen.waits = asleep ? wait_of(now, rank) : 0;
    if (seen.polls != t->polls)
        seen.grew_ns = now_ns;
    bool alike = seen.presence == t->presence && seen.waits == t->waits && seen.met == t->met &&
                 (seen.presence != PRESENCE_LIVE || now_ns - seen.grew_ns < pause_ns);
    *t = seen;
    polls_in[rank] = (int)atomic_load_explicit(&waits->polls_in, memory_order_relaxed);
    return alike;
}

bool livelock_look(const struct job *job, struct snapshot *now, bool *dead, int64_t now_ns)
{
    double seconds = job->options->livelock_suspect;
    int64_t lasts_ns = (int64_t)(seconds * 1e9);
    int polling = 0, asleep = 0;
    bool alike = true;

    if (told || seconds <= 0)
        return false;
    if (!then) {
        then = calloc((size_t)now->nranks, sizeof *then);
        polls_in = calloc((size_t)now->nranks, sizeof *polls_in);
        now->polls_in = polls_in;
    }
    if (!then || !polls_in)
        return false;
    for (int i = 0; i < now->nranks; i++) {
        alike = goes_on_alike(job, now, i, now_ns, lasts_ns / PAUSES) && alike;
        polling += now->presence[i] == PRESENCE_LIVE;
        asleep += now->presence[i] == PRESENCE_ASLEEP;
    }
    since_ns = alike && since_ns ? since_ns : now_ns;
    if (!alike || now_ns - since_ns < lasts_ns || polling == 0)
        return false;
    for (int i = 0; i < now->nranks; i++)
        if (now->presence[i] == PRESENCE_LIVE)
            now->presence[i] = PRESENCE_POLLS;
    told = deadlock_solve(now, dead) == asleep;
    now->certainty = PERHAPS_LIVE;
    now->lasts = (double)(now_ns - since_ns) / 1e9;
    return told;
}
