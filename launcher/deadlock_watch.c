// SPDX-License-Identifier: MIT
// Takes the snapshot for deadlock.c, and makes sure that it is one.
//
// A look reads the records of all ranks, and solves. If some seem to be dead, they are asked to
// look again: they are woken for nothing. Once each thread of theirs has gone to sleep twice more,
// with a record of the same content, the deadlock is proved. Call T the moment when all were read
// for the first time, before `sleeps` is read once more and they are asked.
//
// - A thread that goes to sleep has announced that before, and has looked at everything after the
//   announcement: all rings and doorbells, all streams and the control socket, what its own wait
//   needs, and what may go on inside (wait/progress.c). Of its two sleeps since T the look before
//   the second one began after the first, hence after T. So it has looked at everything since T.
// - Whatever happens to a rank in a wait grows `events`, or ends the wait: a record of the same
//   content is one of a rank that has done nothing since it was read first. So what happens next
//   among the ranks that seem to be dead would come of a packet, or a store, that one of them, or
//   one that has ended, made before T. That lies in memory or in a stream since then, and whoever
//   it is for has looked there since T, and has found nothing. (One that was in the middle of
//   something when it was read grows `events` before its next sleep.) What is not in a stream yet
//   (`unsent`), and a connection that we have not handed on (connect_is_idle), count as if a live
//   rank were about to do something.
// - So each of them waits for what only a call of one of them could bring, or of one that has
// ended;
//   or something inside one of them that only a live rank could set off, which the solver counts
//   (`busy`). What live ranks send may wake a dead one, but is not what it waits for.
//
// Nothing here depends on time. A rank that is stopped, or frozen, or has no share of a core, or is
// in a signal handler or in a function that MPI has called, does not answer, and then nothing is
// told. A child that was forked in the middle of a wait never comes back to it (process/lock.c). A
// debugger may do with a rank what it likes: what is traced is not told.
//
// Other worlds. If a rank waits for one of another world of this mprun, the ranks of that world are
// read as well, and numbered after our own; and so on. All this holds for them too: what processes
// of different worlds send each other lies in a stream, or at a door, and a look is one there as
// well. Each keeper finds the same; the one of the first of these worlds tells.
//
// Other threads. Below MPI_THREAD_MULTIPLE no other thread may be in a call, nor make one, as long
// as this one is in its (MPI 5.0, 11.6.2). Else a rank is asleep only if all threads of its process
// are: as many as have records, so that there is none that could make another. If there are others,
// and they sleep as well, nobody can know; after a while that is told as suspected.
#define _GNU_SOURCE
#include "launcher/deadlock_watch.h"

#include "base/calls.h"
#include "base/clock.h"
#include "launcher/connect.h"
#include "launcher/deadlock.h"
#include "launcher/family.h"
#include "launcher/livelock.h"
#include "launcher/look.h"
#include "launcher/other_worlds.h"
#include "launcher/source.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// The second sleep after ranks were asked is the first whose look began after that. They answer in
// some 10 ms; a rank that does not for a second is stopped, or has little of a core.
enum { LOOKS_SINCE = 2, LOOKS_SOON = 50, LOOKS_AGAIN = 4, LOOKS_FOR_MORE = 1 };

// Calls whose place in the source is looked up; worlds that are looked at.
enum { MOST_PLACES = 64, MOST_WORLDS = 64 };

// A thread's record as it was read; `sleeps` is 0 where there is none. Of a suspect: what it was at
// T, or later.
struct copy {
    uint64_t sleeps;
    struct mp_wait_record record; // with `sleeps` 0, so that contents can be compared
};

// The worlds of this look, ours first, and the number of the first rank of each.
static struct {
    const struct job *jobs[MOST_WORLDS];
    uint64_t numbers[MOST_WORLDS];
    int first[MOST_WORLDS + 1];
    int count;
} worlds, last_worlds;

// A rank: of which job, and which.
struct member {
    const struct job *job;
    int rank;
};

static struct member *members;
static struct label *labels;

static struct snapshot now;
static struct copy *copies;   // MP_WAIT_THREADS for each rank: of this look,
static struct copy *first;    // of the one before ranks were asked,
static uint64_t *asked;       // and what `sleeps` was when they were
static bool *dead, *suspects; // of this look, and who was asked
static bool *told;
static int looks;              // since they were asked
static int64_t doubt_since_ns; // see `doubted`; 0: not
static bool doubt_told;
static int late_comers;                 // looks that others were given
static const char **places;             // of the records of those that are told, as far as
static struct place found[MOST_PLACES]; // they are found
static char text[16384];

