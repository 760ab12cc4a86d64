// SPDX-License-Identifier: MIT
// Takes the snapshot for deadlock.c, and makes sure that it is one.
//
// A look reads the records of all ranks, solves, and then reads those of the dead ones again. If
// nothing has changed there, all of them slept at the moment between the two. Then none of them
// does anything any more unless it is woken, and:
//
// - Over shared memory a rank announces its sleep, looks once more, and then sleeps; who stores
//   something for it looks at the announcement after that, and clears it before it wakes the rank
//   (process/peers.c). What a dead rank stored, it stored before it fell asleep itself. So if the
//   announcement of another one stands, that has seen it in its last look, or was asleep later.
//   Hence nothing is under way among dead ranks, and rings need not be looked at. What live ranks
//   store may wake a dead one, but not for what it waits for, and it sleeps again. Threads of one
//   rank share an announcement, and `round` tells which of them it is for.
// - Over sockets the kernel wakes who sleeps in ppoll, in the very write. So after all dead ranks
//   were seen asleep, those of them that had something to read would be seen running. Only what
//   they have asked of mprun (connections) may be under way. So nothing is concluded until they
//   have slept all the time since the look before, since between two looks all of that is answered.
//
// A rank that may call MPI from several threads is asleep only if it has no thread that is not.
// One that is stopped, traced, or in another system call than that of its sleep (in a signal
// handler) is live. A proof is told when two looks in a row have come to the same, which it needs
// not, but costs nothing.
#define _GNU_SOURCE
#include "launcher/deadlock_watch.h"

#include "base/clock.h"
#include "launcher/deadlock.h"
#include "launcher/family.h"
#include "launcher/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static struct snapshot now;
static struct mp_wait_record *copies; // MP_WAIT_THREADS for each rank
static uint64_t *sleeps;              // of the records that count, as they were read
static uint64_t *before;              // the same of the look before
static bool *dead, *dead_before, *told;
static char text[16384];

static bool open_once(int nranks)
{
    size_t n = (size_t)nranks, records = n * MP_WAIT_THREADS;

    if (now.nranks)
        return copies != NULL;
    now.nranks = nranks;
    now.presence = calloc(n, sizeof *now.presence);
    now.nwaits = calloc(n, sizeof *now.nwaits);
    now.records = calloc(records, sizeof(struct mp_wait_record *));
    sleeps = calloc(records, sizeof *sleeps);
    before = calloc(records, sizeof *before);
    dead = calloc(n, 1);
    dead_before = calloc(n, 1);
    told = calloc(n, 1);
    bool all = now.presence && now.nwaits && now.records && sleeps && before && dead &&
               dead_before && told;
    copies = all ? aligned_alloc(128, records * sizeof *copies) : NULL;
    return copies != NULL;
}

// What a rank says is its word, and a program that writes where it must not may have changed it.
static void keep_within_bounds(struct mp_wait_record *r, int nranks)
{
    r->nitems = r->nitems < MP_WAIT_ITEMS ? r->nitems : MP_WAIT_ITEMS;
    for (int i = 0; i < r->nitems; i++) {
        struct mp_wait_item *item = &r->items[i];
        item->nruns = item->nruns < MP_WAIT_RUNS ? item->nruns : MP_WAIT_RUNS;
        for (int k = 0; k < item->nruns; k++)
            if (item->runs[k].first < 0 || item->runs[k].last >= nranks ||
                item->runs[k].first > item->runs[k].last)
                item->met = MP_MET_OUTSIDE;
        if (item->met == MP_MET_OUTSIDE)
            item->nruns = 0;
    }
}

static struct mp_waits *waits_of(const struct job *job, int rank)
{
    return mp_segment_waits(job->segments[job_node(job, rank)],
                            mp_home_place(mp_segment_homes(job->segments[0])[rank]));
}

// Whether a rank's announcement stands. (Over sockets there is none.)
static bool announced(const struct job *job, int rank)
{
    const struct mp_board *board = job_board(job, rank);
    return job->segments[0]->channel != MP_CHANNEL_SHM ||
           atomic_load_explicit(&board->sleeping, memory_order_acquire) != 0;
}

// Copies record `i` of the rank, if its thread sleeps. *count is that of its records that count.
static void read_record(const struct job *job, int rank, int i, int *count)
{
    struct mp_waits *waits = waits_of(job, rank);
    struct mp_wait_record *record = &waits->records[i];
    int place = rank * MP_WAIT_THREADS + *count;
    struct mp_wait_record *copy = &copies[place];

    // Acquire: pairs with the release in wait/record.c, so that the record is whole.
    uint64_t number = atomic_load_explicit(&record->sleeps, memory_order_acquire);
    if (number % 2 == 0)
        return;
    memcpy(copy, record, sizeof *copy);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&record->sleeps, memory_order_relaxed) != number ||
        copy->round != atomic_load_explicit(&waits->round, memory_order_relaxed))
        return;
    keep_within_bounds(copy, job->nranks);
    sleeps[place] = number * MP_WAIT_THREADS + (uint64_t)i;
    now.records[place] = copy;
    ++*count;
}

