// SPDX-License-Identifier: MIT
// Agreeing on context ids: in one exchange on a board, at the end of this file, or in rounds of
// messages. If two agreements of one process offered the same pairs at the same time, both could
// win the same one; so of those in rounds only one at a time offers its pairs (the owner), and the
// others offer nothing, which makes their round fail at all ranks, and try again.
//
// Rounds come in pairs. In a hello everybody tells the leader that it is there, and the leader
// answers when the agreement's turn has come: when it is first in the line of its process and
// nobody owns there; from then on it owns. (Of two leaders with a bridge, the one that is before
// the other, mp_peer_before, holds the answer back.) In the offer that follows, everybody answers
// at once: it owns and offers if the agreement is first in line and nobody else owns, otherwise it
// offers nothing. So whoever owns does so for a round that ends as soon as all ranks make progress,
// and agreements with the same leader, however many are under way, do not try in vain.
//
// No deadlock: an agreement is in line only where it is known that all its ranks have begun it
// (the hello is over), and lines are in the order of priorities, which are the same everywhere. The
// first of all that are in line anywhere is first at all its ranks. Its leader lets it go when the
// owner there, if any, is through with its round. If another one owned at some rank, the offer
// fails, once: in the next one it is in line there, and no other may own any more.
#include "collectives/comm_agree.h"

#include "boot/guests.h"
#include "collectives/collectives.h"
#include "object/context.h"
#include "object/errhandler.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = MP_CONTEXT_PAIRS / 64 / MP_AGREE_WORDS };

// Of the pairs that other ranks may not have done with, so many are looked at for an offer of the
// first block: more than it takes. Before another block is offered, all are.
enum { SWEPT = 8 };

// Instead of an offer: a leader has died, or ranks make communicators by different calls.
enum { FAILED = 2, DIFFERENT };

static struct mp_list line = {&line, &line}; // of this process, by priority
static struct mp_agreement *owner;

static struct mp_agreement *at_place(struct mp_list *place)
{
    return mp_container_of(place, struct mp_agreement, active);
}

// Those of one communicator come in the order of their priorities: to the end.
static void stand_in_line(struct mp_agreement *a)
{
    struct mp_list *before = line.prev;
    if (!mp_list_empty(&a->active)) {
        return;
    }
    while (before != &line && at_place(before)->priority > a->priority) {
        before = before->prev;
    }
    mp_list_insert(before->next, &a->active);
}

// Owns, if it may.
static bool own(struct mp_agreement *a)
{
    if (!owner && line.next == &a->active) {
        owner = a;
        a->owner = true;
    }
    return a->owner;
}

// Somebody gave up owning, or its place in the line.
static void next_in_line(void)
{
    if (!owner && !mp_list_empty(&line) && at_place(line.next)->held) {
        mp_schedule_wake(at_place(line.next)->schedule);
    }
}

static void disown(struct mp_agreement *a)
{
    if (a->owner) {
        owner = NULL;
        a->owner = false;
    }
}

static bool is_hello(const struct mp_agreement *a)
{
    return a->round % 2 == 1;
}

// All pairs of the block that are free in this process.
static void snapshot(struct mp_agreement *a)
{
    mp_context_sweep(a->block == 0 ? SWEPT : -1);
    for (int i = 0; i < MP_AGREE_WORDS; i++) {
        a->words[i] = mp_context_free_word(a->block * MP_AGREE_WORDS + i);
    }
}

// A number that no other communicator has, nor one that another world has made. Never what is
// above.
static uint64_t new_birth(void)
{
    enum { RANK = 32, JOB = RANK + 13 };
    static uint32_t last;
    _Static_assert(MP_RANKS_MAX < 1 << (JOB - RANK), "there is room for a rank");
    return mp_process.segment->job << JOB | (uint64_t)(mp_process.rank + 1) << RANK | ++last;
}

// First step: the hello, or the offer.
static int offer(void *argument)
{
    struct mp_agreement *a = argument;
    a->round++;
    if (!is_hello(a)) {
        stand_in_line(a);
    }
    if (is_hello(a) || !own(a)) {
        memset(a->words, 0, sizeof a->words);
        return 0;
    }
    snapshot(a);
    a->words[MP_AGREE_WORDS] = a->names ? new_birth() : UINT64_MAX; // so that one is left
    return 0;
}

