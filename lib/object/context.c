// SPDX-License-Identifier: MIT
// Which context pairs this rank has in use, and those that it has done with and other ranks may not
// have: their board in shared memory (collectives/board.h) would be written over if the pair came
// back at once.
//
// Why a context pair cannot be used again as soon as this rank has freed its communicator. The next
// one with that pair need not have the same members: a member of the old one that is not in it may
// still be on its way out of the last operation there, and read our desk, while we would reset it
// for the new one. (It would wait for ever for a post that is gone.) So the pair stays taken here
// until all members are gone. None of them has to be waited for or told: everyone says on its own
// desk, in `lives`, that it came (odd; when it first used the communicator) and went (even), and
// whoever agrees upon a context looks.
//
// How a member is known to be gone. When the board is ready, all members have come, and what
// `lives` is then is remembered: odd, or even if the member has gone already. It cannot have come
// again meanwhile, since it keeps the pair until we are gone. Later it is gone when the word is
// beyond the odd number. A board that never got ready was never used, by anyone.
#include "object/context.h"

#include "base/list.h"
#include "object/comm.h"
#include "process/process.h"

#include <stdlib.h>
#include <string.h>

static uint64_t pairs_free[MP_CONTEXT_PAIRS / 64];

void mp_context_open(void)
{
    memset(pairs_free, 0xff, sizeof pairs_free);
    mp_context_take(MP_CONTEXT_WORLD);
    mp_context_take(MP_CONTEXT_SELF);
    mp_context_take(MP_CONTEXT_BRIDGE);
}

uint64_t mp_context_free_word(int word)
{
    return pairs_free[word];
}

void mp_context_take(uint32_t pair)
{
    pairs_free[pair / 64] &= ~(UINT64_C(1) << (pair % 64));
}

void mp_context_give(uint32_t pair)
{
    if (pair != MP_CONTEXT_BRIDGE) {
        pairs_free[pair / 64] |= UINT64_C(1) << (pair % 64);
    }
}

uint64_t mp_context_take_word(int word)
{
    uint64_t bits = pairs_free[word];
    pairs_free[word] = 0;
    return bits;
}

void mp_context_give_word(int word, uint64_t bits)
{
    pairs_free[word] |= bits;
}

// ---- Pairs that others may still use

struct waiting {
    struct mp_list link;
    uint32_t pair;
    struct mp_member *members; // owned
    int size;
    int from; // the members before it are gone
};

static struct mp_list retired = {&retired, &retired};

static bool is_gone(const struct mp_member *member)
{
    // Acquire: pairs with the release in mp_context_retire. What the member read, it has read.
    return member->life % 2 == 0 ||
           atomic_load_explicit(&member->desk->lives, memory_order_acquire) > member->life;
}

static bool all_gone(struct waiting *w)
{
    while (w->from < w->size && is_gone(&w->members[w->from])) {
        w->from++;
    }
    return w->from == w->size;
}

static void finish(struct waiting *w)
{
    mp_context_give(w->pair);
    free(w->members);
}

void mp_context_retire(struct mp_comm *comm)
{
    struct mp_comm *near = mp_comm_near(comm);
    struct mp_comm_board *board = &near->board;
    uint32_t pair = comm->context / 2;

    if (!board->own) {
        mp_context_give(pair); // nobody has used it
        return;
    }
    uint64_t lives = atomic_load_explicit(&board->own->lives, memory_order_relaxed);
    // Release: what this rank did with the board is done.
    atomic_store_explicit(&board->own->lives, lives + 1, memory_order_release);
    struct waiting now = {.pair = pair,
                          .members = board->members,
                          .size = comm->board.ready ? near->size : 0}; // else nobody has
    board->members = NULL;
    if (all_gone(&now)) {
        finish(&now);
        return;
    }
    struct waiting *later = malloc(sizeof *later);
    if (!later) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while freeing a communicator");
    }
    *later = now;
    mp_list_insert(&retired, &later->link);
}

// Those that are looked at and not free go to the end, so that all have their turn.
void mp_context_sweep(int most)
{
    struct mp_list kept = {&kept, &kept};

    while (most-- != 0 && !mp_list_empty(&retired)) {
        struct waiting *w = mp_container_of(retired.next, struct waiting, link);
        mp_list_remove(&w->link);
        if (all_gone(w)) {
            finish(w);
            free(w);
        } else {
            mp_list_insert(&kept, &w->link);
        }
    }
    while (!mp_list_empty(&kept)) {
        struct mp_list *first = kept.next;
        mp_list_remove(first);
        mp_list_insert(&retired, first);
    }
}
