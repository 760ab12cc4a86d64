// SPDX-License-Identifier: MIT
// Boards: where they lie, and the waiting for one another on them.
//
// Where desks and slots are: those of context pair p are number p * world size + world rank, so
// nothing has to be allocated or told to anybody.
//
// Posts. Only its rank writes a desk. A post is filled in, and then `turn` is stored with release;
// whoever reads `turn` with acquire and finds it at the turn that it is in itself, may read the
// rest. The post of turn t stands where that of turn t - MP_POSTS stood, which everybody must have
// done with: a rank is done with a turn when it posts in the next one. The pad of a post is written
// before it and free again with it. So before turn t is posted,
// all members must be seen at turn t - MP_POSTS + 1. `seen` remembers up to which turn that is
// known; in operations in which everybody waits for everybody it is known anyway, and in the
// others (a broadcast's root does not wait) it is looked up once in a few turns.
//
// Progress. Steps within a turn are published in one word that only grows, turn and step together.
// Whoever waits for a step is therefore never stopped by a rank that is further, even one that
// gave its turn up since the ranks disagree about counts. A rank waits for steps only of those
// whose posts say that they take part in the same way; they publish MP_STEP_DONE at the end. (One
// that gives without asking, like a broadcast's root, finds out late that a rank takes no part:
// when it has waited for long it compares the posts, and gives up.)
//
// Why a pair can be used again: each rank keeps a context pair until all members of the
// communicator that had it have done with it (object/context.c), so nobody looks at its desk any
// more. Each member resets its own desk when it uses the new communicator for the first time, so
// that one that is never used has no memory here. Before the first turn there is a barrier by
// messages: when it is over, all have done that.
#include "collectives/board.h"

#include "collectives/async.h"
#include "collectives/disagree.h"
#include "collectives/slots.h"
#include "heap/heap.h"
#include "wait/progress.h"
#include "wait/spread.h"

#include <stdlib.h>

// Looks at the desks before the waiting begins, when no other rank shares the core. (Somebody else
// may: then the ranks that are waited for are most likely running all the same.)
enum { LOOKS = 256 };

// Looks, some 20 ns apart, when this CPU's ranks have all done their part: as long as some switches
// from rank to rank take, since those on another CPU may still have that many to go.
enum { LOOKS_ACROSS = 256 };

static void find(struct mp_comm *comm)
{
    struct mp_segment_header *segment = mp_process.segment;
    uint64_t pair = comm->context / 2;
    struct mp_comm_board *board = &comm->board;

    *board = (struct mp_comm_board){.desks = NULL};
    mp_async_init(board);
    atomic_store_explicit(&mp_process.board->reaches, mp_heap.peers != NULL, memory_order_relaxed);
    if (!mp_process.shm || comm->remote || comm->size < 2 || pair >= segment->desk_pairs) {
        return;
    }
    board->desks = (struct mp_desk *)(void *)((char *)segment + segment->desks_offset) +
                   pair * segment->nranks;
    if (pair < segment->slot_pairs) {
        board->slots =
            (char *)segment + segment->slots_offset + pair * segment->nranks * MP_SLOT_BYTES;
        board->pads = (char *)segment + segment->pads_offset +
                      pair * segment->nranks * MP_POSTS * MP_PAD_BYTES;
        board->async_pads = (char *)segment + segment->async_pads_offset +
                            pair * segment->nranks * MP_ASYNC_POSTS * MP_PAD_BYTES;
    }
}

void mp_board_world(void)
{
    find(&mp_comm_world);
    mp_comm_world.board.ready = true; // fresh memory: all is 0
}

void mp_board_new(struct mp_comm *comm)
{
    find(comm);
}

void mp_board_come(struct mp_comm *comm)
{
    comm->board.opening = true;
    if (!comm->board.desks) {
        return;
    }
    struct mp_desk *own = &comm->board.desks[mp_process.rank];
    uint64_t lives = atomic_load_explicit(&own->lives, memory_order_relaxed);
    if (lives > 0) { // else it is fresh memory: all is 0
        for (int i = 0; i < MP_POSTS; i++) {
            atomic_store_explicit(&own->posts[i].turn, 0, memory_order_relaxed);
        }
        for (int i = 0; i < MP_ASYNC_POSTS; i++) {
            atomic_store_explicit(&own->async[i].turn, 0, memory_order_relaxed);
        }
        atomic_store_explicit(&own->async_done, 0, memory_order_relaxed);
        atomic_store_explicit(&own->progress, 0, memory_order_relaxed);
        atomic_store_explicit(&own->copies, 0, memory_order_relaxed);
    }
    atomic_store_explicit(&own->lives, lives + 1, memory_order_release);
}

