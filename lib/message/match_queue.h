// SPDX-License-Identifier: MIT
// A queue of posted receives, or of messages that wait for one, in the order of their stamps, that
// is searched by tag (MPI 5.0, 3.5). A short one is a list. When a search in it has become long,
// its entries move to bins by tag, where they stay until the last one has left: so a message finds
// its receive among thousands as fast as among a few, and programs that take things in order never
// see a bin. Read next: message/match.h.
#ifndef MP_MESSAGE_MATCH_QUEUE_H
#define MP_MESSAGE_MATCH_QUEUE_H

#include "base/bits.h"
#include "base/list.h"
#include "mpi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a queue sees of its elements.
struct mp_entry {
    struct mp_list link;
    uint64_t stamp; // grows from entry to entry
    int tag;        // of a receive, perhaps MPI_ANY_TAG
};

struct mp_bins;

struct mp_queue {
    struct mp_list list;  // all of them, or none: while `binned` is not 0
    struct mp_bins *bins; // owned; NULL until they are needed
    size_t binned;        // entries in them
};

void mp_queue_init(struct mp_queue *queue);
void mp_queue_close(struct mp_queue *queue); // it is empty

static inline bool mp_queue_empty(const struct mp_queue *queue)
{
    return mp_list_empty(&queue->list) && queue->binned == 0;
}

// Adds an entry that is later than all others.
void mp_queue_add_binned(struct mp_queue *queue, struct mp_entry *entry);
static inline void mp_queue_add(struct mp_queue *queue, struct mp_entry *entry)
{
    if (unlikely(queue->binned)) {
        mp_queue_add_binned(queue, entry);
    } else {
        mp_list_insert(&queue->list, &entry->link);
    }
}

static inline void mp_queue_remove(struct mp_queue *queue, struct mp_entry *entry)
{
    mp_list_remove(&entry->link);
    queue->binned -= queue->binned > 0;
}

static inline bool mp_tag_matches(int a, int b)
{
    return a == b || a == MPI_ANY_TAG || b == MPI_ANY_TAG;
}

// The first entry whose tag matches, still queued, or NULL.
struct mp_entry *mp_queue_find(struct mp_queue *queue, int tag);

#endif
