// SPDX-License-Identifier: MIT
// A communicator's board in shared memory: per rank a desk, on which it posts what it gives to a
// collective operation, and a slot of a few chunks for what does not fit there. The blocking
// operations of shm_*.c consist of these calls: begin a turn, post, wait for the others' posts,
// and, where more than one step is needed, publish and await progress within the turn.
//
// All members must begin the same turns in the same order, which collectives do, nonblocking ones
// among them (async.h).
// The arguments why all this is right stand in board.c. Read next: slots.h, shm_reduce.c.
#ifndef MP_COLLECTIVES_BOARD_H
#define MP_COLLECTIVES_BOARD_H

#include "object/comm.h"
#include "process/peers.h"
#include "process/process.h"

#include <stdbool.h>
#include <stddef.h>

// Gives MPI_COMM_WORLD its board: at MPI_Init.
void mp_board_world(void);

// Gives a new intracommunicator its board, when it is made, at all its ranks. No communication; the
// communicator simply has none when the channel is not shared memory.
void mp_board_new(struct mp_comm *comm);

// Gives one to the near members of a communicator that has far ones, too (levels.c). What follows
// is asked of that communicator then.
void mp_board_near(struct mp_comm *whole, struct mp_comm *near);

// To be called by each rank before its part in the barrier that is told of next.
void mp_board_come(struct mp_comm *comm);

// To be called by all ranks when a barrier by messages on this communicator is over: no turn may be
// begun before `board.ready` is set.
void mp_board_ready(struct mp_comm *comm);

// Flags of a post, above its kind.
enum {
    MP_POST_KIND = 0x1ff,
    MP_POST_NONBLOCKING = 1 << 8, // a part of the kind: the two forms do not match (MPI 5.0, 6.12)
    MP_POST_INLINE = 1 << 9,      // the data is in the post, or on its pad
    MP_POST_OPERAND =
        1 << 10, // the memory at address[0] is to be read (or may be: see the operation)
    MP_POST_RESULT =
        1 << 11,             // that at address[1] may be written by those who reach the shared heap
    MP_POST_PLACE = 1 << 12, // and by those who may copy through the kernel
    MP_POST_REACHES = 1 << 13, // this rank has mapped the shared heap
    MP_POST_COPIES = 1 << 14,  // this rank may use all members' memory through the kernel
    MP_POST_SHARES = 1 << 15,  // the root moves a part of the blocks that are taken from memory
    MP_POST_ENDS = 1 << 16,    // blocks of different lengths are in the post: see shm_parts.h
    MP_POST_OP_SHIFT = 17,     // enum mp_op_code, of a reduction
    MP_POST_OP = 0xf << MP_POST_OP_SHIFT,
    MP_POST_SAME = MP_POST_KIND | MP_POST_OP // what must be the same at all ranks
};

enum { MP_EVERYBODY = -1, MP_NOBODY = -2 };

// The last step of a turn: all that others could wait for has been done.
enum { MP_STEP_DONE = (1 << 24) - 1 };

// Waits until there is room for the post of the present turn.
void mp_board_make_room(struct mp_comm *comm);

// Begins a turn and returns this rank's post for it. Inline as mp_board_publish: what comes before
// the post is a good part of a short operation.
static inline struct mp_post *mp_board_begin_turn(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    uint64_t turn = board->last + 1;

    board->last = turn;
    board->turn = turn;
    if (unlikely(turn >= board->seen + MP_POSTS)) {
        mp_board_make_room(comm);
    }
    return &board->own->posts[turn % MP_POSTS];
}

// What a post says of its operation. `what` is that of mp_board_what, the signature may be still to
// come.
static inline void mp_board_say(const struct mp_comm *comm, struct mp_post *post, uint64_t what,
                                int root, uint64_t bytes)
{
    post->bytes = bytes;
    post->what = what;
    post->root = root + comm->board.label;
}

static inline struct mp_post *mp_board_begin_what(struct mp_comm *comm, uint64_t what, int root,
                                                  uint64_t bytes)
{
    struct mp_post *post = mp_board_begin_turn(comm);
    mp_board_say(comm, post, what, root, bytes);
    return post;
}

static inline uint64_t mp_board_what(const struct mp_comm *comm, unsigned kind, uint32_t signature)
{
    return mp_post_what(kind, signature) + comm->board.trail;
}

static inline struct mp_post *mp_board_begin(struct mp_comm *comm, unsigned kind, int root,
                                             uint64_t bytes)
{
    return mp_board_begin_what(comm, mp_board_what(comm, kind, 0), root, bytes);
}

// Where ranks leave an operation without a look at the others' posts, such as the root of a
// broadcast, none might see that they disagree. So what they were is added up and goes with all
// later posts: the trail. It is compared in a barrier, and whenever a rank makes room. This adds an
// operation of which that is true; to be called before mp_board_begin, or when its turn is taken.
static inline void mp_board_follow(struct mp_comm *comm, unsigned kind, int root)
{
    // Kinds are far apart, so that other roots do not make up for them.
    uint32_t all = (kind & MP_POST_KIND) * UINT32_C(0x9e3b) + (uint32_t)root;
    comm->board.trail += (uint64_t)all << MP_POST_TRAIL_SHIFT;
}

static inline uint16_t mp_board_trail(const struct mp_comm *comm)
{
    return (uint16_t)(comm->board.trail >> MP_POST_TRAIL_SHIFT);
}

// A rank whose trail in the present turn may differ from this rank's: an error class, with mp_fail;
// or 0. Of several disagreements the first is told.
int mp_board_compare_trail(struct mp_comm *comm, int rank);

