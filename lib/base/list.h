// SPDX-License-Identifier: MIT
// An intrusive doubly linked list with a sentinel: no allocation, O(1) removal from the middle.
// An element embeds a struct mp_list; mp_container_of (bits.h) leads back from the link to it.
#ifndef MP_BASE_LIST_H
#define MP_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct mp_list {
    struct mp_list *next;
    struct mp_list *prev;
};

static inline void mp_list_init(struct mp_list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool mp_list_empty(const struct mp_list *head)
{
    return head->next == head;
}

// Puts `link` before `place`: at the tail when `place` is the head of the list.
static inline void mp_list_insert(struct mp_list *place, struct mp_list *link)
{
    link->prev = place->prev;
    link->next = place;
    place->prev->next = link;
    place->prev = link;
}

// Takes `link` out of its list and leaves it an empty list of its own, so that removing twice is
// harmless.
static inline void mp_list_remove(struct mp_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    mp_list_init(link);
}

#endif
