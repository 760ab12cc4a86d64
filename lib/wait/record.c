// SPDX-License-Identifier: MIT
// Wait records: see record.h, and shm/waits.h for why they can be read at any time.
#include "wait/record.h"

#include "boot/guests.h"
#include "process/handed.h"
#include "process/peers.h"
#include "process/process.h"
#include "wait/progress.h"

#include <string.h>

// The records of this rank that are in use, one bit each. Under the lock.
static unsigned used;

static struct mp_waits *own(void)
{
    return mp_segment_waits(mp_process.segment, mp_process.local);
}

// Only threads of this rank change it, with the lock held.
static void count(int by)
{
    _Atomic uint32_t *waiting = &own()->waiting;
    uint32_t now = atomic_load_explicit(waiting, memory_order_relaxed);
    atomic_store_explicit(waiting, now + (uint32_t)by, memory_order_relaxed);
}

// Makes `sleeps` even, if it is not: the record is not valid.
static void invalidate(struct mp_wait_record *record)
{
    uint64_t sleeps = atomic_load_explicit(&record->sleeps, memory_order_relaxed);
    atomic_store_explicit(&record->sleeps, sleeps + sleeps % 2, memory_order_release);
}

struct mp_wait_record *mp_record_take(void)
{
    unsigned free = ~used & ((1U << MP_WAIT_THREADS) - 1);

    count(1);
    if (!free) {
        return NULL;
    }
    unsigned i = (unsigned)__builtin_ctz(free);
    used |= 1U << i;
    return &own()->records[i];
}

void mp_record_give(struct mp_wait_record *record)
{
    count(-1);
    if (record) {
        invalidate(record);
        used &= ~(1U << (record - own()->records));
    }
}

void mp_record_begin(struct mp_wait_record *record, int64_t since_ns, uint64_t caller)
{
    invalidate(record);
    // After that store, before all that follow: a reader that sees one of these sees that one, too.
    atomic_thread_fence(memory_order_release);
    record->events = mp_progress_events;
    record->since_ns = since_ns;
    record->caller = caller;
    record->call = (uint32_t)mp_call_inside();
    record->any = 0;
    record->more = 0;
    record->nitems = 0;
    record->threaded = mp_process_is_threaded() || mp_process.users > 1;
    record->busy = mp_progress_busy();
    record->unsent = mp_far && mp_far->unsent();
}

void mp_record_end(struct mp_wait_record *record)
{
    uint64_t sleeps = atomic_load_explicit(&record->sleeps, memory_order_relaxed);
    atomic_store_explicit(&record->sleeps, sleeps + 1, memory_order_release);
}

static void grow(_Atomic uint32_t *word)
{
    atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

void mp_record_polls(uint64_t caller)
{
    atomic_store_explicit(&own()->polls_in, (uint32_t)mp_call_inside(), memory_order_relaxed);
    atomic_store_explicit(&own()->polls_from, caller, memory_order_relaxed);
    grow(&own()->polls);
}

void mp_record_polls_met(void)
{
    grow(&own()->polls_met);
}

struct mp_wait_item *mp_record_add(struct mp_wait_record *record, enum mp_wait_kind kind)
{
    if (record->nitems == MP_WAIT_ITEMS) {
        record->more = 1;
        return NULL;
    }
    struct mp_wait_item *item = &record->items[record->nitems++];
    memset(item, 0, sizeof *item); // its holes, too: mprun compares
    item->kind = (uint8_t)kind;
    item->met = MP_MET_BY_RANKS;
    item->all = 1;
    item->root = -1;
    return item;
}

uint8_t mp_met_by_anybody(void)
{
    return mp_peers_end > mp_peers_first_guest ? MP_MET_OUTSIDE : MP_MET_BY_ANYBODY;
}

static void add_run(struct mp_wait_item *item, int first, int last, uint64_t world)
{
    int n = item->nruns;

    if (n > 0 && item->runs[n - 1].last + 1 == first && item->runs[n - 1].world == world) {
        item->runs[n - 1].last = last;
    } else if (n < MP_WAIT_RUNS) {
        item->runs[n].first = first;
        item->runs[n].last = last;
        item->runs[n].world = world;
        item->nruns++;
    } else if (!item->all && item->met != MP_MET_OUTSIDE) {
        item->met = mp_met_by_anybody();
    }
}

void mp_item_add_ranks(struct mp_wait_item *item, int first, int last)
{
    for (; last >= first && mp_is_guest(last) && mp_is_guest(first); first++) {
        struct mp_card card = mp_card_of(first);
        add_run(item, card.rank, card.rank, card.job);
    }
    if (first <= last) {
        add_run(item, first, last, 0);
    }
}
