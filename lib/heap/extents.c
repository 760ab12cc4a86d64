// SPDX-License-Identifier: MIT
// The allocator of whole pages. An extent's node is found from either of its two ends, so giving
// one back and merging it with its neighbours takes constant time. Free extents hang in bins by
// size, eight to a power of two; a bitmap finds the next bin that has one, so taking does too.
// Clean and dirty pages never share a free extent: calloc then knows what it need not clear, and
// one freed block does not make all of the untouched rest look dirty.
#include "heap/extents.h"

#include "base/bits.h"

enum { FREE_CLEAN = 0, FREE_DIRTY = 1, USED, CLEANING };

// Nodes at most: one for so many pages. Blocks are at least eight pages, but what is free between
// them may be less.
enum { PAGES_PER_NODE = 4 };

// How many extents of the bin that a size itself falls into are looked at: some may be too small.
enum { LOOKS = 8 };

struct mp_extent {
    uint32_t first;
    uint32_t count;
    uint32_t next; // in the bin, or among the spare nodes
    uint32_t previous;
    uint32_t state;
};

// The bin that an extent of `count` pages hangs in. Bins grow by an eighth of a power of two.
static unsigned bin_of(uint32_t count)
{
    if (count < 16) {
        return count;
    }
    unsigned top = 31 - (unsigned)__builtin_clz(count);
    return (top - 3) * 8 + ((count >> (top - 3)) & 7) + 8;
}

// The first bin whose every extent has at least `count` pages.
static unsigned bin_for(uint32_t count)
{
    unsigned bin = bin_of(count);
    return count >= 16 && (count & ((UINT32_C(1) << (28 - __builtin_clz(count))) - 1)) ? bin + 1
                                                                                       : bin;
}

static size_t index_bytes(uint32_t pages)
{
    return mp_round_up((size_t)pages * sizeof(uint32_t), 4096);
}

static uint32_t nodes_for(uint32_t pages)
{
    return pages / PAGES_PER_NODE + 16;
}

size_t mp_extents_room(uint32_t pages)
{
    return index_bytes(pages) + nodes_for(pages) * sizeof(struct mp_extent);
}

static uint32_t node_new(struct mp_extents *e)
{
    uint32_t node = e->spare;

    if (node) {
        e->spare = e->nodes[node].next;
    } else if (e->nodes_used + 1 < e->nodes_room) {
        node = ++e->nodes_used;
    }
    return node;
}

static void node_free(struct mp_extents *e, uint32_t node)
{
    e->nodes[node].state = CLEANING; // nothing that free() would take for a block
    e->nodes[node].first = MP_EXTENT_NONE;
    e->nodes[node].next = e->spare;
    e->spare = node;
}

// Lets the index find the node from its ends.
static void mark(struct mp_extents *e, uint32_t node)
{
    const struct mp_extent *x = &e->nodes[node];
    e->index[x->first] = node;
    e->index[x->first + x->count - 1] = node;
}

static void hang(struct mp_extents *e, uint32_t node)
{
    struct mp_extent *x = &e->nodes[node];
    unsigned bin = bin_of(x->count);
    uint32_t *head = &e->bins[x->state][bin];

    x->previous = 0;
    x->next = *head;
    if (*head) {
        e->nodes[*head].previous = node;
    }
    *head = node;
    e->filled[x->state][bin / 64] |= UINT64_C(1) << (bin % 64);
    if (x->state == FREE_DIRTY) {
        e->dirty_pages += x->count;
    }
}

static void unhang(struct mp_extents *e, uint32_t node)
{
    struct mp_extent *x = &e->nodes[node];
    unsigned bin = bin_of(x->count);

    if (x->next) {
        e->nodes[x->next].previous = x->previous;
    }
    if (x->previous) {
        e->nodes[x->previous].next = x->next;
    } else {
        e->bins[x->state][bin] = x->next;
        if (!x->next) {
            e->filled[x->state][bin / 64] &= ~(UINT64_C(1) << (bin % 64));
        }
    }
    if (x->state == FREE_DIRTY) {
        e->dirty_pages -= x->count;
    }
}

void mp_extents_open(struct mp_extents *e, void *room, uint32_t pages)
{
    *e = (struct mp_extents){.pages = pages,
                             .index = room,
                             .nodes = (void *)((char *)room + index_bytes(pages)),
                             .nodes_room = nodes_for(pages)};
    uint32_t all = node_new(e);
    e->nodes[all] = (struct mp_extent){.first = 0, .count = pages, .state = FREE_CLEAN};
    mark(e, all);
    hang(e, all);
}

// Makes the free extent `node` part of its neighbours of the same state, and hangs up the result.
static void settle(struct mp_extents *e, uint32_t node)
{
    struct mp_extent *x = &e->nodes[node];

    if (x->first > 0) {
        uint32_t before = e->index[x->first - 1];
        if (e->nodes[before].state == x->state) {
            unhang(e, before);
            x->first = e->nodes[before].first;
            x->count += e->nodes[before].count;
            node_free(e, before);
        }
    }
    if (x->first + x->count < e->pages) {
        uint32_t after = e->index[x->first + x->count];
        if (e->nodes[after].state == x->state) {
            unhang(e, after);
            x->count += e->nodes[after].count;
            node_free(e, after);
        }
    }
    mark(e, node);
    hang(e, node);
}

