// SPDX-License-Identifier: MIT
// Boards: where they lie, and the waiting for one another on them.
//
// Where desks and slots are: in the board whose number is the context pair, those of each rank at
// its place in the segment. So nothing has to be allocated or told to anybody; and a rank uses as
// much memory as the most communicators that it had collectives on at a time. `enter` looks the
// members' desks and doorbells up once. Slots and pads are found by world rank, which is the place
// plus what all ranks of a node have in common: `enter` takes that off.
//
// Posts. Only its rank writes a desk. A post is filled in, and then `turn` is stored with release;
// whoever reads `turn` with acquire and finds it at the turn that it is in itself, may read the
// rest. The post of turn t stands where the post of turn t - MP_POSTS stood, which everybody must
// have done with. A rank is done with the turn of a blocking operation when it posts in the next
// one. It is done with the turn of a nonblocking one when it says so: `under_way` on its desk is
// the first turn that it is not done with, or 0. It is stored, with release, before the post of
// that turn and of all after it; so whoever sees the post of turn s, with acquire, and then reads
// `under_way`, learns of all before s that are still under way. The pad of a post is written before
// it and free again with it. So before turn t is posted, all members must be seen to have posted in
// turn t - MP_POSTS + 1 and to have no turn before it under way. `seen` remembers up to which turn
// that is known; in operations in which everybody waits for everybody it is known anyway, as far as
// no nonblocking one is `open`, and in the others (a broadcast's root does not wait) it is looked
// up once in a few turns.
//
// Blocking and nonblocking operations have turns in one order, since they are begun in one order at
// all members (MPI 5.0, 6.12), so whoever meets the other form in a post has found an error. A
// nonblocking one waits for room with the others in mp_progress (async.c). No deadlock: a blocking
// operation that waits for room waits for operations before it, at least MP_POSTS / 2 turns back,
// to be begun at all members, which they are in a program that is right even if every collective
// synchronizes (MPI 5.0, 6.14), and to be done with. Of all posts that are not out the first has
// room once all have done with those before it, whose posts are all out; that takes progress, which
// the wait makes here, and the others whenever they wait. An operation whose data travel in
// messages, and which looks at all posts of its turn, keeps its place only until it has seen them,
// not until the messages have come; so long ones do not hold up the blocking ones after them. Where
// few posts are looked at (a long MPI_Iscatterv, and MPI_Igatherv other than at the root) the place
// is kept to the end, and a rank that is far ahead waits for those messages too.
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

#include "boot/windows.h"
#include "collectives/async.h"
#include "collectives/collective_waits.h"
#include "collectives/collectives.h"
#include "collectives/disagree.h"
#include "collectives/levels.h"
#include "collectives/slots.h"
#include "heap/heap.h"
#include "wait/progress.h"
#include "wait/spread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Looks at the desks before the waiting begins, when no other rank shares the core. (Somebody else
// may: then the ranks that are waited for are most likely running all the same.)
enum { LOOKS = 256 };

// Looks, some 20 ns apart, when this CPU's ranks have all done their part: as long as some switches
// from rank to rank take, since those on another CPU may still have that many to go.
enum { LOOKS_ACROSS = 256 };

static bool all_are_near(const struct mp_comm *comm)
{
    for (int i = 0; i < comm->size && mp_process_has_far(); i++) {
        if (!mp_peer_is_near(mp_group_world(comm->group, i))) {
            return false;
        }
    }
    return true;
}

// Boards that are smaller are mapped several at a time: the system gives a process only so many
// mappings (vm.max_map_count).
enum { WINDOW = 32 << 20 };

static void find(struct mp_comm *comm)
{
    struct mp_segment_header *segment = mp_process.segment;
    uint64_t pair = comm->context / 2;
    struct mp_comm_board *board = &comm->board;

    *board = (struct mp_comm_board){.open = UINT64_MAX};
    mp_async_init(board);
    atomic_store_explicit(&mp_process.board->reaches, mp_heap.peers != NULL, memory_order_relaxed);
    board->exists = !comm->remote && comm->size > 1 && pair < segment->boards;
    if (board->exists && (comm->group->guests || !all_are_near(comm))) {
        board->exists = false;
        if (!comm->group->guests) {
            mp_levels_find(comm);
        }
    }
}

