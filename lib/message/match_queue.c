// SPDX-License-Identifier: MIT
// The bins of match_queue.h. An entry with a tag is in that tag's bin, behind all earlier ones;
// those of MPI_ANY_TAG have a bin of their own. So the first entry that matches a tag is the
// earlier one of two: the first in its bin that has it, and the first with any tag.
#include "message/match_queue.h"

#include <stdlib.h>

enum {
    BINS = 256,      // of tags
    LONG_SEARCH = 16 // so many entries looked at in vain make bins worth their while
};

struct mp_bins {
    struct mp_list any;
    struct mp_list tags[BINS];
};

void mp_queue_init(struct mp_queue *queue)
{
    mp_list_init(&queue->list);
    queue->bins = NULL;
    queue->binned = 0;
}

void mp_queue_close(struct mp_queue *queue)
{
    free(queue->bins);
    queue->bins = NULL;
}

static struct mp_entry *entry_of(struct mp_list *link)
{
    return mp_container_of(link, struct mp_entry, link);
}

// Programs number their messages, so the low bits tell most tags apart; those that keep a rank or a
// direction in the higher ones are served by the rest.
static struct mp_list *bin_of(struct mp_bins *bins, int tag)
{
    unsigned t = (unsigned)tag;
    return tag == MPI_ANY_TAG ? &bins->any : &bins->tags[(t ^ t >> 8 ^ t >> 16 ^ t >> 24) % BINS];
}

void mp_queue_add_binned(struct mp_queue *queue, struct mp_entry *entry)
{
    mp_list_insert(bin_of(queue->bins, entry->tag), &entry->link);
    queue->binned++;
}

// Moves the entries from the list to the bins. False: there is no memory for bins.
static bool spread(struct mp_queue *queue)
{
    if (!queue->bins) {
        queue->bins = malloc(sizeof *queue->bins);
        if (!queue->bins) {
            return false;
        }
        mp_list_init(&queue->bins->any);
        for (int i = 0; i < BINS; i++) {
            mp_list_init(&queue->bins->tags[i]);
        }
    }
    while (!mp_list_empty(&queue->list)) {
        struct mp_entry *entry = entry_of(queue->list.next);
        mp_list_remove(&entry->link);
        mp_queue_add_binned(queue, entry);
    }
    return true;
}

static struct mp_entry *earlier(struct mp_entry *best, const struct mp_list *bin)
{
    if (mp_list_empty(bin)) {
        return best;
    }
    struct mp_entry *first = entry_of(bin->next);
    return !best || first->stamp < best->stamp ? first : best;
}

static struct mp_entry *find_binned(struct mp_queue *queue, int tag)
{
    struct mp_entry *best = NULL;
    if (tag == MPI_ANY_TAG) {
        for (int i = 0; i < BINS; i++) {
            best = earlier(best, &queue->bins->tags[i]);
        }
    } else {
        struct mp_list *bin = bin_of(queue->bins, tag);
        for (struct mp_list *at = bin->next; at != bin && !best; at = at->next) {
            best = entry_of(at)->tag == tag ? entry_of(at) : NULL;
        }
    }
    return earlier(best, &queue->bins->any);
}

struct mp_entry *mp_queue_find(struct mp_queue *queue, int tag)
{
    if (queue->binned) {
        return find_binned(queue, tag);
    }
    int looked_at = 0;
    for (struct mp_list *at = queue->list.next; at != &queue->list; at = at->next) {
        if (mp_tag_matches(entry_of(at)->tag, tag)) {
            return entry_of(at);
        }
        if (++looked_at == LONG_SEARCH && spread(queue)) {
            return find_binned(queue, tag);
        }
    }
    return NULL;
}