// What follows on the store of a post's turn: wakes everybody, since who is ahead may wait for room
// for a post of its own, and makes the way short for the next post.
void mp_board_published(struct mp_comm *comm, uint64_t turn, size_t bytes);

// Publishes the post of a turn, with so many bytes inline: the next one may well be of that length.
static inline void mp_board_publish(struct mp_comm *comm, uint64_t turn, size_t bytes)
{
    atomic_store_explicit(&comm->board.own->posts[turn % MP_POSTS].turn, turn,
                          memory_order_release);
    mp_board_published(comm, turn, bytes);
}

static inline void mp_board_post_data(struct mp_comm *comm, size_t bytes)
{
    mp_board_publish(comm, comm->board.turn, bytes);
}

static inline void mp_board_post(struct mp_comm *comm)
{
    mp_board_post_data(comm, 0);
}

// A nonblocking operation: takes a turn, but does not wait for room for its post. Says from which
// turn on posts are in use by those under way; 0: none.
uint64_t mp_board_take_turn(struct mp_comm *comm);
bool mp_board_has_room(struct mp_comm *comm, uint64_t turn);
void mp_board_say_under_way(struct mp_comm *comm, uint64_t turn);

// True once all members are known to have mapped the shared heap. Not known to all at the same
// time: only for what one rank decides alone.
bool mp_board_all_reach(struct mp_comm *comm);

// Waits for posts of the present turn.
void mp_board_await_slow(struct mp_comm *comm, int from, int to);

// Publishes progress within the turn, for `who` to see: a rank, MP_EVERYBODY or MP_NOBODY.
void mp_board_step(struct mp_comm *comm, unsigned step, int who);
void mp_board_await_step_slow(struct mp_comm *comm, int from, int to, uint64_t progress);

// Waits until `who` (or all) have reached that progress, or a later turn without any.
void mp_board_await_progress(struct mp_comm *comm, int who, uint64_t progress);

// The rank of a member as the program knows it.
static inline int mp_board_member(const struct mp_comm *comm, int rank)
{
    const struct mp_comm *whole = comm->board.whole;
    return whole ? mp_group_find(whole->group, mp_group_world(comm->group, rank)) : rank;
}

static inline struct mp_desk *mp_board_desk(const struct mp_comm *comm, int rank)
{
    return comm->board.members[rank].desk;
}

// This rank was told that it disagrees with another one: trails say nothing new from here on.
static inline void mp_board_note_told(const struct mp_comm *comm)
{
    atomic_store_explicit(&comm->board.own->told, 1, memory_order_relaxed);
}

static inline struct mp_post *mp_board_post_in(const struct mp_comm *comm, int rank, uint64_t turn)
{
    return &mp_board_desk(comm, rank)->posts[turn % MP_POSTS];
}

static inline const struct mp_post *mp_board_post_of(const struct mp_comm *comm, int rank)
{
    return mp_board_post_in(comm, rank, comm->board.turn);
}

// Where the data is, so many bytes up to MP_PAD_BYTES, that a rank posts inline in a turn.
static inline char *mp_board_data_in(const struct mp_comm *comm, int rank, uint64_t turn,
                                     size_t bytes)
{
    uint64_t place = turn % MP_POSTS;

    if (bytes <= MP_POST_ROOM) {
        return mp_board_desk(comm, rank)->posts[place].data;
    }
    uint64_t world = (uint64_t)mp_group_world(comm->group, rank);
    return comm->board.pads + (world * MP_POSTS + place) * MP_PAD_BYTES;
}

static inline char *mp_board_data(const struct mp_comm *comm, int rank, size_t bytes)
{
    return mp_board_data_in(comm, rank, comm->board.turn, bytes);
}

static inline bool mp_board_has_posted(const struct mp_comm *comm, int rank)
{
    // Acquire: pairs with the release in mp_board_publish.
    return atomic_load_explicit(&mp_board_post_of(comm, rank)->turn, memory_order_acquire) >=
           comm->board.turn;
}

// Waits for the post of one rank and returns it.
static inline const struct mp_post *mp_board_await(struct mp_comm *comm, int rank)
{
    if (!mp_board_has_posted(comm, rank)) {
        mp_board_await_slow(comm, rank, rank + 1);
    }
    return mp_board_post_of(comm, rank);
}

// All posts of the present turn were seen, so all members have done with what came before it, but
// for nonblocking operations.
static inline void mp_board_saw_all(struct mp_comm *comm)
{
    struct mp_comm_board *board = &comm->board;
    board->seen = likely(board->turn < board->open) ? board->turn : board->open;
}

// Waits for the posts of all. Of two, the other one's is most likely a moment away: a core that
// looked ahead of its turn, as they do, would fetch the line just before the other one writes to
// it, and then once more.
static inline void mp_board_await_all(struct mp_comm *comm)
{
    if (comm->size == 2) {
        mp_cpu_settle();
        mp_board_await(comm, 1 - comm->rank);
    } else {
        mp_board_await_slow(comm, 0, comm->size);
    }
    mp_board_saw_all(comm);
}

static inline uint64_t mp_board_progress(const struct mp_comm *comm, unsigned step)
{
    return comm->board.turn << 24 | step;
}

// Waits until a rank, or all, have published this step or a later one. Only for ranks whose post
// says that they will.
static inline void mp_board_await_step(struct mp_comm *comm, int rank, unsigned step)
{
    mp_board_await_step_slow(comm, rank, rank + 1, mp_board_progress(comm, step));
}

static inline void mp_board_await_step_all(struct mp_comm *comm, unsigned step)
{
    mp_board_await_step_slow(comm, 0, comm->size, mp_board_progress(comm, step));
}

#endif
