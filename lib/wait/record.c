// SPDX-License-Identifier: MIT
// Wait records: see record.h, and shm/waits.h for why they can be read at any time.
#include "wait/record.h"

#include "process/handed.h"
#include "process/process.h"
#include "wait/progress.h"

#include <string.h>

// The records of this rank that are in use, one bit each. Under the lock.
static unsigned used;

static struct mp_waits *own(void)
{
    return mp_segment_waits(mp_process.segment, mp_process.local);
}

uint64_t mp_record_round(void)
{
    return atomic_load_explicit(&own()->round, memory_order_relaxed);
}

// Only threads of this rank change it, with the lock held.
static void count(int by)
{
    _Atomic uint32_t *asleep = &own()->asleep;
    uint32_t now = atomic_load_explicit(asleep, memory_order_relaxed);
    atomic_store_explicit(asleep, now + (uint32_t)by, memory_order_relaxed);
}

struct mp_wait_record *mp_record_take(uint64_t round, int64_t since_ns)
{
    unsigned free = ~used & ((1U << MP_WAIT_THREADS) - 1);

    count(1);
    if (!free) {
        return NULL;
    }
    unsigned i = (unsigned)__builtin_ctz(free);
    struct mp_wait_record *record = &own()->records[i];
    used |= 1U << i;
    // After the store that made `sleeps` even, before all that follow: a reader that sees one of
    // these sees that one, too.
    atomic_thread_fence(memory_order_release);
    record->round = round;
    record->since_ns = since_ns;
    record->call = (uint32_t)mp_call_inside();
    record->any = 0;
    record->more = 0;
    record->nitems = 0;
    record->threaded = mp_process_is_threaded() || mp_process.users > 1;
    record->busy = mp_progress_busy();
    return record;
}

static void turn(struct mp_wait_record *record)
{
    uint64_t sleeps = atomic_load_explicit(&record->sleeps, memory_order_relaxed);
    atomic_store_explicit(&record->sleeps, sleeps + 1, memory_order_release);
}

void mp_record_asleep(struct mp_wait_record *record)
{
    if (record) {
        turn(record);
    }
}

void mp_record_awake(struct mp_wait_record *record)
{
    if (record) {
        turn(record);
    }
}

void mp_record_give(struct mp_wait_record *record)
{
    count(-1);
    if (record) {
        used &= ~(1U << (record - own()->records));
    }
}

struct mp_wait_item *mp_record_add(struct mp_wait_record *record, enum mp_wait_kind kind)
{
    if (record->nitems == MP_WAIT_ITEMS) {
        record->more = 1;
        return NULL;
    }
    struct mp_wait_item *item = &record->items[record->nitems++];
    *item = (struct mp_wait_item){
        .kind = (uint8_t)kind, .met = MP_MET_BY_RANKS, .all = 1, .root = -1, .parent = UINT32_MAX};
    return item;
}

void mp_item_add_ranks(struct mp_wait_item *item, int first, int last)
{
    if (item->nruns > 0 && item->runs[item->nruns - 1].last + 1 == first) {
        item->runs[item->nruns - 1].last = last;
    } else if (item->nruns < MP_WAIT_RUNS) {
        item->runs[item->nruns].first = first;
        item->runs[item->nruns++].last = last;
    } else if (!item->all) {
        item->met = MP_MET_BY_ANYBODY;
    }
}