void mp_board_ready(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    if (board->desks) {
        board->lives = malloc((size_t)comm->size * sizeof *board->lives);
        if (!board->lives) {
            mp_process_abort(MPI_ERR_NO_MEM, "out of memory for a communicator's board");
        }
        for (int i = 0; i < comm->size; i++) {
            board->lives[i] =
                atomic_load_explicit(&mp_board_desk(comm, i)->lives, memory_order_acquire);
        }
    }
    board->ready = true;
}

static void notify(const struct mp_comm *comm, int who)
{
    if (who >= 0) {
        mp_shm_notify(mp_shm_peers[mp_group_world(comm->group, who)].board);
        return;
    }
    for (int i = 0; i < comm->size && who == MP_EVERYBODY; i++) {
        if (i != comm->rank) {
            mp_shm_notify(mp_shm_peers[mp_group_world(comm->group, i)].board);
        }
    }
}

// ---- Waiting

// What is waited for: that for all ranks of a range one word of their desk is at least a value.
struct condition {
    struct mp_comm *comm;
    int from, to; // those before `from` were seen to be there
    uint64_t turn;
    uint64_t progress; // 0: the post of `turn` is waited for
    bool either;       // that progress, or the post of the turn after it
};

static inline bool posted(const struct condition *c, int rank, uint64_t turn)
{
    const struct mp_desk *desk = mp_board_desk(c->comm, rank);
    // Acquire: pairs with the release in mp_board_post.
    return atomic_load_explicit(&desk->posts[turn % MP_POSTS].turn, memory_order_acquire) >= turn;
}

static inline bool is_there(const struct condition *c, int rank)
{
    if (!c->progress) {
        return posted(c, rank, c->turn);
    }
    const struct mp_desk *desk = mp_board_desk(c->comm, rank);
    // Acquire: pairs with the release in mp_board_step.
    return atomic_load_explicit(&desk->progress, memory_order_acquire) >= c->progress ||
           (c->either && posted(c, rank, c->turn + 1));
}

static inline bool holds(struct condition *c)
{
    for (; c->from < c->to; c->from++) {
        if (!is_there(c, c->from)) {
            return false;
        }
    }
    return true;
}

// True if those that are missing are on other CPUs, so that nobody could do anything for this wait
// on this one: a yield would only go round the ranks here, all waiting, while the last post comes
// in.
static bool missing_are_elsewhere(const struct condition *c)
{
    const struct mp_comm *comm = c->comm;

    if (comm->size != mp_process.size) {
        return false; // other ranks here may have work to do
    }
    for (int i = 0; i < comm->size; i++) {
        const struct mp_board *board = mp_shm_peers[mp_group_world(comm->group, i)].board;
        if (i != comm->rank && mp_spread_is_here(board) && !is_there(c, i)) {
            return false;
        }
    }
    return true;
}

static bool comes_across(struct condition *c)
{
    for (int look = 0; look < LOOKS_ACROSS; look++) {
        mp_cpu_relax();
        if (holds(c)) {
            return true;
        }
    }
    return false;
}

// True if a rank whose step of the present turn is waited for has posted another operation, and so
// will never take that step. Then the turn is over for this rank, with an error: mp_collective_run
// returns it. (Of an earlier turn the steps do not matter: whoever was in another operation there
// comes to the next turn all the same.)
static bool parted(struct condition *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_post *own = mp_board_post_of(comm, comm->rank);

    if (c->progress >> 24 != comm->board.turn) {
        return false;
    }
    for (int i = c->from; i < c->to; i++) {
        const struct mp_post *post = mp_board_post_of(comm, i);
        unsigned kind = post->kind & MP_POST_KIND;
        if (!is_there(c, i) && mp_board_has_posted(comm, i) &&
            (kind != (own->kind & MP_POST_KIND) || post->root != own->root)) {
            comm->board.parted =
                mp_other_operation(own->kind & MP_POST_KIND, own->root, i, kind, post->root);
            return true;
        }
    }
    return false;
}

static void await(struct condition *c)
{
    struct mp_comm *comm = c->comm;

    bool crowd = mp_process.segment->ranks_per_core > 1;
    int looks = crowd ? 1 : LOOKS;
    for (int look = 0; look < looks; look++) {
        if (holds(c)) {
            return;
        }
    }
    struct mp_waiter waiter;
    int peer = c->to - c->from == 1 ? mp_group_world(comm->group, c->from) : MP_PEER_SEVERAL;
    mp_waiter_begin(&waiter, peer, 0, comm->context + 1, 0);
    while (!holds(c)) {
        if ((crowd && missing_are_elsewhere(c) && comes_across(c)) || (waiter.armed && parted(c))) {
            break;
        }
        mp_waiter_step(&waiter);
    }
    mp_waiter_end(&waiter);
}