static void close_all(void)
{
    free(now.presence);
    free(now.nwaits);
    free(now.records);
    free(copies);
    free(first);
    free(asked);
    free(places);
    free(dead);
    free(suspects);
    free(members);
    free(labels);
}

// Makes room for the ranks of all worlds, anew where those have changed.
static bool open_for_all(void)
{
    int nranks = worlds.first[worlds.count];
    size_t n = (size_t)nranks, records = n * MP_WAIT_THREADS;

    if (told && worlds.count == last_worlds.count &&
        memcmp(worlds.numbers, last_worlds.numbers,
               (size_t)worlds.count * sizeof *worlds.numbers) == 0)
        return true;
    bool *old = told; // of ours that stays
    last_worlds = worlds;
    close_all();
    now.nranks = nranks;
    now.presence = calloc(n, sizeof *now.presence);
    now.nwaits = calloc(n, sizeof *now.nwaits);
    now.records = calloc(records, sizeof(struct mp_wait_record *));
    copies = aligned_alloc(128, records * sizeof *copies);
    first = aligned_alloc(128, records * sizeof *first);
    asked = calloc(records, sizeof *asked);
    now.places = places = calloc(records, sizeof *places);
    dead = calloc(n, 1);
    suspects = calloc(n, 1);
    members = calloc(n, sizeof *members);
    labels = calloc(n, sizeof *labels);
    now.labels = worlds.count > 1 ? labels : NULL;
    bool all = now.presence && now.nwaits && now.records && copies && first && asked && places &&
               dead && suspects && members && labels;
    for (int w = 0; all && w < worlds.count; w++)
        for (int r = 0; r < worlds.jobs[w]->nranks; r++) {
            members[worlds.first[w] + r] = (struct member){worlds.jobs[w], r};
            labels[worlds.first[w] + r] =
                (struct label){(int)worlds.jobs[w]->segments[0]->number, r};
        }
    told = all ? calloc(n, 1) : NULL;
    if (told && old)
        memcpy(told, old, (size_t)worlds.jobs[0]->nranks);
    free(old);
    return told != NULL;
}

static struct mp_board *board_of(int i)
{
    return job_board(members[i].job, members[i].rank);
}

static struct mp_waits *waits_of(int i)
{
    return job_waits(members[i].job, members[i].rank);
}

static bool is_own(int i)
{
    return members[i].job == worlds.jobs[0];
}

// What a rank says is its word, and a program that writes where it must not may have changed it.
static void keep_within_bounds(struct mp_wait_record *r)
{
    r->nitems = r->nitems < MP_WAIT_ITEMS ? r->nitems : MP_WAIT_ITEMS;
    for (int i = 0; i < r->nitems; i++)
        r->items[i].nruns = r->items[i].nruns < MP_WAIT_RUNS ? r->items[i].nruns : MP_WAIT_RUNS;
}

// The place of a world among those of this look; -1: it is not among them.
static int place_of(uint64_t number, int own)
{
    int at = number == 0 ? own : 0;
    while (number != 0 && at < worlds.count && worlds.numbers[at] != number)
        at++;
    return at < worlds.count ? at : -1;
}

// From the numbers that the world `own` gives to ranks to those of the snapshot.
static void renumber(struct mp_wait_record *r, int own)
{
    for (int i = 0; i < r->nitems; i++) {
        struct mp_wait_item *item = &r->items[i];
        int before = worlds.first[own];
        for (int k = 0; k < item->nruns; k++) {
            int at = place_of(item->runs[k].world, own);
            if (at < 0 || item->runs[k].first < 0 || item->runs[k].first > item->runs[k].last ||
                item->runs[k].last >= worlds.jobs[at]->nranks) {
                item->met = MP_MET_OUTSIDE;
                continue;
            }
            item->runs[k].first += worlds.first[at];
            item->runs[k].last += worlds.first[at];
            item->runs[k].world = 0;
        }
        if (item->met == MP_MET_OUTSIDE)
            item->nruns = 0;
        item->root += item->root >= 0 ? before : 0;
        item->kept_source += before;
        if (item->kind == MP_WAIT_WINDOW && item->operation == MP_CALL_Win_unlock && item->tag >= 0)
            item->tag += before;
    }
}

