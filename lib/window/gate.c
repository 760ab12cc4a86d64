// SPDX-License-Identifier: MIT
// The lock of a gate: see gate.h for the word and the argument.
#include "window/gate.h"

#include "object/group.h"
#include "process/peers.h"

static uint64_t load(struct mp_gate *gate)
{
    return atomic_load_explicit(&gate->lock, memory_order_acquire);
}

static bool change(struct mp_gate *gate, uint64_t *from, uint64_t to)
{
    return atomic_compare_exchange_weak(&gate->lock, from, to);
}

static _Atomic uint32_t *owner_of(struct mp_gate *gate, uint32_t ticket)
{
    _Atomic uint32_t *owners = (_Atomic uint32_t *)(void *)&gate->pairs[gate->size];
    return &owners[ticket & gate->owners_mask];
}

// Somebody has the turn after this word was stored: wakes whoever that is. A place that its owner
// has not written yet names an older one, which is woken for nothing; the owner looks at the word
// after it has written.
void mp_gate_wake_next(struct mp_gate *gate, uint64_t word, const struct mp_group *group)
{
    if (mp_gate_next(word) == mp_gate_serving(word)) {
        return;
    }
    uint32_t owner =
        atomic_load_explicit(owner_of(gate, mp_gate_serving(word)), memory_order_relaxed);
    if (owner > 0) {
        mp_wake(mp_group_world(group, (int)owner - 1));
    }
}

bool mp_gate_ask(struct mp_gate *gate, bool exclusive, uint32_t *ticket)
{
    uint64_t old = load(gate), new;
    bool free;
    do {
        uint32_t next = mp_gate_next(old), serving = mp_gate_serving(old);
        uint32_t readers = mp_gate_readers(old);
        *ticket = next;
        free = next == serving && (!exclusive || readers == 0);
        new = free && !exclusive ? mp_gate_word(next + 1, serving + 1, readers + 1)
                                 : mp_gate_word(next + 1, serving, readers);
    } while (!change(gate, &old, new));
    return free;
}

void mp_gate_say(struct mp_gate *gate, uint32_t ticket, int rank)
{
    atomic_store_explicit(owner_of(gate, ticket), (uint32_t)rank + 1, memory_order_relaxed);
}

bool mp_gate_has(struct mp_gate *gate, bool exclusive, uint32_t ticket,
                 const struct mp_group *group)
{
    uint64_t old = load(gate), new;
    if (mp_gate_serving(old) != ticket || (exclusive && mp_gate_readers(old) > 0)) {
        return false;
    }
    if (exclusive) {
        return true;
    }
    do {
        new = mp_gate_word(mp_gate_next(old), ticket + 1, mp_gate_readers(old) + 1);
    } while (!change(gate, &old, new));
    mp_gate_wake_next(gate, new, group); // the next one may be a reader too
    return true;
}

void mp_gate_unlock_shared(struct mp_gate *gate, const struct mp_group *group)
{
    uint64_t reader = mp_gate_word(0, 0, 1);
    uint64_t word = atomic_fetch_sub(&gate->lock, reader) - reader;
    if (mp_gate_readers(word) == 0) {
        mp_gate_wake_next(gate, word, group);
    }
}