void mp_board_await_slow(struct mp_comm *comm, int from, int to)
{
    struct condition c = {.comm = comm, .from = from, .to = to, .turn = comm->board.turn};
    await(&c);
}

void mp_board_await_step_slow(struct mp_comm *comm, int from, int to, uint64_t progress)
{
    struct condition c = {.comm = comm, .from = from, .to = to, .progress = progress};
    await(&c);
}

void mp_board_await_progress(struct mp_comm *comm, int who, uint64_t progress)
{
    struct condition c = {.comm = comm,
                          .from = who < 0 ? 0 : who,
                          .to = who < 0 ? comm->size : who + 1,
                          .turn = progress >> 24,
                          .progress = progress,
                          .either = true};
    int self = comm->rank;
    if (who >= 0) {
        await(&c);
        return;
    }
    // All others: this rank itself is as far as it is.
    c.to = self;
    await(&c);
    c.from = self + 1;
    c.to = comm->size;
    await(&c);
}

// ---- Turns

// Makes sure that all have done with the turn whose post is in the way of the present one; and with
// half of those after it. Whoever waits for just one place would wait for the next one in the next
// turn again, and fetch a line of everybody's each time.
static void make_room(struct mp_comm *comm)
{
    struct condition c = {.comm = comm, .to = comm->size, .turn = comm->board.turn - MP_POSTS / 2};
    await(&c);
    comm->board.seen = c.turn;
}

struct mp_post *mp_board_begin(struct mp_comm *comm, unsigned kind, int root, uint64_t bytes)
{
    uint64_t turn = ++comm->board.turn;
    if (unlikely(turn >= comm->board.seen + MP_POSTS)) {
        make_room(comm);
    }
    struct mp_post *post = &comm->board.desks[mp_process.rank].posts[turn % MP_POSTS];
    post->bytes = bytes;
    post->kind = kind;
    post->root = root;
    return post;
}

// The lines of the next post are still in the caches of those who read what was there a lap ago: a
// store to each takes them from there while we wait for the others anyway. It has to be a store: a
// prefetch for writing is content with a line that is here, shared or not.
static inline void claim_next(struct mp_comm *comm, size_t bytes)
{
    enum {
        LINE = 64,
        FIRST = LINE - offsetof(struct mp_post, data)
    }; // data in a post's first line
    struct mp_comm_board *board = &comm->board;
    uint64_t next = board->turn + 1;

    if (unlikely(next >= board->seen + MP_POSTS)) {
        return; // somebody may still read what is there
    }
    volatile char *data = board->desks[mp_process.rank].posts[next % MP_POSTS].data;
    data[0] = 0;
    if (bytes <= MP_POST_ROOM) {
        if (bytes > FIRST) {
            data[FIRST] = 0;
        }
        return;
    }
    if (bytes > MP_PAD_BYTES) {
        mp_slots_claim_ahead(comm, 0, bytes);
        return;
    }
    size_t pad = (size_t)mp_process.rank * MP_POSTS + next % MP_POSTS;
    data = board->pads + pad * MP_PAD_BYTES;
    for (size_t at = 0; at < bytes; at += LINE) {
        data[at] = 0;
    }
}

void mp_board_post_data(struct mp_comm *comm, size_t bytes)
{
    uint64_t turn = comm->board.turn;
    struct mp_post *post = &comm->board.desks[mp_process.rank].posts[turn % MP_POSTS];
    atomic_store_explicit(&post->turn, turn, memory_order_release);
    notify(comm, MP_EVERYBODY);
    claim_next(comm, bytes);
}

void mp_board_post(struct mp_comm *comm)
{
    mp_board_post_data(comm, 0);
}

void mp_board_step(struct mp_comm *comm, unsigned step, int who)
{
    struct mp_desk *own = &comm->board.desks[mp_process.rank];
    atomic_store_explicit(&own->progress, mp_board_progress(comm, step), memory_order_release);
    notify(comm, who);
}

bool mp_board_all_reach(struct mp_comm *comm)
{
    bool all = comm->board.all_reach;
    for (int i = 0; i < comm->size && !all; i++) {
        const struct mp_board *board = mp_shm_peers[mp_group_world(comm->group, i)].board;
        if (!atomic_load_explicit(&board->reaches, memory_order_relaxed)) {
            return false;
        }
    }
    comm->board.all_reach = true;
    return true;
}