// At the leader, when all hellos are here: not before its turn.
static int hold(void *argument)
{
    struct mp_agreement *a = argument;
    if (is_hello(a)) {
        stand_in_line(a);
        a->held = !own(a);
    }
    return a->held ? MP_STEP_LATER : 0;
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

// At the leader, before the words go to all: where a leader has died there is nothing to agree
// upon, nor where this one has found that ranks are in different calls.
static int note_failure(void *argument)
{
    struct mp_agreement *a = argument;
    if (unlikely(a->schedule->error)) {
        memset(a->words, 0, sizeof a->words);
        a->words[MP_AGREE_WORDS] = a->schedule->error == MPI_ERR_OTHER ? DIFFERENT : FAILED;
    }
    return 0;
}

static int none_free(void)
{
    return mp_fail(MPI_ERR_OTHER, "no context id is free at all ranks: too many communicators");
}

static void leave(struct mp_agreement *a)
{
    disown(a);
    mp_list_remove(&a->active);
    next_in_line();
}

// Last step: the same words are at all ranks.
static int decide(void *argument)
{
    struct mp_agreement *a = argument;
    if (unlikely(a->words[MP_AGREE_WORDS] == FAILED)) {
        leave(a);
        return mp_fail(MPI_ERR_PROC_ABORTED, "a process of another world has died meanwhile");
    }
    if (unlikely(a->words[MP_AGREE_WORDS] == DIFFERENT)) {
        leave(a);
        return mp_fail(MPI_ERR_OTHER, "the ranks make a communicator by different calls");
    }
    if (is_hello(a)) {
        return MP_STEP_AGAIN;
    }
    bool offered = a->words[MP_AGREE_WORDS] != 0;
    bool taken = offered && take(a);
    if (!taken && (!offered || ++a->block < BLOCKS)) {
        disown(a);
        next_in_line();
        return MP_STEP_AGAIN;
    }
    a->birth = a->words[MP_AGREE_WORDS];
    leave(a);
    return taken ? 0 : none_free();
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
    int tag = mp_schedule_tag(comm, MP_MAKES_COMM);
    struct mp_scope whole = mp_scope_of(comm, tag);

    *agreement =
        (struct mp_agreement){.scope = whole, .wanted = wanted, .priority = priority_of(comm, tag)};
    // All have begun the same collectives on it, so they come to the same.
    agreement->board =
        wanted == 1 && comm->board.exists && (comm->board.ready || comm->board.opening);
    if (comm->remote) {
        agreement->bridge = whole;
        agreement->scope.comm = comm->intra;
        agreement->scope.tag = mp_schedule_tag(comm->intra, MP_MAKES_COMM);
    }
}

void mp_agreement_add(struct mp_schedule *schedule, struct mp_agreement *a)
{
    struct mp_datatype *bytes = mp_byte_type();
    int size = a->scope.size;
    bool leader = a->scope.rank == a->leader;
    bool first =
        a->bridge.comm && leader &&
        mp_peer_before(mp_process.rank, mp_comm_world_rank(a->bridge.comm, a->bridge_peer));

    a->names = leader && (first || !a->bridge.comm);
    a->schedule = schedule;
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
            if (!first) {
                mp_schedule_send(schedule, a->words, sizeof a->words, bytes, a->bridge_peer);
            }
            mp_schedule_recv_exact(schedule, a->offers + (size_t)(size - 1) * MP_AGREE_LENGTH,
                                   sizeof a->words, bytes, a->bridge_peer);
            mp_schedule_wait(schedule);
            mp_schedule_call(schedule, combine_bridge, a);
        }
        if (first || !a->bridge.comm) {
            mp_schedule_call(schedule, hold, a);
        }
        if (first) {
            mp_schedule_send(schedule, a->words, sizeof a->words, bytes, a->bridge_peer);
        }
        schedule->scope = a->scope;
        mp_schedule_call(schedule, note_failure, a);
    }
    mp_add_bcast(schedule, a->words, sizeof a->words, bytes, a->leader);
    mp_schedule_wait(schedule);
    mp_schedule_call(schedule, decide, a);
}

// ---- In one exchange

// Where all have a board in use they most often need no rounds: each offers the first 64 pairs of
// which it has one free, all see all offers, and the pair is the lowest that everybody has offered.
// Meanwhile an offer's pairs are taken in this process, so that no other agreement offers them. So
// nobody has to own, and whoever waits here for others keeps no other agreement from going on. If a
// rank has offered others, or none because of an owner whose offer may be out, all see that, too,
// and take the rounds. (Two ranks duplicate a communicator and free it in 0.30 us so and in 0.93 in
// rounds, eight on 2 cores in 7.3 and 49.)
struct offer {
    uint64_t word, bits; // as in mp_context_free_word
    uint64_t birth;      // of the first rank: that of what is made
};

static struct offer reserve(void)
{
    struct offer offer = {0, 0, 0};
    mp_context_sweep(SWEPT);
    for (int i = 0; i < MP_CONTEXT_PAIRS / 64 && !owner && !offer.bits; i++) {
        offer = (struct offer){(uint64_t)i, mp_context_take_word(i), 0};
    }
    return offer;
}

// True: agreed.
static bool exchange(struct mp_agreement *a, int *error)
{
    size_t each = sizeof(struct offer) + a->tell_bytes, size = (size_t)a->scope.size;
    char *all = malloc((size + 1) * each), *mine = all + size * each;
    if (!all) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory while making a communicator");
    }
    struct offer own = reserve();
    own.birth = a->scope.rank == 0 ? new_birth() : 0;
    memcpy(mine, &own, sizeof own);
    if (a->tell_bytes > 0) {
        memcpy(mine + sizeof own, a->tell, a->tell_bytes);
    }
    *error = mp_collective_exchange(a->scope.comm, mine, each, all);
    uint64_t common = *error ? 0 : own.bits;
    for (size_t i = 0; i < size && !*error; i++) {
        struct offer other;
        memcpy(&other, all + i * each, sizeof other);
        common &= other.word == own.word ? other.bits : 0;
        a->birth = i == 0 ? other.birth : a->birth;
        if (a->tell_bytes > 0) {
            memcpy((char *)a->tales + i * a->tell_bytes, all + i * each + sizeof other,
                   a->tell_bytes);
        }
    }
    uint64_t chosen = common & -common;
    mp_context_give_word((int)own.word, own.bits & ~chosen);
    free(all);
    a->told = !*error;
    if (chosen) {
        a->pairs[0] = (uint32_t)(own.word * 64 + (uint64_t)__builtin_ctzll(chosen));
    }
    return chosen != 0;
}

int mp_agreement_run(struct mp_agreement *agreement)
{
    int error;
    if (agreement->board && (exchange(agreement, &error) || error)) {
        return error;
    }
    struct mp_schedule *schedule =
        mp_schedule_new(agreement->scope.comm, agreement->scope.tag, NULL);
    if (!schedule) {
        return MPI_ERR_NO_MEM;
    }
    mp_agreement_add(schedule, agreement);
    error = mp_schedule_run(schedule);
    if (error) {
        leave(agreement); // it may have stopped in the middle: stand in nobody's way
    }
    return error;
}
