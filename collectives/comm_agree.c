// SPDX-License-Identifier: MIT
// Agreeing on context ids. If two agreements of one process offered the same pairs at the same
// time, both could win the same one; so only one at a time offers its pairs (the owner), and the
// others offer nothing, which makes their round fail at all ranks, and try again. That would go in
// circles if two ranks gave way to different agreements; so an agreement owns only if none of
// higher priority is under way in its process. The one of highest priority then owns at all of its
// ranks after at most one more round, and wins.
#include "collectives/comm_agree.h"

#include "collectives/collectives.h"
#include "core/errhandler.h"
#include "core/limbo.h"

#include <string.h>

enum { BLOCKS = MP_CONTEXT_PAIRS / 64 / MP_AGREE_WORDS };

static struct mp_list agreements = {&agreements, &agreements}; // under way in this process
static struct mp_agreement *owner;

static bool first_in_line(const struct mp_agreement *agreement)
{
    for (struct mp_list *at = agreements.next; at != &agreements; at = at->next) {
        if (mp_container_of(at, struct mp_agreement, active)->priority < agreement->priority) {
            return false;
        }
    }
    return true;
}

// All pairs of the block that are free in this process.
static void snapshot(struct mp_agreement *a)
{
    mp_limbo_sweep();
    for (int i = 0; i < MP_AGREE_WORDS; i++) {
        a->words[i] = mp_context_free_word(a->block * MP_AGREE_WORDS + i);
    }
}

// First step: the offer.
static int offer(void *argument)
{
    struct mp_agreement *a = argument;
    if (a->round++ == 1) {
        mp_list_insert(&agreements, &a->active);
    }
    a->owner = a->round > 1 && !owner && first_in_line(a);
    if (!a->owner) {
        memset(a->words, 0, sizeof a->words);
        return 0;
    }
    owner = a;
    snapshot(a);
    a->words[MP_AGREE_WORDS] = 1;
    return 0;
}

static void and_into(uint64_t *words, const uint64_t *others)
{
    for (int i = 0; i < MP_AGREE_LENGTH; i++) {
        words[i] &= others[i];
    }
}

// At the leader: all offers of its scope are here.
static int combine(void *argument)
{
    struct mp_agreement *a = argument;
    for (int i = 1; i < a->scope.size; i++) {
        and_into(a->words, a->offers + (size_t)(i - 1) * MP_AGREE_LENGTH);
    }
    return 0;
}

// At the leader: the other leader's is here.
static int combine_bridge(void *argument)
{
    struct mp_agreement *a = argument;
    and_into(a->words, a->offers + (size_t)(a->scope.size - 1) * MP_AGREE_LENGTH);
    return 0;
}

// Takes the lowest pairs that are left in the words, if there are enough.
static bool take(struct mp_agreement *a)
{
    int found = 0;
    for (int i = 0; i < MP_AGREE_WORDS && found < a->wanted; i++) {
        uint64_t word = a->words[i];
        while (word && found < a->wanted) {
            int bit = __builtin_ctzll(word);
            a->pairs[found++] = (uint32_t)((a->block * MP_AGREE_WORDS + i) * 64 + bit);
            word &= word - 1;
        }
    }
    for (int i = 0; i < found && found == a->wanted; i++) {
        mp_context_take(a->pairs[i]);
    }
    return found == a->wanted;
}

static int none_free(void)
{
    return mp_fail(MPI_ERR_OTHER, "no context id is free at all ranks: too many communicators");
}

// Last step: the same words are at all ranks.
static int decide(void *argument)
{
    struct mp_agreement *a = argument;
    if (a->owner) {
        owner = NULL;
        a->owner = false;
    }
    if (a->words[MP_AGREE_WORDS] == 0) {
        return MP_STEP_AGAIN; // not all could offer
    }
    if (take(a)) {
        mp_list_remove(&a->active);
        return 0;
    }
    if (++a->block < BLOCKS) {
        return MP_STEP_AGAIN;
    }
    mp_list_remove(&a->active);
    return none_free();
}

// A single rank has nobody to ask; it only keeps off the block that the owner is offering.
static int decide_alone(void *argument)
{
    struct mp_agreement *a = argument;
    int first = owner ? owner->block + 1 : 0;
    for (int i = 0; i < BLOCKS - (owner != NULL); i++) {
        a->block = (first + i) % BLOCKS;
        snapshot(a);
        if (take(a)) {
            return 0;
        }
    }
    return none_free();
}

static uint64_t priority_of(const struct mp_comm *comm, int tag)
{
    return (uint64_t)comm->context << 32 | (uint32_t)tag;
}

void mp_agreement_of(struct mp_agreement *agreement, struct mp_comm *comm, int wanted)
{
    int tag = mp_schedule_tag(comm);
    struct mp_scope whole = {.comm = comm, .tag = tag, .rank = comm->rank, .size = comm->size};

    *agreement =
        (struct mp_agreement){.scope = whole, .wanted = wanted, .priority = priority_of(comm, tag)};
    if (comm->remote) {
        agreement->bridge = whole;
        agreement->scope.comm = comm->intra;
        agreement->scope.tag = mp_schedule_tag(comm->intra);
    }
}

void mp_agreement_add(struct mp_schedule *schedule, struct mp_agreement *a)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = a->scope.size;
    bool leader = a->scope.rank == a->leader;

    mp_list_init(&a->active);
    schedule->scope = a->scope;
    if (size == 1 && !a->bridge.comm) {
        mp_schedule_call(schedule, decide_alone, a);
        return;
    }
    mp_schedule_call(schedule, offer, a);
    if (!leader) {
        mp_schedule_send(schedule, a->words, sizeof a->words, bytes, a->leader);
        mp_schedule_wait(schedule);
    } else {
        a->offers = mp_schedule_bytes(schedule, size * (MPI_Count)sizeof a->words);
        for (int i = 1; i < size; i++) {
            mp_schedule_recv_exact(schedule, a->offers + (size_t)(i - 1) * MP_AGREE_LENGTH,
                                   sizeof a->words, bytes, (a->leader + i) % size);
        }
        mp_schedule_wait(schedule);
        mp_schedule_call(schedule, combine, a);
        if (a->bridge.comm) {
            schedule->scope = a->bridge;
            mp_schedule_send(schedule, a->words, sizeof a->words, bytes, a->bridge_peer);
            mp_schedule_recv_exact(schedule, a->offers + (size_t)(size - 1) * MP_AGREE_LENGTH,
                                   sizeof a->words, bytes, a->bridge_peer);
            mp_schedule_wait(schedule);
            mp_schedule_call(schedule, combine_bridge, a);
            schedule->scope = a->scope;
        }
    }
    mp_add_bcast(schedule, a->words, sizeof a->words, bytes, a->leader);
    mp_schedule_wait(schedule);
    mp_schedule_call(schedule, decide, a);
}

int mp_agreement_run(struct mp_agreement *agreement)
{
    struct mp_schedule *schedule =
        mp_schedule_new(agreement->scope.comm, agreement->scope.tag, NULL);
    if (!schedule) {
        return MPI_ERR_NO_MEM;
    }
    mp_agreement_add(schedule, agreement);
    int error = mp_schedule_run(schedule);
    if (error) {
        // It may have stopped in the middle: stand in nobody's way.
        mp_list_remove(&agreement->active);
        owner = owner == agreement ? NULL : owner;
    }
    return error;
}
