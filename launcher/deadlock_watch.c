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
// Other threads. Below MPI_THREAD_MULTIPLE no other thread may be in a call, nor make one, as long
// as this one is in its (MPI 5.0, 11.6.2). Else a rank is asleep only if all threads of its process
// are: as many as have records, so that there is none that could make another. If there are others,
// and they sleep as well, nobody can know; after a while that is told as suspected.
#define _GNU_SOURCE
#include "launcher/deadlock_watch.h"

#include "base/clock.h"
#include "launcher/connect.h"
#include "launcher/deadlock.h"
#include "launcher/family.h"
#include "launcher/livelock.h"
#include "launcher/look.h"
#include "launcher/source.h"

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

// Calls whose place in the source is looked up.
enum { MOST_PLACES = 64 };

// A thread's record as it was read; `sleeps` is 0 where there is none. Of a suspect: what it was at
// T, or later.
struct copy {
    uint64_t sleeps;
    struct mp_wait_record record; // with `sleeps` 0, so that contents can be compared
};

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

static bool open_once(int nranks)
{
    size_t n = (size_t)nranks, records = n * MP_WAIT_THREADS;

    if (now.nranks)
        return told != NULL;
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
    bool all = now.presence && now.nwaits && now.records && copies && first && asked && places &&
               dead && suspects;
    told = all ? calloc(n, 1) : NULL;
    return told != NULL;
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

// Copies a record of the rank, if it is valid.
static bool read_record(const struct job *job, int rank, int i)
{
    const struct mp_wait_record *record = &job_waits(job, rank)->records[i];
    struct copy *copy = &copies[rank * MP_WAIT_THREADS + i];

    // Acquire: pairs with the release in wait/record.c, so that the record is whole.
    copy->sleeps = atomic_load_explicit(&record->sleeps, memory_order_acquire);
    if (copy->sleeps % 2) {
        memcpy(&copy->record, record, sizeof copy->record);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&record->sleeps, memory_order_relaxed) == copy->sleeps) {
            atomic_store_explicit(&copy->record.sleeps, 0, memory_order_relaxed);
            keep_within_bounds(&copy->record, job->nranks);
            return true;
        }
    }
    copy->sleeps = 0;
    return false;
}

static enum presence read_rank(const struct job *job, int rank)
{
    struct mp_waits *waits = job_waits(job, rank);
    int count = 0;

    for (int i = 0; i < MP_WAIT_THREADS; i++)
        copies[rank * MP_WAIT_THREADS + i].sleeps = 0;
    if (job->ranks[rank].ended)
        return PRESENCE_GONE;
    if (atomic_load_explicit(&waits->waiting, memory_order_relaxed) == 0)
        return PRESENCE_LIVE;
    for (int i = 0; i < MP_WAIT_THREADS; i++)
        if (read_record(job, rank, i))
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
        sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
               offsetof(struct sockaddr_un, sun_path) + 6);
        close(fd);
    }
}

// Wakes the rank's threads, for nothing. One that sleeps on streams keeps its announcement: it may
// be about to sleep, after its last look, and peers look at that word.
static void wake(const struct job *job, int rank)
{
    struct mp_board *board = job_board(job, rank);

    uint32_t bell = atomic_load_explicit(&board->bell, memory_order_relaxed);

    if (has_far_peers(job))
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
    const struct mp_board *board = job_board(job, rank);
    int32_t on_board = atomic_load_explicit(&board->pid, memory_order_relaxed);
    pid_t pid = job->ranks[rank].pid;

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
                &job_waits(job, (int)at / MP_WAIT_THREADS)->records[at % MP_WAIT_THREADS].sleeps,
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
                polls ? atomic_load_explicit(&job_waits(job, i)->polls_from, memory_order_relaxed)
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

const char *deadlock_look(const struct job *job, uint64_t *next_ms, bool *certain)
{
    size_t n = (size_t)job->nranks;
    int64_t now_ns = mp_clock_ns(CLOCK_MONOTONIC);
    bool news = false;

    *next_ms = DEADLOCK_LOOK_MS;
    *certain = false;
    if (job->started < job->nranks || !open_once(job->nranks) || !all_ended_well(job))
        return NULL;
    for (int i = 0; i < job->nranks; i++)
        now.presence[i] = read_rank(job, i);
    int count = deadlock_solve(&now, dead);
    for (size_t i = 0; i < n; i++)
        news = news || (dead[i] && !told[i]);
    if (count == 0 || !news) {
        memset(suspects, 0, n);
        return count == 0 && livelock_look(job, &now, dead, now_ns) ? tell(job, now_ns) : NULL;
    }
    if (!memchr(suspects, 1, n)) {
        suspect(job, next_ms);
        return NULL;
    }
    if (!is_proved(job, next_ms))
        return NULL;
    // Others may be about to fall asleep, and belong to it: they get a moment.
    if (count < job->alive && late_comers++ < LOOKS_FOR_MORE)
        return NULL;
    *certain = now.certainty == CERTAINLY_DEAD;
    doubt_told = doubt_told || !*certain;
    for (size_t i = 0; i < n; i++)
        told[i] = told[i] || (dead[i] && *certain);
    memset(suspects, 0, n);
    return tell(job, now_ns);
}