// Copies a record, if it is valid.
static bool copy_record(const struct mp_wait_record *record, struct copy *copy)
{
    // Acquire: pairs with the release in wait/record.c, so that the record is whole.
    copy->sleeps = atomic_load_explicit(&record->sleeps, memory_order_acquire);
    if (copy->sleeps % 2) {
        memcpy(&copy->record, record, sizeof copy->record);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&record->sleeps, memory_order_relaxed) == copy->sleeps) {
            atomic_store_explicit(&copy->record.sleeps, 0, memory_order_relaxed);
            keep_within_bounds(&copy->record);
            return true;
        }
    }
    copy->sleeps = 0;
    return false;
}

static bool read_record(int rank, int i)
{
    struct copy *copy = &copies[rank * MP_WAIT_THREADS + i];

    if (!copy_record(&waits_of(rank)->records[i], copy))
        return false;
    renumber(&copy->record, place_of(members[rank].job->segments[0]->job, 0));
    return true;
}

static void add_world(const struct job *job, uint64_t number)
{
    int at = worlds.count++;
    worlds.jobs[at] = job;
    worlds.numbers[at] = number;
    worlds.first[at + 1] = worlds.first[at] + job->nranks;
}

// The worlds that the ranks of this one wait for.
static void find_worlds_of(const struct job *job, pid_t warden)
{
    struct copy copy;

    for (int rank = 0; rank < job->nranks; rank++)
        for (int i = 0; i < MP_WAIT_THREADS; i++) {
            if (!copy_record(&job_waits(job, rank)->records[i], &copy))
                continue;
            for (int k = 0; k < copy.record.nitems * MP_WAIT_RUNS; k++) {
                const struct mp_wait_item *item = &copy.record.items[k / MP_WAIT_RUNS];
                int run = k % MP_WAIT_RUNS;
                uint64_t number = run < item->nruns ? item->runs[run].world : 0;
                if (number == 0 || place_of(number, 0) >= 0 || worlds.count == MOST_WORLDS)
                    continue;
                const struct job *other = other_world(number, warden);
                if (other)
                    add_world(other, number);
            }
        }
}

// While suspects are asked, and may be awake for it, the worlds stay what they were.
static void find_worlds(const struct job *job)
{
    bool asking = told && memchr(suspects, 1, (size_t)now.nranks);

    worlds.count = 0;
    add_world(job, job->segments[0]->job);
    for (int i = 1; asking && i < last_worlds.count; i++) {
        const struct job *other = other_world(last_worlds.numbers[i], job->warden);
        if (other)
            add_world(other, last_worlds.numbers[i]);
    }
    for (int at = 0; at < worlds.count; at++)
        find_worlds_of(worlds.jobs[at], job->warden);
}

static enum presence read_rank(const struct job *job, int rank)
{
    struct mp_waits *waits = waits_of(rank);
    int count = 0;

    for (int i = 0; i < MP_WAIT_THREADS; i++)
        copies[rank * MP_WAIT_THREADS + i].sleeps = 0;
    if (is_own(rank) && job->ranks[rank].ended)
        return PRESENCE_GONE;
    if (atomic_load_explicit(&waits->waiting, memory_order_relaxed) == 0)
        return PRESENCE_LIVE;
    for (int i = 0; i < MP_WAIT_THREADS; i++)
        if (read_record(rank, i))
            now.records[rank * MP_WAIT_THREADS + count++] =
                &copies[rank * MP_WAIT_THREADS + i].record;
    now.nwaits[rank] = count;
    bool all = atomic_load_explicit(&waits->waiting, memory_order_relaxed) == (uint32_t)count;
    return all && count > 0 ? PRESENCE_ASLEEP : PRESENCE_LIVE;
}

// A rank that ends other than after MPI_Finalize ends the job, or is about to.
static bool all_ended_well(const struct job *job)
{
    for (int i = 0; i < job->nranks; i++)
        if (job->ranks[i].ended && atomic_load_explicit(&job_board(job, i)->state,
                                                        memory_order_relaxed) != MP_RANK_FINALIZED)
            return false;
    return true;
}

static bool has_far_peers(const struct job *job)
{
    const struct mp_segment_header *segment = job->segments[0];
    return job->nranks > 1 && (segment->channel == MP_CHANNEL_SOCKET || segment->nodes > 1);
}

// The bell of a rank that has met another world, and sleeps on streams since (lib/process/peers.c).
static void ring(uint32_t name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%05x", name & (MP_BELL - 1));
    if (fd >= 0) {
        sendto(fd, (char[]){MP_BELL_NUDGE}, 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
               offsetof(struct sockaddr_un, sun_path) + 6);
        close(fd);
    }
}

