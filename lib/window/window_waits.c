// SPDX-License-Identifier: MIT
// What windows wait for. An epoch of some ranks waits for a call of one of them, which comes as a
// word in this rank's gate or as a message to this rank. A lock waits for the call of whoever holds
// it. Who holds it alone is in the gate; it is written after the lock was taken and taken back
// before it is given, so a name that is there is right, and where there is none it may be any
// member. One that has it by messages (a negative number, window/serve.c) gives it back by another
// one: until the target has read that, it is the target's turn, whatever call it is in. So either
// of the two can meet such a wait. Where the gate cannot be looked at, any member can.
//
// The target answers any other request in whatever call it is, also while it sleeps.
#include "window/window_waits.h"

#include "base/calls.h"

static struct mp_wait_item *add(struct mp_wait_record *record, const struct mp_window *window,
                                int call)
{
    struct mp_wait_item *item = mp_record_add(record, MP_WAIT_WINDOW);
    if (item) {
        mp_comm_describe(window->comm, item);
        item->operation = (uint16_t)call;
        item->tag = -1;
    }
    return item;
}

static void add_member(struct mp_wait_item *item, const struct mp_window *window, int rank)
{
    int world = window->sides[rank].world;
    mp_item_add_ranks(item, world, world);
}

// 1 + the rank that holds the lock alone, negative if it has it by messages; 0: not known.
static int holder(const struct mp_lock_wait *wait)
{
    const struct mp_window *window = wait->window;
    struct mp_gate *gate = window->sides[wait->target].gate;
    int held = gate ? atomic_load_explicit(&gate->holder, memory_order_relaxed) : 0;
    return held >= -window->size && held <= window->size ? held : 0;
}

int mp_lock_holder(const struct mp_lock_wait *wait)
{
    int held = holder(wait);
    return held ? wait->window->sides[(held < 0 ? -held : held) - 1].world : MP_PEER_SEVERAL;
}

void mp_describe_lock(const void *waits, struct mp_wait_record *record)
{
    const struct mp_lock_wait *wait = waits;
    const struct mp_window *window = wait->window;
    struct mp_wait_item *item = add(record, window, MP_CALL_Win_unlock);
    int held = holder(wait);
    if (!item) {
        return;
    }
    item->root = window->sides[wait->target].world;
    item->all = held > 0;
    if (held) {
        int rank = (held < 0 ? -held : held) - 1;
        item->tag = window->sides[rank].world;
        add_member(item, window, rank);
    }
    if (held < 0) {
        add_member(item, window, wait->target);
    } else if (!held) {
        mp_group_describe(window->comm->group, item);
    }
}

void mp_describe_epoch(const void *waits, struct mp_wait_record *record)
{
    const struct mp_epoch_wait *wait = waits;
    struct mp_wait_item *item = add(record, wait->window, wait->call);
    if (item) {
        add_member(item, wait->window, wait->rank);
    }
}

void mp_describe_answer(const void *waits, struct mp_wait_record *record)
{
    struct mp_wait_item *item = mp_record_add(record, MP_WAIT_OTHER);
    (void)waits;
    if (item) {
        item->met = MP_MET_OUTSIDE;
    }
}
