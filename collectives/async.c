// SPDX-License-Identifier: MIT
// Nonblocking collectives on a board: posts, requests and progress.
//
// Turns. Every nonblocking operation on a communicator with a board takes one, at all members, also
// if its data travel in messages: then the post says so. So the posts of one turn are of one
// operation, or the program is wrong, which a rank that needs them can tell. (Persistent ones may
// be started in any order, so they have none, and are schedules.) Posts and their places are those
// of the blocking operations, and the argument is in board.c. But an operation whose post has no
// room, or whose board is not ready, waits for that with the others in mp_progress. Only those can
// move without a packet that have posted and are not over, and the first that has not: what is not
// free for it is not free for those behind it. So mp_progress looks no further than that into the
// list of what is under way, however long it is. (Messages wake their schedules:
// collectives/schedule.h.) A rank that waits for posts or for room sleeps where it sleeps for
// messages, and is woken by whoever stores the word that it waits for.
//
// Short operations, of whose length all ranks know that it fits a post, need only posts. Where
// each rank may give another length (v and w forms), each decides for itself, and its post says
// whether its blocks are there or come in messages. Posts also tell ranks that disagree about an
// operation or its length: who needs another one's data looks at its post, even if they come in
// messages, which may never be.
#include "collectives/async.h"

#include "collectives/choose.h"
#include "collectives/collective_waits.h"
#include "collectives/shm.h"
#include "message/message.h"
#include "object/errhandler.h"
#include "wait/progress.h"

#include <stdlib.h>
#include <string.h>

enum { IDLE_MAX = 32 };
static struct mp_async *idle;
static int idle_count;

static struct mp_async *op_new(void)
{
    struct mp_async *op = idle;
    if (!op) {
        return malloc(sizeof *op);
    }
    idle = op->idle;
    idle_count--;
    return op;
}

static void op_free(struct mp_async *op)
{
    mp_async_release_arrays(op);
    if (op->c.op) {
        mp_op_release(op->c.op);
    }
    if (op->c.send.type) {
        mp_datatype_release(op->c.send.type);
    }
    if (op->c.recv.type) {
        mp_datatype_release(op->c.recv.type);
    }
    if (idle_count < IDLE_MAX) {
        op->idle = idle;
        idle = op;
        idle_count++;
    } else {
        free(op);
    }
}

bool mp_async_can(const struct mp_collective *c)
{
    return c->kind <= MP_REDUCE_SCATTER && c->comm->board.exists && mp_choose_is_free();
}

// ---- Posts

static const struct mp_post *post_of(const struct mp_async *op, int rank)
{
    return mp_board_post_in(op->c.comm, rank, op->turn);
}

static bool is_there(const struct mp_async *op, const struct mp_post *post)
{
    // Acquire: pairs with the release in mp_board_publish. No later turn can be there while this
    // rank has not done with this one.
    return atomic_load_explicit(&post->turn, memory_order_acquire) == op->turn;
}

static void publish(struct mp_async *op)
{
    struct mp_comm *comm = op->c.comm;
    struct mp_post *post = mp_board_post_in(comm, comm->rank, op->turn);

    post->bytes = op->bytes;
    post->kind = op->kind | (op->fits ? MP_POST_INLINE : 0);
    post->root = op->c.root;
    post->signature = (uint16_t)op->signature;
    post->trail = op->trail;
    if (op->fits) {
        mp_async_give(op, post, mp_board_data_in(comm, comm->rank, op->turn, op->length));
    }
    mp_board_publish(comm, op->turn, op->fits ? op->length : 0);
    op->posted = true;
    mp_progress_events++;
    if (op->fits || op->c.uneven) {
        mp_async_take_own(op);
    }
}

// Says with which posts this rank has not done yet.
static void say_under_way(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    struct mp_list *list = &board->async_ops;
    uint64_t turn = 0;

    for (struct mp_list *at = list->next; at != list && turn == 0; at = at->next) {
        const struct mp_async *op = mp_container_of(at, struct mp_request, other)->state;
        turn = op->seen ? 0 : op->turn;
    }
    if (turn != board->under_way) {
        mp_board_say_under_way(comm, turn);
    }
}

// ---- Progress