// Wakes the rank's threads, for nothing. One that sleeps on streams keeps its announcement: it may
// be about to sleep, after its last look, and peers look at that word.
static void wake(const struct job *job, int rank)
{
    struct mp_board *board = board_of(rank);
    uint32_t bell = atomic_load_explicit(&board->bell, memory_order_relaxed);

    if (is_own(rank) && has_far_peers(job))
        connect_nudge(rank);
    else if (bell)
        ring(bell);
    else if (atomic_exchange_explicit(&board->sleeping, 0, memory_order_acq_rel))
        syscall(SYS_futex, &board->sleeping, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static bool same_content(const struct mp_wait_record *a, const struct mp_wait_record *b)
{
    size_t head = offsetof(struct mp_wait_record, items);
    return memcmp(a, b, head + a->nitems * sizeof *a->items) == 0;
}

// What the records of a suspect say, compared with the first ones.
enum answer { ANSWER_NONE, ANSWER_SAME, ANSWER_CHANGED };

static enum answer answer_of(const struct job *job, int rank)
{
    enum answer answer = ANSWER_SAME;
    bool ask = false;

    for (int at = rank * MP_WAIT_THREADS; at < (rank + 1) * MP_WAIT_THREADS; at++) {
        if ((copies[at].sleeps == 0) != (first[at].sleeps == 0) ||
            (first[at].sleeps != 0 && !same_content(&copies[at].record, &first[at].record)))
            return ANSWER_CHANGED;
        if (first[at].sleeps != 0 && copies[at].sleeps < first[at].sleeps + 2 * LOOKS_SINCE) {
            answer = ANSWER_NONE;
            // Once for each sleep, so that what waits for another one's answer is not kept awake;
            // and now and then, since of several threads another one may have taken the nudge.
            ask = ask || asked[at] != copies[at].sleeps || looks % LOOKS_AGAIN == 0;
            asked[at] = copies[at].sleeps;
        }
    }
    if (ask)
        wake(job, rank);
    return answer;
}

static bool is_traced(pid_t pid)
{
    char status[2048];
    const char *line;

    return mp_file_read(status, sizeof status, "/proc/%d/status", (int)pid) == 0 ||
           !(line = strstr(status, "\nTracerPid:")) || atoi(line + 11) != 0;
}

// The process that is the rank: one below the one that was started, if that is no MPI program.
static pid_t process_of(const struct job *job, int rank)
{
    int32_t on_board = atomic_load_explicit(&board_of(rank)->pid, memory_order_relaxed);
    pid_t pid = is_own(rank) ? job->ranks[rank].pid : on_board;

    return on_board != pid && family_has(on_board) ? on_board : pid;
}

static bool is_untraced(const struct job *job, int rank)
{
    pid_t pid = process_of(job, rank);
    struct mp_stat stat;
    return look_at(pid, &stat) && !is_traced(pid);
}

static bool is_alone(const struct job *job, int rank)
{
    const struct mp_wait_record *record = now.records[rank * MP_WAIT_THREADS];
    struct mp_stat stat;
    return !record->threaded ||
           (look_at(process_of(job, rank), &stat) && stat.threads == now.nwaits[rank]);
}

// Whether some thread of the rank runs.
static bool runs(pid_t pid)
{
    struct mp_stat stat;
    return !look_at_threads(pid, &stat) || stat.state == 'R';
}

// How long it has looked as if there were a deadlock, but for threads outside MPI that sleep.
static double doubted(const struct job *job, int64_t now_ns)
{
    bool sleep = true;

    for (int i = 0; i < now.nranks; i++)
        sleep = sleep && !(dead[i] && runs(process_of(job, i)));
    doubt_since_ns = sleep && doubt_since_ns ? doubt_since_ns : now_ns;
    return (double)(now_ns - doubt_since_ns) / 1e9;
}

// Whether a deadlock is proved, or has been suspected for long. (What is traced stays a suspect.)
static bool is_proved(const struct job *job, uint64_t *next_ms)
{
    double patience = job->options->deadlock_suspect;
    bool proved = true, alone = true;

    for (int i = 0; i < now.nranks; i++) {
        enum answer answer = suspects[i] ? answer_of(job, i) : ANSWER_SAME;
        if (suspects[i] != dead[i] || answer == ANSWER_CHANGED) {
            memset(suspects, 0, (size_t)now.nranks);
            return false;
        }
        proved = proved && answer == ANSWER_SAME;
    }
    if (!proved && looks++ < LOOKS_SOON)
        *next_ms = DEADLOCK_ASK_MS;
    for (int i = 0; proved && i < now.nranks; i++) {
        proved = !dead[i] || is_untraced(job, i);
        alone = alone && (!dead[i] || is_alone(job, i));
    }
    now.certainty = alone ? CERTAINLY_DEAD : PERHAPS_DEAD;
    if (!proved || alone) {
        doubt_since_ns = 0;
        return proved;
    }
    now.lasts = doubted(job, mp_clock_ns(CLOCK_MONOTONIC));
    return patience > 0 && now.lasts >= patience && !doubt_told;
}

static void suspect(const struct job *job, uint64_t *next_ms)
{
    size_t n = (size_t)now.nranks;

    if (!connect_is_idle())
        return;
    memcpy(suspects, dead, n);
    memcpy(first, copies, n * MP_WAIT_THREADS * sizeof *first);
    memset(asked, 0, n * MP_WAIT_THREADS * sizeof *asked);
    looks = late_comers = 0;
    doubt_since_ns = 0;
    // Only sleeps after this count.
    atomic_thread_fence(memory_order_seq_cst);
    for (size_t at = 0; at < n * MP_WAIT_THREADS; at++)
        if (first[at].sleeps != 0)
            first[at].sleeps = atomic_load_explicit(
                &waits_of((int)at / MP_WAIT_THREADS)->records[at % MP_WAIT_THREADS].sleeps,
                memory_order_acquire);
    is_proved(job, next_ms);
}

static void find_places(const struct job *job)
{
    int count = 0;

    for (int i = 0; i < now.nranks; i++) {
        bool polls = now.presence[i] == PRESENCE_POLLS;
        int waits = polls ? 1 : dead[i] ? now.nwaits[i] : 0;
        for (int k = 0; k < waits && count < MOST_PLACES; k++) {
            struct place *place = &found[count++];
            place->pid = process_of(job, i);
            place->address =
                polls ? atomic_load_explicit(&waits_of(i)->polls_from, memory_order_relaxed)
                      : now.records[i * MP_WAIT_THREADS + k]->caller;
            places[i * MP_WAIT_THREADS + k] = place->text;
        }
    }
    source_find(found, count);
}

static const char *tell(const struct job *job, int64_t now_ns)
{
    find_places(job);
    deadlock_tell(&now, dead, now_ns, text, sizeof text);
    return text;
}

// Whether it is this keeper that tells: its world is the first of those that have dead ranks.
static bool is_ours_to_tell(void)
{
    int lowest = INT_MAX;
    for (int i = 0; i < now.nranks; i++)
        lowest = dead[i] && labels[i].world < lowest ? labels[i].world : lowest;
    return lowest == labels[0].world;
}

static int own_dead(const struct job *job)
{
    int count = 0;
    for (int i = 0; i < job->nranks; i++)
        count += dead[i];
    return count;
}

const char *deadlock_look(const struct job *job, uint64_t *next_ms, bool *certain)
{
    int64_t now_ns = mp_clock_ns(CLOCK_MONOTONIC);
    bool news = false;

    *next_ms = DEADLOCK_LOOK_MS;
    *certain = false;
    if (job->started < job->nranks || !all_ended_well(job))
        return NULL;
    find_worlds(job);
    bool opened = open_for_all();
    other_worlds_forget();
    size_t n = (size_t)now.nranks;
    if (!opened)
        return NULL;
    for (int i = 0; i < now.nranks; i++)
        now.presence[i] = read_rank(job, i);
    int count = deadlock_solve(&now, dead);
    for (size_t i = 0; i < n; i++)
        news = news || (dead[i] && !told[i]);
    if (count == 0 || !news) {
        memset(suspects, 0, n);
        bool alone = worlds.count == 1;
        return count == 0 && alone && livelock_look(job, &now, dead, now_ns) ? tell(job, now_ns)
                                                                             : NULL;
    }
    if (!memchr(suspects, 1, n)) {
        suspect(job, next_ms);
        return NULL;
    }
    if (!is_proved(job, next_ms))
        return NULL;
    // Others may be about to fall asleep, and belong to it: they get a moment.
    if (own_dead(job) < job->alive && late_comers++ < LOOKS_FOR_MORE)
        return NULL;
    if (!is_ours_to_tell())
        return NULL;
    *certain = now.certainty == CERTAINLY_DEAD;
    doubt_told = doubt_told || !*certain;
    for (size_t i = 0; i < n; i++)
        told[i] = told[i] || (dead[i] && *certain);
    memset(suspects, 0, n);
    return tell(job, now_ns);
}