void mp_board_near(struct mp_comm *whole, struct mp_comm *near)
{
    near->board = (struct mp_comm_board){.open = UINT64_MAX, .exists = true, .whole = whole};
    mp_async_init(&near->board);
}

// The board of a context pair. It stays mapped: the next communicator may well have that pair.
static char *map(uint64_t pair)
{
    static char *windows[MP_BOARDS_MAX];
    const struct mp_segment_header *segment = mp_process.segment;
    uint64_t each = segment->comm_board_bytes;
    uint64_t together = each < WINDOW ? WINDOW / each : 1;
    uint64_t first = pair / together * together;
    uint64_t count = segment->boards - first < together ? segment->boards - first : together;
    char **window = &windows[pair / together];

    if (!*window) {
        *window = mp_window_map(segment->comm_boards_offset + first * each, count * each);
    }
    if (!*window) {
        char message[200];
        snprintf(message, sizeof message, "cannot map %llu bytes for a communicator's board: %s",
                 (unsigned long long)(count * each), mp_window_error());
        mp_process_abort(MPI_ERR_NO_MEM, message);
    }
    return *window + (pair - first) * each;
}

static void enter(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    uint32_t ranks = mp_process.segment->nranks;
    char *at = map(comm->context / 2);
    struct mp_desk *desks = (struct mp_desk *)(void *)at;

    board->members = malloc((size_t)comm->size * sizeof *board->members);
    if (!board->members) {
        mp_process_abort(MPI_ERR_NO_MEM, "out of memory for a communicator's board");
    }
    // Counted from where world rank 0 would be.
    int64_t first = mp_process.first;
    board->slots = at + mp_comm_board_slots(ranks) - first * MP_SLOT_BYTES;
    board->pads = at + mp_comm_board_pads(ranks) - first * MP_POSTS * MP_PAD_BYTES;
    for (int i = 0; i < comm->size; i++) {
        int world = mp_group_world(comm->group, i);
        board->members[i] =
            (struct mp_member){.desk = &desks[world - first], .board = mp_shm_peers[world].board};
    }
    board->own = board->members[comm->rank].desk;
}

void mp_board_world(void)
{
    find(&mp_comm_world);
    struct mp_comm *near = mp_comm_near(&mp_comm_world);
    if (near->board.exists) {
        enter(near);
    }
    mp_comm_world.board.ready = true; // fresh memory: all is 0
}

void mp_board_new(struct mp_comm *comm)
{
    find(comm);
}

void mp_board_come(struct mp_comm *comm)
{
    comm->board.opening = true;
    comm = mp_comm_near(comm);
    if (!comm->board.exists || comm->board.own) {
        return; // or it came before, in vain
    }
    enter(comm);
    struct mp_desk *own = comm->board.own;
    uint64_t lives = atomic_load_explicit(&own->lives, memory_order_relaxed);
    if (lives > 0) { // else it is fresh memory: all is 0
        for (int i = 0; i < MP_POSTS; i++) {
            atomic_store_explicit(&own->posts[i].turn, 0, memory_order_relaxed);
        }
        atomic_store_explicit(&own->under_way, 0, memory_order_relaxed);
        atomic_store_explicit(&own->progress, 0, memory_order_relaxed);
        atomic_store_explicit(&own->copies, 0, memory_order_relaxed);
        atomic_store_explicit(&own->told, 0, memory_order_relaxed);
    }
    atomic_store_explicit(&own->lives, lives + 1, memory_order_release);
}

void mp_board_ready(struct mp_comm *comm)
{
    struct mp_comm *near = mp_comm_near(comm);
    struct mp_comm_board *board = &near->board;
    for (int i = 0; i < near->size && board->own; i++) {
        struct mp_member *member = &board->members[i];
        member->life = atomic_load_explicit(&member->desk->lives, memory_order_acquire);
    }
    comm->board.ready = true;
}