static void wrong(struct mp_async *op, int error, int rank, uint64_t expected, uint64_t bytes)
{
    op->error = error;
    op->wrong =
        (struct mp_wrong){.peer = rank, .expected = (MPI_Count)expected, .bytes = (MPI_Count)bytes};
}

// The rank sends something that this one has no room for and will not take: so that it need not
// wait until somebody does.
static void drop_message(const struct mp_async *op, int rank)
{
    struct mp_comm *comm = op->c.comm;
    struct mp_request *request;
    int error;
    // Had this rank expected a message, would it have been from that one?
    struct mp_schedule *schedule = mp_collective_schedule(&op->c, op->tag, &error);
    bool comes = schedule && mp_schedule_receives(schedule, rank);

    if (schedule) {
        mp_schedule_free(schedule);
    }
    if (!comes ||
        mp_irecv(NULL, 0, mp_byte_type(), rank, op->tag, comm, comm->context + 1, &request)) {
        return;
    }
    mp_request_forget(request);
}

// Those whose posts say that they have not sent what this rank's messages wait for.
static void cancel_receives(struct mp_async *op)
{
    for (int i = 0; i < op->next; i++) {
        const struct mp_post *post = post_of(op, i);
        if (i != op->c.comm->rank && post->kind & MP_POST_INLINE) {
            mp_schedule_cancel(op->schedule, i);
        }
    }
}

// A rank's post is of another operation, or of another root.
static __attribute__((cold)) void note_other(struct mp_async *op, int rank,
                                             const struct mp_post *post)
{
    unsigned kind = post->kind & MP_POST_SAME, differs = kind ^ op->kind;

    op->error = differs & MP_POST_KIND ? MPI_ERR_OTHER : differs ? MPI_ERR_OP : MPI_ERR_ROOT;
    mp_board_note_told(op->c.comm);
    op->wrong = (struct mp_wrong){.peer = rank,
                                  .own_kind = op->kind,
                                  .kind = kind,
                                  .own_root = op->c.root,
                                  .root = post->root};
}

// Whether it is: notes that.
static inline bool is_other(struct mp_async *op, int rank, const struct mp_post *post)
{
    if (likely((post->kind & MP_POST_SAME) == op->kind && post->root == op->c.root)) {
        return false;
    }
    note_other(op, rank, post);
    return true;
}

// Messages that have not come for long may never: what do the posts say that are not needed?
static bool parted(struct mp_async *op)
{
    for (int i = 0; i < op->c.comm->size && op->posted && !op->seen && mp_progress_late; i++) {
        const struct mp_post *post = post_of(op, i);
        if (is_there(op, post) && is_other(op, i, post)) {
            mp_schedule_part(op->schedule, op->error, &op->wrong);
            return true;
        }
    }
    return false;
}

// Deals with the post of a rank.
static void look_at(struct mp_async *op, int rank, const struct mp_post *post)
{
    bool there = post->kind & MP_POST_INLINE;

    if (unlikely(is_other(op, rank, post))) {
        // noted
    } else if (op->c.uneven) {
        if (likely(there)) {
            mp_async_take(op, rank, post);
        } else {
            mp_async_receive(op, rank);
        }
    } else if (rank < op->first || rank >= op->last || (!there && !op->fits)) {
        // the messages tell, if they differ in length
    } else if (unlikely(there != op->fits || post->bytes != op->bytes)) {
        wrong(op, post->bytes > op->bytes ? MPI_ERR_TRUNCATE : MPI_ERR_COUNT, rank, op->bytes,
              post->bytes);
        op->lonely = there && !op->fits;
        if (op->fits && !there) {
            drop_message(op, rank);
        }
    } else {
        mp_async_take(op, rank, post);
    }
}

// Deals with the posts that are there and needed.
static void look(struct mp_async *op)
{
    for (; op->next < op->end && (!op->error || op->lonely); op->next++) {
        const struct mp_post *post = post_of(op, op->next);
        if (op->next == op->c.comm->rank) {
            continue;
        }
        if (!is_there(op, post)) {
            return;
        }
        look_at(op, op->next, post);
    }
    if (op->fits && !op->error && mp_async_reduces(op)) {
        mp_async_combine(op);
    }
}