// The records come first, and then the announcement: a thread that was woken since they were
// written has none, or is of an earlier round.
static enum presence read_rank(const struct job *job, int rank)
{
    struct mp_waits *waits = waits_of(job, rank);
    int count = 0;

    if (job->ranks[rank].ended)
        return PRESENCE_GONE;
    if (atomic_load_explicit(&waits->asleep, memory_order_relaxed) == 0)
        return PRESENCE_LIVE;
    for (int i = 0; i < MP_WAIT_THREADS; i++)
        read_record(job, rank, i, &count);
    now.nwaits[rank] = count;
    bool all = atomic_load_explicit(&waits->asleep, memory_order_relaxed) == (uint32_t)count;
    return all && count > 0 && announced(job, rank) ? PRESENCE_ASLEEP : PRESENCE_LIVE;
}

// Whether the records that were read are of the same sleeps still.
static bool sleeps_on(const struct job *job, int rank)
{
    struct mp_waits *waits = waits_of(job, rank);

    atomic_thread_fence(memory_order_acquire);
    for (int k = 0; k < now.nwaits[rank]; k++) {
        int place = rank * MP_WAIT_THREADS + k;
        const struct mp_wait_record *record = &waits->records[sleeps[place] % MP_WAIT_THREADS];
        if (atomic_load_explicit(&record->sleeps, memory_order_acquire) !=
                sleeps[place] / MP_WAIT_THREADS ||
            copies[place].round != atomic_load_explicit(&waits->round, memory_order_relaxed))
            return false;
    }
    return announced(job, rank) && !job->ranks[rank].ended;
}

static bool is_traced(pid_t pid)
{
    char status[2048];
    const char *line;

    return mp_file_read(status, sizeof status, "/proc/%d/status", (int)pid) == 0 ||
           !(line = strstr(status, "\nTracerPid:")) || atoi(line + 11) != 0;
}

// The number of the system call that a process's first thread is in; -1 if that is not to be known,
// -2 if it is in none.
static long system_call(pid_t pid)
{
    char line[200], *end;

    if (mp_file_read(line, sizeof line, "/proc/%d/syscall", (int)pid) == 0)
        return -1;
    long number = strtol(line, &end, 10);
    return end == line ? -2 : number;
}

// Whether the system, too, says that the rank sleeps, and that it has no other thread that counts.
static bool seen_asleep(const struct job *job, int rank)
{
    const struct mp_board *board = job_board(job, rank);
    const struct mp_wait_record *record = now.records[rank * MP_WAIT_THREADS];
    int32_t on_board = atomic_load_explicit(&board->pid, memory_order_relaxed);
    pid_t pid = job->ranks[rank].pid;
    struct mp_stat stat;

    if (on_board != pid && family_has(on_board))
        pid = on_board;
    if (!look_at(pid, &stat) || is_traced(pid))
        return false;
    if (record->threaded)
        return stat.threads == now.nwaits[rank] && stat.state == 'S';
    if (stat.threads > 1) // which of them calls MPI is not known
        return stat.state == 'S';
    long number = system_call(pid);
    return stat.state == 'S' &&
           (number == -1 ||
            number == (job->segments[0]->channel == MP_CHANNEL_SHM ? SYS_futex : SYS_ppoll));
}

static bool holds(const struct job *job)
{
    bool slept = job->segments[0]->channel == MP_CHANNEL_SHM;

    for (int i = 0; i < now.nranks; i++)
        if (dead[i] && !(sleeps_on(job, i) && seen_asleep(job, i)))
            return false;
    for (int i = 0; i < now.nranks; i++) {
        size_t at = (size_t)i * MP_WAIT_THREADS;
        if (dead[i] && !sleeps_on(job, i))
            return false;
        if (dead[i] && !slept &&
            memcmp(sleeps + at, before + at, (size_t)now.nwaits[i] * sizeof *sleeps) != 0)
            return false;
    }
    return true;
}

const char *deadlock_look(const struct job *job)
{
    size_t n = (size_t)job->nranks;
    int asleep = 0;
    bool news = false;

    if (job->started < job->nranks || !open_once(job->nranks))
        return NULL;
    memcpy(dead_before, dead, n);
    memcpy(before, sleeps, n * MP_WAIT_THREADS * sizeof *sleeps);
    memset(dead, 0, n);
    for (int i = 0; i < job->nranks; i++) {
        now.presence[i] = read_rank(job, i);
        asleep += now.presence[i] == PRESENCE_ASLEEP;
    }
    if (asleep == 0 || deadlock_solve(&now, dead) == 0 || memcmp(dead, dead_before, n) != 0 ||
        !holds(job))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        news = news || (dead[i] && !told[i]);
        told[i] = told[i] || dead[i];
    }
    if (!news)
        return NULL;
    deadlock_tell(&now, dead, mp_clock_ns(CLOCK_MONOTONIC), text, sizeof text);
    return text;
}