// Cuts the pages from `count` on off an extent; they become one of their own, of that state, which
// is settled if it is free. False if there is no node for it.
static bool cut(struct mp_extents *e, uint32_t node, uint32_t count, uint32_t state)
{
    uint32_t rest = node_new(e);

    if (!rest) {
        return false;
    }
    struct mp_extent *x = &e->nodes[node];
    e->nodes[rest] =
        (struct mp_extent){.first = x->first + count, .count = x->count - count, .state = state};
    x->count = count;
    mark(e, node);
    mark(e, rest);
    if (state <= FREE_DIRTY) {
        settle(e, rest);
    }
    return true;
}

// A free extent of at least `count` pages, or 0: a small one, but without searching for the best.
static uint32_t find(const struct mp_extents *e, unsigned dirty, uint32_t count)
{
    unsigned bin = bin_of(count);
    uint32_t node = e->bins[dirty][bin];

    for (int looks = 0; node && looks < LOOKS; looks++) {
        if (e->nodes[node].count >= count) {
            return node;
        }
        node = e->nodes[node].next;
    }
    bin = bin_for(count);
    for (unsigned word = bin / 64; word < MP_EXTENT_BINS / 64; word++) {
        uint64_t bits = e->filled[dirty][word];
        if (word == bin / 64) {
            bits &= ~UINT64_C(0) << (bin % 64);
        }
        if (bits) {
            return e->bins[dirty][word * 64 + (unsigned)__builtin_ctzll(bits)];
        }
    }
    return 0;
}

uint32_t mp_extents_take(struct mp_extents *e, uint32_t count, uint32_t alignment, bool *dirty)
{
    uint32_t wanted = count + alignment - 1;
    uint32_t node = 0;

    if (count == 0 || wanted < count) {
        return MP_EXTENT_NONE;
    }
    // Dirty first: those pages exist, and the latest of them are still in the cache.
    node = find(e, FREE_DIRTY, wanted);
    node = node ? node : find(e, FREE_CLEAN, wanted);
    if (!node) {
        return MP_EXTENT_NONE;
    }
    struct mp_extent *x = &e->nodes[node];
    uint32_t state = x->state;
    unhang(e, node);
    x->state = USED;
    uint32_t skip = (uint32_t)(mp_round_up(x->first, alignment) - x->first);
    if (skip) {
        // The pages before the aligned place stay free: the extent is cut, its second half is ours.
        uint32_t place = x->first + skip;
        if (!cut(e, node, skip, USED)) {
            x->state = state;
            hang(e, node);
            return MP_EXTENT_NONE;
        }
        x->state = state;
        settle(e, node);
        node = e->index[place];
        x = &e->nodes[node];
    }
    if (x->count > count) {
        cut(e, node, count, state); // without a node for the rest, the block is just longer
    }
    *dirty = state == FREE_DIRTY;
    e->used_pages += x->count;
    return x->first;
}

static uint32_t used_node(const struct mp_extents *e, uint32_t first)
{
    uint32_t node = first < e->pages ? e->index[first] : 0;
    return node && e->nodes[node].state == USED && e->nodes[node].first == first ? node : 0;
}

uint32_t mp_extents_count(const struct mp_extents *e, uint32_t first)
{
    uint32_t node = used_node(e, first);
    return node ? e->nodes[node].count : 0;
}

void mp_extents_give(struct mp_extents *e, uint32_t first)
{
    uint32_t node = used_node(e, first);

    e->used_pages -= e->nodes[node].count;
    e->nodes[node].state = FREE_DIRTY;
    settle(e, node);
}

bool mp_extents_resize(struct mp_extents *e, uint32_t first, uint32_t count)
{
    uint32_t node = used_node(e, first);
    struct mp_extent *x = &e->nodes[node];

    if (count <= x->count) {
        uint32_t rest = x->count - count;
        if (rest && cut(e, node, count, FREE_DIRTY)) {
            e->used_pages -= rest;
        }
        return true;
    }
    uint32_t more = count - x->count;
    uint32_t end = x->first + x->count;
    uint32_t after = end < e->pages ? e->index[end] : 0;
    if (!after || e->nodes[after].state > FREE_DIRTY || e->nodes[after].count < more) {
        return false;
    }
    uint32_t state = e->nodes[after].state;
    unhang(e, after);
    x->count += e->nodes[after].count;
    node_free(e, after);
    mark(e, node);
    if (x->count > count) {
        cut(e, node, count, state); // there is a node for it: the one that has just been freed
    }
    e->used_pages += more;
    return true;
}

bool mp_extents_clean_begin(struct mp_extents *e, uint32_t *first, uint32_t *count)
{
    for (unsigned word = MP_EXTENT_BINS / 64; word-- > 0;) {
        uint64_t bits = e->filled[FREE_DIRTY][word];
        if (bits) {
            unsigned bin = word * 64 + 63 - (unsigned)__builtin_clzll(bits);
            uint32_t node = e->bins[FREE_DIRTY][bin];
            unhang(e, node);
            e->nodes[node].state = CLEANING;
            *first = e->nodes[node].first;
            *count = e->nodes[node].count;
            return true;
        }
    }
    return false;
}

void mp_extents_clean_end(struct mp_extents *e, uint32_t first)
{
    uint32_t node = e->index[first];

    e->nodes[node].state = FREE_CLEAN;
    settle(e, node);
}

void mp_extents_each(const struct mp_extents *e,
                     void (*see)(uint32_t first, uint32_t count, void *argument), void *argument)
{
    for (uint32_t at = 0; at < e->pages; at += e->nodes[e->index[at]].count) {
        const struct mp_extent *x = &e->nodes[e->index[at]];
        if (x->state == USED) {
            see(x->first, x->count, argument);
        }
    }
}