// Goes on as far as possible. True at the end.
static bool step(struct mp_async *op)
{
    if (unlikely(!op->posted) && op->c.comm->board.ready &&
        mp_board_has_room(op->c.comm, op->turn)) {
        publish(op);
    }
    if (op->posted && op->next < op->end && (!op->error || op->lonely)) {
        int next = op->next;
        look(op);
        mp_progress_events += op->next != next;
        op->seen = op->next == op->c.comm->size && !op->error;
        if (op->seen && op->schedule) {
            say_under_way(op->c.comm); // the messages may take long
        }
    }
    // Where all goes by messages, posts are looked at only to see a rank that disagrees.
    bool taken = op->next == op->end || !(op->fits || op->c.uneven);
    if (unlikely(op->schedule != NULL)) {
        bool at_end = mp_schedule_advance(op->schedule);
        if (!at_end && op->lonely) {
            cancel_receives(op);
            at_end = mp_schedule_advance(op->schedule);
        }
        if (!at_end && !parted(op)) {
            return op->error && !op->lonely;
        }
        if (op->schedule->error && !op->error) {
            op->error = op->schedule->error;
            op->wrong = op->schedule->wrong;
        }
        if (op->posted && (op->error || taken)) {
            mp_schedule_end(op->schedule);
            op->schedule = NULL;
        }
    }
    return op->posted && (op->error || taken);
}

// ---- As a request

static void complete(struct mp_request *request, struct mp_async *op)
{
    struct mp_comm_board *board = &op->c.comm->board;

    op->c.comm->coll_under_way--;
    mp_list_remove(&request->other);
    if (mp_list_empty(&board->async_ops)) {
        mp_progress_remove(&board->async);
    }
    say_under_way(op->c.comm);
    if (unlikely(op->schedule != NULL)) {
        mp_schedule_abandon(op->schedule);
        op->schedule = NULL;
    }
    if (likely(!op->error)) {
        op_free(op);
        request->ops = NULL;
        request->state = NULL;
        request->plain = !request->detached && !mp_process.check; // whose end is to be seen
        mp_request_complete(request, 0);
    } else {
        mp_schedule_note_failed(request, false);
        mp_request_complete(request, op->error);
    }
}

// Its messages have moved.
static void request_progress(struct mp_request *request)
{
    struct mp_async *op = request->state;
    if (step(op)) {
        complete(request, op);
    }
}

static int poll_board(struct mp_poller *poller)
{
    struct mp_comm_board *board = mp_container_of(poller, struct mp_comm_board, async);
    struct mp_comm *comm = mp_container_of(board, struct mp_comm, board);
    struct mp_list *at = board->async_ops.next;
    bool posted = true;
    int done = 0;

    mp_comm_hold(comm); // the last operation may be all that holds it
    while (at != &board->async_ops && posted) {
        struct mp_request *request = mp_container_of(at, struct mp_request, other);
        struct mp_async *op = request->state;
        at = at->next;
        if (step(op)) {
            complete(request, op);
            done++;
        } else {
            posted = op->posted;
        }
    }
    mp_comm_release(comm);
    return done;
}

void mp_async_init(struct mp_comm_board *board)
{
    mp_list_init(&board->async_ops);
    mp_list_init(&board->async.link);
    board->async.poll = poll_board;
}

static void request_explain(const struct mp_request *request)
{
    const struct mp_async *op = request->state;
    mp_wrong_explain(&op->wrong, op->error);
}

// The posts that are missing, or the message that holds it up; where both may be, or there is no
// room for its own post, whatever the members do. Who has begun it and has no room for its post yet
// posts without another call.
static void request_awaits(const struct mp_request *request, struct mp_wait_record *record)
{
    const struct mp_async *op = request->state;
    const struct mp_comm *comm = op->c.comm;
    struct mp_wait_item *item = mp_describe_collective(record, comm, op->c.kind, true, op->c.root);

    if (!item) {
        return;
    }
    const struct mp_request *held = op->schedule ? op->schedule->held : NULL;
    if (!op->posted || (op->schedule && (!held || held->world < 0 || op->c.uneven))) {
        mp_describe_members(item, comm);
        return;
    }
    if (held) {
        mp_describe_held(item, held);
        return;
    }
    item->inside = 1;
    for (int i = op->next; i < op->end; i++) {
        if (i != comm->rank && !is_there(op, post_of(op, i))) {
            int world = mp_group_world(comm->group, i);
            mp_item_add_ranks(item, world, world);
        }
    }
    if (item->nruns == 0) {
        item->met = MP_MET_OUTSIDE; // the last one has just come
    }
}