static void notify_all(const struct mp_comm *comm)
{
    for (int i = 0; i < comm->size; i++) {
        if (i != comm->rank) {
            mp_shm_notify(comm->board.members[i].board);
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
    bool done;         // that post, and that no nonblocking operation before it is under way
};

static inline bool posted(const struct condition *c, int rank, uint64_t turn)
{
    const struct mp_desk *desk = mp_board_desk(c->comm, rank);
    // Acquire: pairs with the release in mp_board_publish.
    return atomic_load_explicit(&desk->posts[turn % MP_POSTS].turn, memory_order_acquire) >= turn;
}

static inline bool is_there(const struct condition *c, int rank)
{
    const struct mp_desk *desk = mp_board_desk(c->comm, rank);
    if (!c->progress) {
        // Looked at once: a post that comes between two looks would hide what is under way.
        bool there = posted(c, rank, c->turn);
        if (!there || !c->done) {
            return there;
        }
        // Acquire: pairs with the release in mp_board_say_under_way.
        uint64_t first = atomic_load_explicit(&desk->under_way, memory_order_acquire);
        return first == 0 || first >= c->turn;
    }
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
        const struct mp_board *board = comm->board.members[i].board;
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
// comes to the next turn all the same.) Where there are far members, the rank may also be in an
// operation that goes by messages, and never post at all.
static bool parted(struct condition *c)
{
    struct mp_comm *comm = c->comm;
    const struct mp_post *own = mp_board_post_of(comm, comm->rank);

    if (comm->board.whole && mp_find_other_whole(comm)) {
        return true;
    }
    if (c->progress >> 24 != comm->board.turn) {
        return false;
    }
    for (int i = c->from; i < c->to; i++) {
        const struct mp_post *post = mp_board_post_of(comm, i);
        if (!is_there(c, i) && mp_board_has_posted(comm, i) &&
            ((post->kind ^ own->kind) & MP_POST_KIND || post->root != own->root)) {
            comm->board.parted = mp_other_post(comm, i);
            return true;
        }
    }
    return false;
}

static void describe(const void *waits, struct mp_wait_record *record)
{
    const struct condition *c = waits;
    struct mp_wait_item *item = mp_describe_collective(record, c->comm, MP_COLLECTIVES, false, -1);
    item->inside = 1;
    for (int i = c->from; i < c->to; i++) {
        if (!is_there(c, i)) {
            int world = mp_group_world(c->comm->group, i);
            mp_item_add_ranks(item, world, world);
        }
    }
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
    mp_waiter_describe(&waiter, describe, c);
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

// That all have done with the turn whose post is in the way of `turn`, and with half of those after
// it. Whoever waited for just one place would wait for the next one in the next turn
// again, and fetch a line of everybody's each time.
static struct condition room_for(struct mp_comm *comm, uint64_t turn)
{
    return (struct condition){
        .comm = comm, .to = comm->size, .turn = turn - MP_POSTS / 2, .done = true};
}

// Compares trails with those who have posted in that turn, the last one in which this rank has:
// what stands there stays until it posts again. That fetches a line of everybody's, so not each
// time that there is room. (Who has not compares with this rank, if it is not ahead when its turn
// comes to look.) The posts of a turn before it may be written over meanwhile, by a root that has
// seen all posts of a reduction.
// Posts of the operations since the last time are still there, and say which of them it was.
enum { ROOMS = 2 };

static void compare_trails(struct mp_comm *comm, uint64_t turn)
{
    const struct mp_post *own = mp_board_post_in(comm, comm->rank, turn);

    if (own->turn != turn) {
        return; // a nonblocking one that had no room yet
    }
    for (int i = 0; i < comm->size; i++) {
        const struct mp_post *post = mp_board_post_in(comm, i, turn);
        // Acquire: pairs with the release in mp_board_publish.
        if (atomic_load_explicit(&post->turn, memory_order_acquire) == turn &&
            unlikely(post->trail != own->trail)) {
            comm->board.astray = i + 1;
            comm->board.fast_path = false;
        }
    }
}

static void note_room(const struct condition *c)
{
    struct mp_comm_board *board = &c->comm->board;
    bool looks = board->last / (MP_POSTS / 2) % ROOMS == 0;
    if (looks && c->turn + MP_POSTS / 2 == board->last) {
        compare_trails(c->comm, board->last - 1);
    }
    board->seen = c->turn;
    if (board->open < c->turn) {
        board->open = board->async_last < c->turn ? UINT64_MAX : c->turn;
    }
}

// Nonblocking operations that had no room for their posts have it then, too.
void mp_board_make_room(struct mp_comm *comm)
{
    struct condition c = room_for(comm, comm->board.turn);
    await(&c);
    note_room(&c);
    if (unlikely(!mp_list_empty(&comm->board.async_ops))) {
        mp_progress();
    }
}

uint64_t mp_board_take_turn(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    uint64_t turn = board->async_last = ++board->last;
    if (board->open == UINT64_MAX) {
        board->open = turn;
    }
    if (board->under_way == 0) {
        mp_board_say_under_way(comm, turn);
    }
    return turn;
}

bool mp_board_has_room(struct mp_comm *comm, uint64_t turn)
{
    if (unlikely(turn >= comm->board.seen + MP_POSTS)) {
        struct condition c = room_for(comm, turn);
        if (!holds(&c)) {
            return false;
        }
        note_room(&c);
    }
    return true;
}

void mp_board_say_under_way(struct mp_comm *comm, uint64_t turn)
{
    struct mp_comm_board *board = &comm->board;
    // Only less of it may be waited for.
    bool less = board->under_way != 0;
    board->under_way = turn;
    atomic_store_explicit(&board->own->under_way, turn, memory_order_release);
    if (less) {
        notify_all(comm);
    }
}

// The lines of the next post are still in the caches of those who read what was there a lap ago: a
// store to each takes them from there while we wait for the others anyway. It has to be a store: a
// prefetch for writing is content with a line that is here, shared or not.
static inline void claim_next(struct mp_comm *comm, uint64_t turn, size_t bytes)
{
    enum {
        LINE = 64,
        FIRST = LINE - offsetof(struct mp_post, data)
    }; // data in a post's first line
    struct mp_comm_board *board = &comm->board;
    uint64_t next = turn + 1;

    if (unlikely(next >= board->seen + MP_POSTS || turn != board->last)) {
        return; // somebody may still read what is there, or it is written already
    }
    volatile char *data = board->own->posts[next % MP_POSTS].data;
    if (bytes <= MP_POST_ROOM && bytes > FIRST) {
        data[FIRST] = 0; // before the other one, as posts are written
    }
    data[0] = 0;
    if (bytes <= MP_POST_ROOM) {
        return;
    }
    if (bytes > MP_PAD_BYTES) {
        mp_slots_claim_ahead(comm, 0, bytes);
        return;
    }
    data = mp_board_data_in(comm, comm->rank, next, bytes);
    for (size_t at = 0; at < bytes; at += LINE) {
        data[at] = 0;
    }
}

void mp_board_published(struct mp_comm *comm, uint64_t turn, size_t bytes)
{
    notify_all(comm);
    claim_next(comm, turn, bytes);
}

void mp_board_step(struct mp_comm *comm, unsigned step, int who)
{
    atomic_store_explicit(&comm->board.own->progress, mp_board_progress(comm, step),
                          memory_order_release);
    if (who >= 0) {
        mp_shm_notify(comm->board.members[who].board);
    } else if (who == MP_EVERYBODY) {
        notify_all(comm);
    }
}

bool mp_board_all_reach(struct mp_comm *comm)
{
    bool all = comm->board.all_reach;
    for (int i = 0; i < comm->size && !all; i++) {
        const struct mp_board *board = comm->board.members[i].board;
        if (!atomic_load_explicit(&board->reaches, memory_order_relaxed)) {
            return false;
        }
    }
    comm->board.all_reach = true;
    return true;
}