static void request_release(struct mp_request *request)
{
    mp_schedule_note_failed(request, true);
    op_free(request->state);
}

static const struct mp_request_ops async_ops = {
    .explain = request_explain, .awaits = request_awaits, .release = request_release};

static int begin(struct mp_async *op, const struct mp_collective *c)
{
    struct mp_comm_board *board = &c->comm->board;
    int error = board->ready || board->opening ? 0 : mp_collective_open(c->comm);

    op->c = *c;
    op->kind = mp_shm_kind(c) | MP_POST_NONBLOCKING;
    op->arrays = NULL;
    op->types = NULL;
    op->schedule = NULL;
    op->tag = mp_schedule_tag(c->comm, c->kind);
    op->posted = false;
    op->seen = false;
    op->error = 0;
    op->lonely = false;
    op->wrong.peer = MP_WRONG_NONE;
    if (c->op) {
        mp_op_hold(c->op);
    }
    if (c->send.type) {
        mp_datatype_hold(c->send.type);
    }
    if (c->recv.type) {
        mp_datatype_hold(c->recv.type);
    }
    error = error ? error : mp_async_keep_arrays(op);
    if (error) {
        return error;
    }
    mp_async_plan(op);
    if (!op->fits && !c->uneven) {
        op->schedule = mp_collective_schedule(c, op->tag, &error);
    } else if (!op->fits) {
        op->schedule = mp_schedule_new(c->comm, op->tag, NULL);
        error = op->schedule ? 0 : MPI_ERR_NO_MEM;
        if (!error) {
            mp_schedule_stamp(op->schedule, c, true);
            mp_async_send(op);
        }
    }
    if (!error && op->schedule && op->schedule->error) {
        mp_schedule_free(op->schedule);
        error = mp_fail(MPI_ERR_NO_MEM, "no memory for a collective operation");
    }
    return error;
}

// Whether ranks may be over with it before others have begun.
static bool leaves(const struct mp_async *op)
{
    static const bool all_wait[MP_COLLECTIVES] = {[MP_BARRIER] = true,
                                                  [MP_ALLREDUCE] = true,
                                                  [MP_ALLGATHER] = true,
                                                  [MP_ALLTOALL] = true,
                                                  [MP_REDUCE_SCATTER] = true};
    return !all_wait[op->c.kind];
}

int mp_async_start(const struct mp_collective *c, struct mp_request **out)
{
    struct mp_comm *comm = c->comm;
    struct mp_async *op = op_new();
    struct mp_request *request =
        mp_request_prepare(MP_REQUEST_SCHEDULE, NULL, 0, mp_byte_type(), -1, 0, comm,
                           comm->context + 1, MP_SEND_STANDARD, false);
    if (unlikely(!op || !request)) {
        free(op);
        if (request) {
            mp_request_recycle(request);
        }
        return mp_fail(MPI_ERR_NO_MEM, "no memory for a collective operation");
    }
    int error = begin(op, c);
    if (unlikely(error)) {
        op_free(op);
        mp_request_recycle(request);
        return error;
    }
    op->turn = mp_board_take_turn(comm);
    if (leaves(op)) {
        mp_board_follow(comm, op->kind, c->root);
    }
    op->trail = mp_board_trail(comm);
    comm->coll_under_way++;
    request->entry.tag = op->tag;
    request->world = MP_PEER_SEVERAL;
    request->plain = false;
    request->ops = &async_ops;
    request->state = op;
    *out = request;
    if (op->schedule) {
        op->schedule->owner = request;
        op->schedule->progress = request_progress;
    }
    if (step(op)) {
        complete(request, op);
    } else {
        mp_list_insert(&comm->board.async_ops, &request->other);
        mp_progress_add(&comm->board.async);
    }
    return 0;
}
